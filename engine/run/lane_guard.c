/* What stands between a stage and its retries: policy, budget and circuit. */
#include "config.h"

#include "base/log.h"
#include "run/lane_private.h"

static struct wr_stage_guard *guard_of(const struct wr_item *item)
{
	return &item->program->guards[item->event.stage];
}

static void circuit_changed(struct wr_lane *lane, struct wr_program *program, uint32_t stage,
			    enum wr_circuit_change change)
{
	const struct wr_stage_metrics *metrics = &program->stage_metrics[stage];

	switch (change) {
	case WR_CIRCUIT_SAME:
		return;
	case WR_CIRCUIT_OPENED:
		wr_metric_add(metrics->circuit_openings, 1);
		wr_metric_set(metrics->circuit_open, 1);
		WR_LOG(WR_LOG_ERROR,
		       "a stage fails wholesale: the lane takes nothing and tries single events",
		       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number),
		       WR_STR("stage", program->pipeline->stages[stage].name));
		return;
	case WR_CIRCUIT_CLOSED:
		wr_metric_set(metrics->circuit_open, 0);
		WR_LOG(WR_LOG_INFO, "a stage answers again", WR_STR("pipeline", lane->conf->name),
		       WR_INT("lane", lane->o.number),
		       WR_STR("stage", program->pipeline->stages[stage].name));
		return;
	}
}

void wr_lane_close_circuit(struct wr_lane *lane, struct wr_program *program, uint32_t stage)
{
	struct wr_stage_guard *guard = &program->guards[stage];

	guard->answered_mono_ns = wr_lane_now(lane);
	lane->doubt.answered = true;
	circuit_changed(lane, program, stage, wr_circuit_note_answer(&guard->circuit));
}

static void spend_successes(struct wr_lane *lane, struct wr_stage_guard *guard)
{
	if (guard->successes == 0)
		return;
	wr_retry_budget_note_successes(&guard->budget, guard->successes, wr_lane_now(lane));
	guard->successes = 0;
}

static void wait_until(struct wr_lane *lane, struct wr_item *item, int64_t due_mono_ns)
{
	item->due_mono_ns = due_mono_ns;
	wr_lane_move(lane, item);
	wr_retry_queue_push(&lane->parked, item);
	if (wr_key_waits_hold(&lane->waits, item) != WR_OK)
		WR_LOG(WR_LOG_ERROR, "no memory to keep the order of a key while it is retried",
		       WR_STR("pipeline", lane->conf->name));
}

static void park(struct wr_lane *lane, struct wr_item *item, int64_t wait_ms)
{
	item->event.pub.attempt++;
	wait_until(lane, item, wr_lane_now(lane) + wait_ms * WR_NS_PER_MS);
	wr_metric_add(lane->metrics.retries, 1);
	wr_metric_add(item->program->stage_metrics[item->event.stage].waits_inline, 1);
}

static enum wr_retry_decision decide(struct wr_lane *lane, struct wr_item *item, int64_t *wait_ms_r)
{
	struct wr_event *ev = &item->event;
	const struct wr_tiers *tiers = &guard_of(item)->tiers;
	struct wr_retry_ask ask = {
	    .attempt = ev->pub.attempt - item->held_attempts,
	    .code = ev->effects.code,
	    .retry_after_ms = ev->res.retry_after_ms,
	    .first_failed_at_ms = ev->first_failed_at_ms,
	    .now_ms = ev->last_failed_at_ms,
	};

	if (tiers->count > 0) {
		item->tier = wr_tier_after(tiers, ask.attempt, ask.retry_after_ms);
		ask.retry_after_ms = tiers->ms[item->tier];
	}
	return wr_retry_decide(&guard_of(item)->policy, &ask, &lane->rng, wait_ms_r);
}

static void note_retry(struct wr_lane *lane, struct wr_item *item)
{
	bool counts = item->event.pub.attempt == 1 && !item->was_behind;

	if (item->event.pub.attempt == 1 || item->row == 0)
		item->row = guard_of(item)->circuit.row;
	circuit_changed(
	    lane, item->program, item->event.stage,
	    wr_circuit_note_retry(&guard_of(item)->circuit, counts, wr_lane_now(lane), &lane->rng));
}

/* While the circuit is open the stage's dependency is to blame, not the event: this attempt is not used up. What would
 * go to a retry topic does not wait for its tier here: the next probe may be its own, and the window waits for it. */
static bool hold(struct wr_lane *lane, struct wr_item *item, int64_t wait_ms)
{
	const struct wr_circuit *circuit = &guard_of(item)->circuit;

	if (!circuit->open || item->program->conf->on_circuit != WR_ON_CIRCUIT_HOLD)
		return false;
	item->held_attempts++;
	park(lane, item, guard_of(item)->tiers.count > 0 ? 0 : wait_ms);
	return true;
}

/* ---- in doubt ---- */

#define LOOK_AGAIN_MS 250
#define LISTENING_GAP_NS WR_NS_PER_S /* what is longer was no listening */

