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
	if (batch->canary != NULL)
		batch->canary->batches--;
	batch->canary = NULL;
	wr_lane_let_programs_go(batch);
	batch->next = lane->free_batches;
	lane->free_batches = batch;
}

void wr_lane_count_tally(struct wr_lane *lane)
{
	struct wr_lane_tally *tally = &lane->tally;

	for (int i = 0; i < WR_OUTCOME_COUNT; i++) {
		if (tally->outcomes[i] > 0)
			wr_metric_add(lane->outcomes[i], tally->outcomes[i]);
	}
	for (int i = 0; i < WR_CLASS_COUNT; i++) {
		if (tally->dead[i] > 0)
			wr_metric_add(lane->dead_letters[i], tally->dead[i]);
	}
	wr_metric_add(lane->metrics.batches, tally->batches);
	*tally = (struct wr_lane_tally){.batches = 0};
}

static void add_to_tally(struct wr_lane *lane, const struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_event *ev = &batch->items[i].event;

		lane->tally.outcomes[ev->outcome]++;
		if (ev->outcome == WR_OUTCOME_DEAD)
			lane->tally.dead[ev->class]++;
	}
	lane->tally.batches++;
}

static void remember_dead(struct wr_lane *lane, const struct wr_item *item)
{
	if (item->event.outcome == WR_OUTCOME_DEAD && item->claimed)
		wr_deaths_add(&lane->deaths, wr_bytes_from(item->event.pub.id), item->claim);
}

/* The last record of each partition says where it stands. */
static void advance(struct wr_lane *lane, const struct wr_batch *batch)
{
	struct wr_lane_partition *ours;

	for (uint32_t i = 0; i < batch->count; i++) {
		ours = batch->items[i].record.partition->user;
		ours->last_item = &batch->items[i];
		remember_dead(lane, &batch->items[i]);
	}
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wr_source_record *record = &batch->items[i].record;

		ours = record->partition->user;
		if (ours->last_item != &batch->items[i])
			continue;
		ours->last_item = NULL;
		ours->last_offset = record->offset;
		ours->last = wr_lane_fingerprint(record);
		ours->next = record->offset + 1;
		if (wr_order_may_mark(lane->txn.used, true, false))
			wr_lane_mark_retired(lane, ours);
	}
}

static void retire(struct wr_lane *lane, struct wr_batch *batch)
{
	WR_ASSERT(batch->epoch == lane->epoch);
	advance(lane, batch);
	lane->txn.moves = true;
	lane->uncommitted = true;
	add_to_tally(lane, batch);
	if (!lane->txn.used)
		wr_lane_count_tally(lane);
	wr_lane_put_free(lane, batch);
}

/* Of the oldest batch. */
static bool may_retire(const struct wr_batch *batch)
{
	const struct wr_batch_facts facts = {
	    .unfinished = batch->unfinished,
	    .handed_over = batch->state == WR_BATCH_WRITTEN,
	    .pending = batch->pending,
	    .earlier_written = true,
	    .is_oldest = true,
	};

	return wr_order_may_retire(&facts);
}

bool wr_lane_retire_ready(struct wr_lane *lane)
{
	struct wr_batch *batch;
	bool moved = false;

	while (lane->in_flight > 0 && !lane->rewind) {
		batch = wr_lane_batch(lane, 0);
		if (!may_retire(batch))
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
	wr_lane_cancel_claims(lane, batch);
	wr_key_waits_remove_batch(&lane->waits, batch);
	wr_retry_queue_remove_batch(&lane->parked, batch);
	wr_lane_forget_rewrites(lane, batch);
	wr_lane_forget_gathered(lane, batch);
	if (batch->pending == 0) {
		wr_lane_put_free(lane, batch);
		return;
	}
	batch->state = WR_BATCH_DROPPED;
	batch->next = lane->orphans;
	lane->orphans = batch;
}

/* What was taken so far is of another epoch than what comes next. Newest first: wr_key_waits_remove_batch() relies on
 * it. */
void wr_lane_drop_window(struct wr_lane *lane)
{
	while (lane->in_flight > 0) {
		struct wr_batch *batch = wr_lane_batch(lane, lane->in_flight - 1);

		lane->in_flight--;
		drop(lane, batch);
	}
	wr_lane_discard_open(lane);
	lane->epoch++;
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
