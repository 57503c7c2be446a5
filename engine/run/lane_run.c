/* Running stages and settling verdicts. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "core/envelope.h"
#include "run/lane_private.h"

#include <string.h>

void wr_lane_finish(struct wr_lane *lane, struct wr_item *item, enum wr_outcome outcome)
{
	(void)lane;
	WR_ASSERT(item->event.outcome == WR_OUTCOME_PENDING && item->batch->unfinished > 0);
	item->event.outcome = outcome;
	item->batch->unfinished--;
}

/* Whether it was redriven as often as it may be, and would be again by its class. */
static bool is_given_up(const struct wr_item *item, enum wr_class class)
{
	const struct wr_conf_redrive *redrive = &item->batch->program->pipeline->conf->redrive;

	return redrive->configured && item->past != NULL &&
	       item->past->redrives >= (uint32_t)redrive->max &&
	       (wr_class_set(redrive->classes.items, redrive->classes.count) >> class & 1) != 0;
}

static void tell_given_up(const struct wr_lane *lane, const struct wr_item *item)
{
	wr_metric_add(lane->metrics.given_up, 1);
	WR_LOG(WR_LOG_WARN, "an event failed after its last redrive and is left to people",
	       WR_STR("pipeline", lane->conf->name), WR_STR("source_topic", item->event.pub.topic),
	       WR_INT("partition", item->event.pub.partition),
	       WR_INT("offset", item->event.pub.offset), WR_INT("redrives", item->past->redrives));
}

void wr_lane_kill(struct wr_lane *lane, struct wr_item *item, enum wr_class class, const char *code,
		  const char *message)
{
	struct wr_event *ev = &item->event;

	ev->class = class;
	if (is_given_up(item, class)) {
		ev->class = WR_CLASS_EXHAUSTED;
		tell_given_up(lane, item);
	}
	ev->code = code;
	ev->message = message;
	ev->last_failed_at_ms = wr_clock_wall_ms(lane->o.clock);
	if (ev->first_failed_at_ms == 0)
		ev->first_failed_at_ms = ev->last_failed_at_ms;
	wr_lane_finish(lane, item, WR_OUTCOME_DEAD);
}

/* What the verdict means for the item; true when it goes on to its next stage. */
static bool settle(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_program *program = item->program;
	struct wr_event *ev = &item->event;

	wr_lane_note_tried(lane, item, ev->res.verdict != WEIR_OK && ev->res.verdict != WEIR_DROP);
	if (ev->res.verdict == WEIR_RETRY) {
		wr_lane_settle_retry(lane, item);
		return false;
	}
	wr_lane_note_answer(lane, program, ev->stage,
			    ev->res.verdict == WEIR_OK || ev->res.verdict == WEIR_DROP);
	switch (ev->res.verdict) {
	case WEIR_OK:
		ev->stage++;
		ev->pub.attempt = 1;
		item->held_attempts = item->row = 0;
		item->doubted_mono_ns = 0; /* it was the last stage's */
		if (ev->stage < program->pipeline->stage_count)
			return true;
		wr_lane_finish(lane, item, WR_OUTCOME_PROCESSED);
		return false;
	case WEIR_DROP:
		wr_lane_finish(lane, item, WR_OUTCOME_DROPPED);
		return false;
	case WEIR_RETRY:
	case WEIR_UNSET:
	case WEIR_FAIL:
		break;
	}
	wr_lane_kill(lane, item, WR_CLASS_PERMANENT, ev->effects.code, ev->effects.message);
	return false;
}

