/* Going from one program to the next between two batches, and holding there. */
#include "config.h"

#include "base/log.h"
#include "run/lane_private.h"

#include <stdlib.h>

static void tell(struct wr_lane *lane)
{
	if (lane->o.changed != NULL)
		lane->o.changed(lane->o.changed_arg);
}

static void enter(struct wr_program *program, enum wr_program_state state)
{
	atomic_store(&program->state, state);
}

/* ---- room for another program's batches ---- */

/* A failure leaves what was there. */
static bool grow(void *array_p, size_t count, size_t size)
{
	void **p = array_p, *grown = realloc(*p, count * size);

	if (grown != NULL)
		*p = grown;
	return grown != NULL;
}

static bool reserve_scratch(struct wr_lane *lane, uint32_t events)
{
	if (events <= lane->scratch_events)
		return true;
	if (!grow(&lane->records, events, sizeof(*lane->records)) ||
	    !grow(&lane->work, events, sizeof(struct wr_item *)) ||
	    !grow(&lane->asked, events, sizeof(struct wr_item *)) ||
	    !grow(&lane->group, events, sizeof(struct wr_event *)))
		return false;
	lane->scratch_events = events;
	return true;
}

static bool reserve_window(struct wr_lane *lane, uint32_t size)
{
	struct wr_batch **window;

	if (size <= lane->window_size)
		return true;
	window = calloc(size, sizeof(struct wr_batch *));
	if (window == NULL)
		return false;
	for (uint32_t i = 0; i < lane->in_flight; i++)
		window[i] = wr_lane_batch(lane, i);
	free(lane->window);
	lane->window = window;
	lane->window_size = size;
	lane->head = 0;
	return true;
}

/* Everything that grows with the batches, so that nothing is allocated while they run. It never shrinks: batches of
 * the program before may be in flight. */
bool wr_lane_reserve(struct wr_lane *lane, const struct wr_conf_pipeline *conf)
{
	return reserve_scratch(lane, (uint32_t)conf->batch.max_events) &&
	       reserve_window(lane, wr_lane_window_slots(conf)) &&
	       wr_retry_queue_reserve(&lane->parked, (size_t)lane->scratch_events *
							 (lane->window_size + 1)) == WR_OK;
}

static void destroy_batch(struct wr_lane *lane, struct wr_batch *batch)
{
	wr_batch_destroy(batch);
	lane->batch_count--;
}

/* A free batch of the present program's size, or NULL. Those of another size, and those that a smaller window has no
 * use for, go when they come by. */
struct wr_batch *wr_lane_new_batch(struct wr_lane *lane)
{
	uint32_t capacity = (uint32_t)lane->conf->batch.max_events;
	uint32_t most = wr_lane_window_slots(lane->conf) + 1;
	struct wr_batch *batch;

	while ((batch = lane->free_batches) != NULL) {
		lane->free_batches = batch->next;
		if (batch->capacity == capacity && lane->batch_count <= most)
			return batch;
		destroy_batch(lane, batch);
	}
	if (lane->batch_count >= most || wr_batch_create(capacity, &batch) != WR_OK)
		return NULL;
	lane->batch_count++;
	return batch;
}

/* ---- adopting ---- */

bool wr_lane_resolve_programs(struct wr_lane *lane, struct wr_err *err)
{
	for (struct wr_program *p = lane->programs; p != NULL; p = p->next) {
		if (wr_program_resolve(p, lane->sink, err) != WR_OK)
			return false;
	}
	return true;
}

static bool is_ours(const struct wr_lane *lane, const struct wr_program *program)
{
	const struct wr_program *p = lane->programs;

	while (p != NULL && p != program)
		p = p->next;
	return p != NULL;
}

static bool prepare(struct wr_lane *lane, struct wr_program *program, struct wr_err *err)
{
	if (!wr_lane_reserve(lane, program->conf)) {
		wr_err_set(err, WR_ENOMEM, "no memory for the batches of the new generation");
		return false;
	}
	/* Without a sink its topics are found when there is one again. */
	return lane->sink == NULL || wr_program_resolve(program, lane->sink, err) == WR_OK;
}

/* It runs a share of batches that are the present program's. */
static bool may_try(const struct wr_lane *lane, struct wr_program *program)
{
	if (program->conf->batch.max_events == lane->conf->batch.max_events)
		return true;
	wr_err_set(&program->refusal, WR_EINVAL, "a canary can't have batches of another size");
	return false;
}

/* Nothing waits for those of a program that goes. */
static void show_circuits(const struct wr_program *program, bool goes)
{
	for (uint32_t i = 0; i < program->pipeline->stage_count; i++)
		wr_metric_set(program->stage_metrics[i].circuit_open,
			      !goes && program->guards[i].circuit.open);
}

