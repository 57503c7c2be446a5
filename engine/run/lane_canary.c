/*
 * A canary in a lane: two programs, each with its keys.
 *
 * A batch knows both programs from when it is opened, so within a batch a key is wholly of one of them, and batches are
 * run one after the other. What is left of an earlier batch is what waits for a retry, and behind it later events of its
 * key wait whatever their program is (key_waits.c). So a key is never run under one program while an earlier event of
 * it has no outcome under the other, neither when a trial begins nor when it ends.
 */
#include "config.h"

#include "run/lane_private.h"

void wr_lane_try(struct wr_lane *lane, struct wr_program *program)
{
	for (int side = 0; side < WR_SIDES; side++) {
		atomic_store(&lane->tried[side], 0);
		atomic_store(&lane->erred[side], 0);
		atomic_store(&lane->broken[side], false);
	}
	lane->canary = program;
	lane->canary_share = atomic_load(&program->share);
}

/* What has no key has no order to keep; its id stays the same over its retries. */
static struct wr_bytes sharing_key(const struct wr_item *item)
{
	const struct wr_event *ev = &item->event;

	return wr_bytes_from(ev->source_key.data != NULL ? ev->source_key : ev->pub.id);
}

void wr_lane_choose_program(struct wr_lane *lane, struct wr_item *item)
{
	if (wr_canary_takes(lane->canary_share, sharing_key(item)))
		item->program = item->batch->canary;
}

/* ---- counting ---- */

static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

void wr_lane_count_tried(struct wr_lane *lane, struct wr_item *item, bool failed)
{
	enum wr_lane_side side = item->program == lane->canary ? WR_SIDE_CANARY : WR_SIDE_STABLE;

	if (item->batch->canary != lane->canary)
		return; /* of a trial that is over */
	if (!item->tried)
		count(&lane->tried[side]);
	if (failed && !item->erred)
		count(&lane->erred[side]);
	item->tried = true;
	item->erred = item->erred || failed;
}

/* A window that is full of the canary's retries holds the keys of both, and may be too small for its circuit to open. */
static bool is_broken(const struct wr_program *program)
{
	for (uint32_t i = 0; i < program->pipeline->stage_count; i++) {
		if (wr_circuit_is_doubtful(&program->guards[i].circuit))
			return true;
	}
	return false;
}

void wr_lane_note_circuits(struct wr_lane *lane)
{
	if (lane->canary == NULL)
		return;
	atomic_store(&lane->broken[WR_SIDE_STABLE], is_broken(lane->program));
	atomic_store(&lane->broken[WR_SIDE_CANARY], is_broken(lane->canary));
}

static struct wr_canary_counts counts_of(const struct wr_lane *lane, enum wr_lane_side side)
{
	/* An event is counted before its failure is. */
	const uint64_t errors = atomic_load(&lane->erred[side]);

	return (struct wr_canary_counts){.events = atomic_load(&lane->tried[side]),
					 .errors = errors};
}

struct wr_lane_trial wr_lane_trial(const struct wr_lane *lane)
{
	WR_CHECK(lane, WR_LANE_MAGIC);
	return (struct wr_lane_trial){
	    .stable = counts_of(lane, WR_SIDE_STABLE),
	    .canary = counts_of(lane, WR_SIDE_CANARY),
	    .stable_broken = atomic_load(&lane->broken[WR_SIDE_STABLE]),
	    .canary_broken = atomic_load(&lane->broken[WR_SIDE_CANARY]),
	};
}

/* ---- the way back ---- */

/* Nothing of it was written yet: the other program runs it from where it came in, at once. */
static void start_over(struct wr_lane *lane, struct wr_item *item)
{
	if (!wr_lane_restore(item, item->batch->program))
		return; /* it came for a stage that only the canary has, and goes on there */
	item->held_attempts = item->row = 0;
	item->doubted_mono_ns = 0;
	item->was_behind = false;
	if (item->parked)
		item->due_mono_ns = wr_lane_now(lane);
}

static void take_over(struct wr_lane *lane, struct wr_batch *batch, const struct wr_program *canary)
{
	if (batch->canary != canary || batch->unfinished == 0)
		return;
	for (uint32_t i = 0; i < batch->count; i++) {
		struct wr_item *item = &batch->items[i];

		if (item->program == canary && item->event.outcome == WR_OUTCOME_PENDING)
			start_over(lane, item);
	}
}

void wr_lane_end_trial(struct wr_lane *lane)
{
	struct wr_program *canary = lane->canary;

	lane->canary = NULL;
	if (canary == NULL || canary == lane->program)
		return;
	atomic_store(&canary->state, WR_PROGRAM_RETIRING);
	if (lane->open != NULL)
		take_over(lane, lane->open, canary);
	for (uint32_t i = 0; i < lane->in_flight; i++)
		take_over(lane, wr_lane_batch(lane, i), canary);
	wr_retry_queue_reorder(&lane->parked);
}