/* Every event of one call is of one batch, where what the call allocates lives, and of one program. */
static void call_stage(struct wr_lane *lane, struct wr_batch *batch, uint32_t stage, size_t n)
{
	const struct wr_program *program = wr_item_of(lane->group[0])->program;
	const struct wr_stage *s = &program->pipeline->stages[stage];
	int64_t began = wr_lane_now(lane), took, timeout = s->conf->timeout_ms * WR_NS_PER_MS;

	wr_instances_process(program->instances, stage, lane->group, n, &batch->arena, &lane->json,
			     timeout > 0 ? began + timeout : 0);
	WR_FAILPOINT(in_stage);
	took = wr_lane_now(lane) - began;
	wr_metric_observe(program->stage_metrics[stage].seconds,
			  (double)took / (double)n / (double)WR_NS_PER_S, n);
	if (timeout == 0 || took <= timeout)
		return;
	wr_metric_add(program->stage_metrics[stage].overruns, 1);
	for (size_t i = 0; i < n; i++)
		wr_lane_note_tried(lane, wr_item_of(lane->group[i]), true);
	WR_LOG(WR_LOG_WARN, "a call took longer than its stage's timeout",
	       WR_STR("pipeline", lane->conf->name), WR_STR("stage", s->name),
	       WR_INT("took_ms", took / WR_NS_PER_MS), WR_INT("timeout_ms", s->conf->timeout_ms),
	       WR_INT("events", n));
}

/* An item that must not be called now: it waits for its own time, or behind an earlier one of its key. Those that lie in
 * retry topics come before whom the lane itself holds it behind: that one may have been the first of them. */
static bool must_wait(struct wr_lane *lane, struct wr_item *item)
{
	if (!item->parked && wr_lane_fall_behind(lane, item))
		return true;
	if (wr_key_waits_join(&lane->waits, item)) {
		item->was_behind = true;
		return true;
	}
	if (!item->parked)
		return wr_lane_holds_back(lane, item);
	wr_key_waits_hold(&lane->waits, item);
	return true;
}

static bool settle_called(struct wr_lane *lane, struct wr_item *item)
{
	if (!item->event.effects.deferred)
		return settle(lane, item);
	/* An earlier one of its key in this call asked for a retry and was settled before it. */
	item->was_behind = true;
	return !wr_key_waits_join(&lane->waits, item);
}

/* Runs work[0..n), at least one, which are of that batch, of one program and in order, as far as they come. */
static void run_work(struct wr_lane *lane, struct wr_batch *batch, size_t n)
{
	uint32_t stage_count = lane->work[0]->program->pipeline->stage_count;
	uint32_t stage = 0;

	while (stage < stage_count && n > 0) {
		size_t called = 0, kept = 0, next = 0, again = 0;

		for (size_t i = 0; i < n; i++) {
			struct wr_item *item = lane->work[i];

			if (item->event.stage == stage && must_wait(lane, item))
				continue;
			lane->work[kept++] = item;
			if (item->event.stage == stage)
				lane->group[called++] = &item->event;
		}
		n = kept;
		if (called == 0) {
			stage++;
			continue;
		}
		call_stage(lane, batch, stage, called);
		for (size_t i = kept = 0; i < n; i++) {
			struct wr_item *item = lane->work[i];

			if (next < called && lane->group[next] == &item->event) {
				next++;
				if (!settle_called(lane, item))
					continue;
				again += item->event.stage == stage;
			}
			lane->work[kept++] = item;
		}
		n = kept;
		/* Deferred behind one that has failed for good meanwhile: once more, it makes headway each time. */
		if (again == 0)
			stage++;
	}
}

static void release_behind(struct wr_lane *lane, struct wr_item **items, size_t n,
			   struct wr_item_list *released)
{
	for (size_t i = 0; i < n && !wr_key_waits_empty(&lane->waits); i++) {
		if (items[i]->event.outcome != WR_OUTCOME_PENDING)
			wr_key_waits_release(&lane->waits, items[i], released);
	}
}

static void kill_as_gone(struct wr_lane *lane, struct wr_item *item)
{
	wr_lane_kill(lane, item, WR_CLASS_NO_STAGE, "no-stage",
		     "the pipeline has no such stage any more");
}

/* Of the attempts that it knows the last was not made, if there was any. */
static void kill_uncalled(struct wr_lane *lane, struct wr_item *item)
{
	if (item->event.pub.attempt > 1)
		item->event.pub.attempt--;
	if (item->stage_left)
		kill_as_gone(lane, item);
	else
		wr_lane_kill_exhausted(lane, item);
}