static void adopt(struct wr_lane *lane, struct wr_program *program)
{
	bool places_anew,
	    tries = program != lane->program && atomic_load(&program->share) < WR_CANARY_ALL;

	if (tries && !is_ours(lane, program) && !may_try(lane, program)) {
		enter(program, WR_PROGRAM_REFUSED);
		return;
	}
	if (!is_ours(lane, program)) {
		if (!prepare(lane, program, &program->refusal)) {
			enter(program, WR_PROGRAM_REFUSED);
			return;
		}
		program->next = lane->programs;
		lane->programs = program;
	}
	if (lane->open != NULL && lane->open->count == 0)
		wr_lane_discard_open(lane);
	if (tries) {
		wr_lane_end_trial(lane);
		wr_lane_try(lane, program);
		enter(program, WR_PROGRAM_TRIED);
		return;
	}
	places_anew =
	    (program->keeps_order && !lane->program->keeps_order) || wr_lane_waits_for_order(lane);
	enter(lane->program, WR_PROGRAM_RETIRING);
	show_circuits(lane->program, true);
	lane->program = program;
	lane->conf = program->conf;
	wr_lane_end_trial(lane);
	wr_lane_move_all(lane);
	show_circuits(program, false);
	enter(program, WR_PROGRAM_CURRENT);
	/* Whether the retry topics' partitions are the lane's is to be seen first, or no matter any more. */
	if (places_anew && lane->handover == WR_HANDOVER_NONE)
		wr_lane_begin_handover(lane, WR_HANDOVER_PLACING, 0);
}

/* True when a program has left. */
static bool leave_programs(struct wr_lane *lane)
{
	struct wr_program **link_p = &lane->programs, *program;
	bool left = false;

	while ((program = *link_p) != NULL) {
		if (program == lane->program || program == lane->canary || program->batches > 0) {
			link_p = &program->next;
			continue;
		}
		*link_p = program->next;
		program->next = NULL;
		enter(program, WR_PROGRAM_LEFT);
		left = true;
	}
	return left;
}

struct wr_program *wr_lane_adopt(struct wr_lane *lane, struct wr_program *program)
{
	struct wr_program *before;

	WR_CHECK(lane, WR_LANE_MAGIC);
	before = atomic_exchange(&lane->next_program, program);
	wr_lane_wake(lane);
	return before;
}

struct wr_program *wr_lane_program(struct wr_lane *lane)
{
	return lane->program;
}

/* ---- holding ---- */

/* Whether what has been taken was run, but for what waits for a retry. */
static bool has_run_all(const struct wr_lane *lane)
{
	if (lane->open != NULL)
		return false;
	for (uint32_t i = 0; i < lane->in_flight; i++) {
		if (wr_lane_batch(lane, i)->state == WR_BATCH_CLAIMING)
			return false;
	}
	return true;
}

/* True when it has just reached the place to hold at. */
static bool heed_hold(struct wr_lane *lane)
{
	int asked = WR_HOLD_ASKED;

	if (atomic_load(&lane->hold) != WR_HOLD_ASKED)
		return false;
	if (lane->open != NULL && lane->open->count == 0)
		wr_lane_discard_open(lane);
	return has_run_all(lane) &&
	       atomic_compare_exchange_strong(&lane->hold, &asked, WR_HOLD_REACHED);
}

void wr_lane_hold(struct wr_lane *lane, bool hold)
{
	WR_CHECK(lane, WR_LANE_MAGIC);
	atomic_store(&lane->hold, hold ? WR_HOLD_ASKED : WR_HOLD_NONE);
	wr_lane_wake(lane);
}

bool wr_lane_holds(const struct wr_lane *lane)
{
	return atomic_load(&lane->hold) == WR_HOLD_REACHED;
}

bool wr_lane_change_program(struct wr_lane *lane)
{
	struct wr_program *next = NULL;
	bool moved, held = heed_hold(lane);

	if (atomic_load(&lane->next_program) != NULL)
		next = atomic_exchange(&lane->next_program, NULL);
	if (next != NULL)
		adopt(lane, next);
	moved = next != NULL || held;
	if (lane->programs->next != NULL)
		moved = leave_programs(lane) || moved;
	if (moved)
		tell(lane);
	return moved;
}

void wr_lane_destroy_programs(struct wr_lane *lane)
{
	struct wr_program *program;

	WR_ASSERT(atomic_load(&lane->next_program) == NULL);
	while ((program = lane->programs) != NULL) {
		lane->programs = program->next;
		wr_program_destroy(program);
	}
	lane->program = lane->canary = NULL;
}