/* A stage that answers another within this time was not away: one more call would be one too many. */
#define SAME_TIME_NS (100 * WR_NS_PER_MS)

bool wr_lane_doubts(const struct wr_lane *lane)
{
	return lane->doubt.until_ns != 0 && wr_lane_now(lane) < lane->doubt.until_ns;
}

void wr_lane_listen(struct wr_lane *lane)
{
	int64_t now = wr_lane_now(lane);

	if (!wr_lane_has_window_room(lane))
		return;
	if (now - lane->doubt.listened_ns > LISTENING_GAP_NS)
		lane->doubt.listens_since_ns = now;
	lane->doubt.listened_ns = now;
}

/* Some have been taken and not met their first stage yet. */
static bool are_some_on_their_way(const struct wr_lane *lane)
{
	return lane->in_flight > 0 &&
	       wr_lane_batch(lane, lane->in_flight - 1)->state == WR_BATCH_CLAIMING;
}

/* By events that wait for a retry, so that nothing new comes before one of them has its outcome. */
static bool is_blocked(const struct wr_lane *lane)
{
	return lane->handover == WR_HANDOVER_NONE && !lane->rewind && lane->in_flight > 0 &&
	       !wr_lane_has_window_room(lane) && wr_lane_batch(lane, 0)->unfinished > 0 &&
	       !are_some_on_their_way(lane);
}

/* For how long another event could have met the stage, and none did. */
static int64_t quiet_ns(const struct wr_lane *lane, const struct wr_circuit *circuit, bool blocked)
{
	const struct wr_lane_doubt *doubt = &lane->doubt;
	int64_t since = circuit->failed_mono_ns;

	if (blocked)
		return wr_lane_now(lane) - since;
	if (are_some_on_their_way(lane))
		return 0;
	if (doubt->listens_since_ns > since)
		since = doubt->listens_since_ns;
	return doubt->listened_ns - since;
}

/* Who wants no retry gets none. */
static enum wr_blame blame(const struct wr_lane *lane, const struct wr_item *item)
{
	const struct wr_stage_guard *guard = guard_of(item);
	bool blocked = is_blocked(lane);

	if (item->program->conf->on_circuit != WR_ON_CIRCUIT_HOLD || guard->policy.attempts <= 1)
		return WR_BLAME_EVENT;
	return wr_circuit_blame(&guard->circuit, item->row,
				quiet_ns(lane, &guard->circuit, blocked), blocked);
}

static void open_circuit(struct wr_lane *lane, const struct wr_item *item)
{
	circuit_changed(lane, item->program, item->event.stage,
			wr_circuit_open(&guard_of(item)->circuit, wr_lane_now(lane), &lane->rng));
}

/* Returns when to look again. A lane that gives its partitions up leaves the event to whoever reads it next. */
static int64_t doubt_on(struct wr_lane *lane)
{
	int64_t now = wr_lane_now(lane), due = now + LOOK_AGAIN_MS * WR_NS_PER_MS;

	if (!wr_lane_doubts(lane))
		lane->doubt = (struct wr_lane_doubt){.listens_since_ns = now, .listened_ns = now};
	lane->doubt.until_ns = due + LISTENING_GAP_NS;
	return lane->handover == WR_HANDOVER_NONE ? due : INT64_MAX;
}

void wr_lane_hasten_doubts(struct wr_lane *lane)
{
	if (!lane->doubt.answered)
		return;
	lane->doubt.answered = false;
	if (!wr_lane_doubts(lane))
		return;
	for (size_t i = 0; i < lane->parked.count; i++) {
		struct wr_item *item = lane->parked.heap[i];

		if (item->doubted_mono_ns != 0)
			item->due_mono_ns = item->doubted_mono_ns;
	}
	wr_retry_queue_reorder(&lane->parked);
}

void wr_lane_kill_exhausted(struct wr_lane *lane, struct wr_item *item)
{
	const struct wr_effects *effects = &item->event.effects;

	wr_lane_kill(lane, item, WR_CLASS_EXHAUSTED, effects->code, effects->message);
}

/* An outage must not be emptied into the DLQ, and where events are few it shows late. So one that has no attempt left
 * waits for what the stage makes of others, without a call. */
static void give_up_or_wait(struct wr_lane *lane, struct wr_item *item, int64_t wait_ms)
{
	switch (blame(lane, item)) {
	case WR_BLAME_EVENT:
		break;
	case WR_BLAME_UNCLEAR:
		item->doubted_mono_ns = wr_lane_now(lane);
		doubt_on(lane);
		item->held_attempts++;
		park(lane, item, LOOK_AGAIN_MS);
		return;
	case WR_BLAME_STAGE:
		open_circuit(lane, item);
		if (hold(lane, item, wait_ms))
			return;
		break;
	}
	wr_lane_kill_exhausted(lane, item);
}