/* Of work[0..n): those whose stage went while they waited, or that are exhausted. The others stay, and are counted. */
static size_t kill_those_lost(struct wr_lane *lane, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (lane->work[i]->stage_left || lane->work[i]->exhausted)
			kill_uncalled(lane, lane->work[i]);
		else
			lane->work[kept++] = lane->work[i];
	}
	return kept;
}

/* A program that came later may have smaller batches. */
static size_t most_together(const struct wr_batch *batch, const struct wr_program *program)
{
	size_t most = (size_t)program->conf->batch.max_events;

	return most < batch->capacity ? most : batch->capacity;
}

/* Those whose outcome is clear let the ones behind them go; these run at once, and so on. */
static void run_list(struct wr_lane *lane, struct wr_item_list *list)
{
	while (list->first != NULL) {
		struct wr_batch *batch = list->first->batch;
		const struct wr_program *program = list->first->program;
		const size_t most = most_together(batch, program);
		size_t n = 0, left;

		while (list->first != NULL && list->first->batch == batch &&
		       list->first->program == program && n < most)
			lane->work[n++] = wr_item_list_pop(list);
		memcpy(lane->asked, lane->work,
		       n * sizeof(struct wr_item *)); /* run_work() compacts its own */
		left = kill_those_lost(lane, n);
		if (left > 0)
			run_work(lane, batch, left);
		release_behind(lane, lane->asked, n, list);
	}
}

/* Only now: like any other it is a duplicate, or too late, if that is what its claim says. */
static void kill_stageless(struct wr_lane *lane, struct wr_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		struct wr_item *item = &batch->items[i];

		if (item->stage_gone && item->event.outcome == WR_OUTCOME_PENDING)
			kill_as_gone(lane, item);
	}
}

static void finish_without_stages(struct wr_lane *lane, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		wr_lane_note_tried(lane, lane->work[i], false);
		wr_lane_finish(lane, lane->work[i], WR_OUTCOME_PROCESSED);
	}
}

/* The events of a batch that are one program's. */
static void run_under(struct wr_lane *lane, struct wr_batch *batch,
		      const struct wr_program *program)
{
	size_t n = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct wr_item *item = &batch->items[i];

		if (item->event.outcome == WR_OUTCOME_PENDING && !item->waiting &&
		    item->program == program)
			lane->work[n++] = item;
	}
	/* Nothing waits behind an item that has just come, so nothing can be released here. */
	if (n > 0 && program->pipeline->stage_count > 0)
		run_work(lane, batch, n);
	else
		finish_without_stages(lane, n);
}

/* A key is wholly of one program in a batch, so it is no matter which of them comes first. */
void wr_lane_run_batch(struct wr_lane *lane, struct wr_batch *batch)
{
	if (batch->has_stageless)
		kill_stageless(lane, batch);
	if (lane->parked_records > 0)
		wr_lane_let_come(lane, batch);
	run_under(lane, batch, batch->program);
	if (batch->canary != NULL)
		run_under(lane, batch, batch->canary);
}

bool wr_lane_run_due(struct wr_lane *lane)
{
	struct wr_item_list due = {NULL, NULL};
	struct wr_item *item;
	int64_t now = wr_lane_now(lane);

	/* What its plugins know is being handed over. */
	if (wr_lane_holds(lane))
		return false;
	wr_lane_hasten_doubts(lane);
	while ((item = wr_retry_queue_pop(&lane->parked, now)) != NULL) {
		/* One that gave up its lead to an earlier event of its key waits in that line already. */
		if (!item->waiting && (item->stage_left || wr_lane_may_retry(lane, item)))
			wr_item_list_push(&due, item);
	}
	if (due.first == NULL)
		return false;
	wr_item_list_sort(&due);
	run_list(lane, &due);
	wr_lane_end_probes(lane);
	return true;
}
