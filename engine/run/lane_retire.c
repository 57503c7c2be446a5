/* Retiring batches in order, and dropping those that can't retire. */
#include "config.h"

#include "base/failpoint.h"
#include "run/lane_private.h"

static void give_back(struct wr_lane *lane, struct wr_batch *batch)
{
	wr_json_cache_forget(&lane->json);
	for (uint32_t i = 0; i < batch->count; i++) {
		if (batch->items[i].record.ref != NULL)
			lane->source->ops->give_back(lane->source, &batch->items[i].record);
	}
}

void wr_lane_put_free(struct wr_lane *lane, struct wr_batch *batch)
{
	give_back(lane, batch);
	batch->program->batches--;
	batch->program = NULL;
	batch->next = lane->free_batches;
	lane->free_batches = batch;
}

static void count_outcomes(struct wr_lane *lane, const struct wr_batch *batch)
{
	uint32_t outcomes[WR_OUTCOME_DEAD + 1] = {0};

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_event *ev = &batch->items[i].event;

		outcomes[ev->outcome]++;
		if (ev->outcome == WR_OUTCOME_DEAD)
			wr_metric_add(lane->dead_letters[ev->class], 1);
	}
	for (int outcome = 0; outcome <= WR_OUTCOME_DEAD; outcome++) {
		if (outcomes[outcome] > 0)
			wr_metric_add(lane->outcomes[outcome], outcomes[outcome]);
	}
	wr_metric_add(lane->metrics.batches, 1);
}

static void retire(struct wr_lane *lane, struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_source_record *record = &batch->items[i].record;
		struct wr_lane_partition *partition = record->partition->user;

		partition->next = record->offset + 1;
	}
	lane->uncommitted = true;
	count_outcomes(lane, batch);
	wr_lane_put_free(lane, batch);
}

bool wr_lane_retire_ready(struct wr_lane *lane)
{
	struct wr_batch *batch;
	bool moved = false;

	while (lane->in_flight > 0 && !lane->rewind) {
		batch = wr_lane_batch(lane, 0);
		if (batch->state != WR_BATCH_WRITTEN || batch->pending > 0)
			break;
		WR_FAILPOINT(after_all_acks);
		lane->head = (lane->head + 1) % lane->window_size;
		lane->in_flight--;
		retire(lane, batch);
		moved = true;
	}
	return moved;
}

/* Takes a batch out of the lane's hands. The sink may still borrow its bytes, so it may have to wait. */
static void drop(struct wr_lane *lane, struct wr_batch *batch)
{
	if (batch->claims.submitted)
		lane->store->ops->cancel(lane->store, &batch->claims);
	wr_key_waits_remove_batch(&lane->waits, batch);
	wr_retry_queue_remove_batch(&lane->parked, batch);
	wr_lane_forget_rewrites(lane, batch);
	if (batch->pending == 0) {
		wr_lane_put_free(lane, batch);
		return;
	}
	batch->next = lane->orphans;
	lane->orphans = batch;
}

/* Newest first: wr_key_waits_remove_batch() relies on it. */
void wr_lane_drop_window(struct wr_lane *lane)
{
	while (lane->in_flight > 0) {
		struct wr_batch *batch = wr_lane_batch(lane, lane->in_flight - 1);

		lane->in_flight--;
		drop(lane, batch);
	}
	wr_lane_discard_open(lane);
	wr_lane_nothing_blocked(lane);
}

void wr_lane_reap_orphans(struct wr_lane *lane)
{
	struct wr_batch **link_p = &lane->orphans, *batch;

	while ((batch = *link_p) != NULL) {
		if (batch->pending > 0) {
			link_p = &batch->next;
			continue;
		}
		*link_p = batch->next;
		wr_lane_put_free(lane, batch);
	}
}
