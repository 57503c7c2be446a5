/*
 * Retry records and dead letters are few, go to many partitions and are in no hurry. Each partition that is written to
 * costs the broker a request, and each request an answer to whoever reads there, so that a few records with every batch
 * would cost more than all outputs. While other batches are on their way they wait for company.
 */
#include "config.h"

#include "run/lane_private.h"

#define GATHER_NS (100 * WR_NS_PER_MS)

void wr_lane_gather(struct wr_lane *lane, struct wr_write *write)
{
	struct wr_lane_gather *gather = &lane->gather;

	write->since_ms = lane->writing_ms;
	write->next = NULL;
	if (gather->first == NULL) {
		gather->first = write;
		gather->due_ns = wr_lane_now(lane) + GATHER_NS;
	} else {
		gather->last->next = write;
	}
	gather->last = write;
	write->batch->gathered++;
}

/* Nothing more is taken before the oldest batch retires, and all else that it wrote is acknowledged. Where others fill
 * the window that are on their way yet, these make room when they have come. */
static bool holds_up_window(const struct wr_lane *lane)
{
	const struct wr_batch *oldest = wr_lane_batch(lane, 0);

	return oldest->state == WR_BATCH_WRITTEN && oldest->pending == oldest->gathered &&
	       wr_lane_is_window_full(lane);
}

/* Others are about to be written, or taken, maybe as soon as there is room. */
static bool is_company_coming(const struct wr_lane *lane)
{
	return wr_lane_batch(lane, lane->in_flight - 1)->state != WR_BATCH_WRITTEN ||
	       (lane->open != NULL && lane->open->count > 0) || !wr_lane_has_window_room(lane);
}

static bool is_wanted(const struct wr_lane *lane)
{
	return wr_lane_now(lane) >= lane->gather.due_ns || lane->handover != WR_HANDOVER_NONE ||
	       lane->txn.state == WR_TXN_CLOSING || atomic_load(&lane->hold) != WR_HOLD_NONE ||
	       !is_company_coming(lane) || holds_up_window(lane);
}

static struct wr_write *take_first(struct wr_lane_gather *gather)
{
	struct wr_write *write = gather->first;

	gather->first = write->next;
	write->next = NULL;
	write->batch->gathered--;
	return write;
}

static void put_back(struct wr_lane_gather *gather, struct wr_write *write)
{
	write->next = gather->first;
	if (gather->first == NULL)
		gather->last = write;
	gather->first = write;
	write->batch->gathered++;
}

/* That every topic which is read has, so that each of them has it. */
static int32_t least_partitions(const struct wr_lane *lane)
{
	const struct wr_source_topic *topics;
	size_t count = lane->source->ops->topics(lane->source, &topics);
	int32_t least = count > 0 ? INT32_MAX : 0;

	for (size_t i = 0; i < count; i++) {
		if (topics[i].partitions < least)
			least = topics[i].partitions;
	}
	return least;
}

/* Where no order is kept, what is written at one time goes to one partition, and at another time to the next. */
static void choose_partition(struct wr_lane *lane)
{
	int32_t count = least_partitions(lane);

	lane->gather.has_partition = count > 1;
	if (count > 1)
		lane->gather.partition =
		    (int32_t)((lane->gather.turn++ + lane->o.number) % (uint32_t)count);
}

/* True when something happened. */
bool wr_lane_write_gathered(struct wr_lane *lane)
{
	struct wr_lane_gather *gather = &lane->gather;
	bool moved = false;

	if (gather->first == NULL || !is_wanted(lane))
		return false;
	choose_partition(lane);
	/* Nothing overtakes an output that waits for another try. */
	while (gather->first != NULL && !lane->rewind && !lane->sink_full &&
	       lane->outputs_waiting == 0) {
		struct wr_write *write = take_first(gather);

		lane->writing_ms = write->since_ms;
		if (wr_lane_hand_over(lane, write)) {
			gather->written_to = write->item->sequence + 1;
			moved = true;
		} else {
			put_back(gather, write);
		}
	}
	gather->has_partition = false;
	return moved;
}

/* The batches that they are of retire all at once, when the last answer is there. */
bool wr_lane_awaits_gathered(const struct wr_lane *lane)
{
	return lane->gather.first != NULL ||
	       (lane->in_flight > 0 &&
		wr_lane_batch(lane, 0)->items[0].sequence < lane->gather.written_to);
}

int64_t wr_lane_gathered_due_ns(const struct wr_lane *lane)
{
	if (lane->gather.first == NULL || lane->rewind || lane->sink_full ||
	    lane->outputs_waiting > 0)
		return INT64_MAX;
	return lane->gather.due_ns;
}

void wr_lane_forget_gathered(struct wr_lane *lane, struct wr_batch *batch)
{
	struct wr_lane_gather *gather = &lane->gather;
	struct wr_write **link_p = &gather->first, *write;

	if (batch->gathered == 0)
		return;
	while ((write = *link_p) != NULL) {
		if (write->batch != batch) {
			gather->last = write;
			link_p = &write->next;
			continue;
		}
		*link_p = write->next;
		batch->gathered--;
		batch->pending--;
	}
}