/* For a retry topic: it comes back as another record. */
static void leave(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_event *ev = &item->event;

	ev->code = ev->effects.code;
	ev->message = ev->effects.message;
	ev->pub.attempt -= item->held_attempts; /* its record says what counts */
	wr_lane_park(lane, item, guard_of(item)->tiers.ms[item->tier]);
	wr_metric_add(lane->metrics.retries, 1);
	wr_metric_add(item->program->stage_metrics[ev->stage].waits[item->tier], 1);
	wr_lane_finish(lane, item, WR_OUTCOME_RETRIED);
}

void wr_lane_settle_retry(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_event *ev = &item->event;
	int64_t wait_ms;

	ev->last_failed_at_ms = wr_clock_wall_ms(lane->o.clock);
	if (ev->first_failed_at_ms == 0)
		ev->first_failed_at_ms = ev->last_failed_at_ms;
	switch (decide(lane, item, &wait_ms)) {
	case WR_RETRY_PERMANENT:
		wr_lane_note_answer(lane, item->program, ev->stage, false);
		wr_lane_kill(lane, item, WR_CLASS_PERMANENT, ev->effects.code, ev->effects.message);
		return;
	case WR_RETRY_AGAIN:
		note_retry(lane, item);
		if (hold(lane, item, wait_ms))
			return;
		if (guard_of(item)->tiers.count > 0)
			leave(lane, item);
		else
			park(lane, item, wait_ms);
		return;
	case WR_RETRY_EXHAUSTED:
		note_retry(lane, item);
		give_up_or_wait(lane, item, wait_ms);
		return;
	}
}

static bool park_again(struct wr_lane *lane, struct wr_item *item, int64_t due_mono_ns)
{
	item->due_mono_ns = due_mono_ns;
	wr_retry_queue_push(&lane->parked, item);
	return false;
}

/* A stage that answered another since may answer this one as well, unless it was there all the time. */
static bool is_exhausted(const struct wr_item *item)
{
	const struct wr_stage_guard *guard = guard_of(item);

	if (item->row == guard->circuit.row)
		return true;
	return item->row != 0 && guard->answered_mono_ns - item->doubted_mono_ns < SAME_TIME_NS;
}

/* False: it is not clear yet. */
static bool settle_doubt(struct wr_lane *lane, struct wr_item *item)
{
	switch (blame(lane, item)) {
	case WR_BLAME_EVENT:
		item->exhausted = is_exhausted(item);
		break;
	case WR_BLAME_UNCLEAR:
		return false;
	case WR_BLAME_STAGE:
		open_circuit(lane, item);
		break;
	}
	item->doubted_mono_ns = 0;
	return true;
}

bool wr_lane_holds_back(struct wr_lane *lane, struct wr_item *item)
{
	const struct wr_circuit *circuit = &guard_of(item)->circuit;

	if (!circuit->open || circuit->probing ||
	    item->program->conf->on_circuit != WR_ON_CIRCUIT_HOLD)
		return false;
	wait_until(lane, item, circuit->next_probe_mono_ns);
	return true;
}

bool wr_lane_may_retry(struct wr_lane *lane, struct wr_item *item)
{
	struct wr_stage_guard *guard = guard_of(item);
	int64_t now = wr_lane_now(lane), wait_ns;

	if (item->doubted_mono_ns != 0 && !settle_doubt(lane, item))
		return park_again(lane, item, doubt_on(lane));
	if (item->exhausted)
		return true;
	if (!wr_circuit_admit(&guard->circuit, now))
		/* While a probe is out, the time of the next is not known: it is when this turn has ended. */
		return park_again(lane, item,
				  guard->circuit.probing ? now + 1
							 : guard->circuit.next_probe_mono_ns);
	spend_successes(lane, guard);
	if (guard->circuit.open || wr_retry_budget_take(&guard->budget, now, &wait_ns))
		return true;
	return park_again(lane, item, now + wait_ns);
}

void wr_lane_end_probes(struct wr_lane *lane)
{
	for (struct wr_program *program = lane->programs; program != NULL;
	     program = program->next) {
		for (uint32_t i = 0; i < program->pipeline->stage_count; i++)
			wr_circuit_forget_probe(&program->guards[i].circuit);
	}
}

/* With nothing left to try (the window was dropped) what comes next is the probe. */
bool wr_lane_is_held(const struct wr_lane *lane)
{
	const struct wr_program *program = lane->program;

	for (uint32_t i = 0; lane->parked.count > 0 && i < program->pipeline->stage_count; i++) {
		if (program->guards[i].circuit.open)
			return true;
	}
	return false;
}

void wr_lane_measure_guards(struct wr_lane *lane)
{
	struct wr_program *program = lane->program;

	wr_lane_note_circuits(lane);
	for (uint32_t i = 0; i < program->pipeline->stage_count; i++) {
		spend_successes(lane, &program->guards[i]);
		wr_metric_set(program->stage_metrics[i].budget_used,
			      wr_retry_budget_used(&program->guards[i].budget, wr_lane_now(lane)));
	}
}
