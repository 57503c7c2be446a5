#include "config.h"

#include "run/swap_private.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define SWAP_MAGIC 0x57525357u
#define BACK_NS (5 * WR_NS_PER_S) /* for the lanes to go back to the old generation */

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory for another generation");
}

static struct wr_engine_lane *find_lane(const struct wr_engine *engine, const char *pipeline,
					uint32_t number)
{
	for (size_t i = 0; i < engine->count; i++) {
		if (engine->lanes[i].number == number &&
		    strcmp(engine->lanes[i].pipeline, pipeline) == 0)
			return &engine->lanes[i];
	}
	return NULL;
}

/* ---- making it ---- */

static enum wr_code make_program(struct wr_swap *swap, struct wr_swap_item *item,
				 const struct wr_pipeline *pipeline, uint32_t number,
				 struct wr_err *err)
{
	const struct wr_program_options options = {
	    .pipeline = pipeline,
	    .lane = number,
	    .lane_count = (uint32_t)pipeline->conf->lanes,
	    .metrics = swap->engine->o.metrics,
	};
	enum wr_code rc = wr_program_create(&options, &item->next, err);

	if (rc != WR_OK)
		wr_err_prefix(err, "pipeline %s", pipeline->conf->name);
	return rc;
}

static enum wr_code add_lane(struct wr_swap *swap, const struct wr_pipeline *pipeline,
			     uint32_t number, enum wr_swap_kind kind, struct wr_err *err)
{
	const struct wr_engine_lane *there = find_lane(swap->engine, pipeline->conf->name, number);
	struct wr_swap_item *item = &swap->items[swap->count];
	enum wr_code rc;

	if ((there != NULL) != (kind == WR_SWAP_STAYS))
		return WR_OK;
	*item = (struct wr_swap_item){.kind = kind};
	if (there != NULL)
		item->lane = *there;
	item->exclusive =
	    wr_swap_is_exclusive(there != NULL ? there->program->pipeline : NULL, pipeline);
	if (kind == WR_SWAP_STAYS || swap->rehearsal) {
		rc = make_program(swap, item, pipeline, number, err);
	} else {
		rc = wr_engine_make_lane(swap->engine, pipeline, number, &item->lane, err);
		item->next = item->lane.program;
	}
	swap->count += rc == WR_OK;
	return rc;
}

/* Those that come are made last: their consumers show in the group. */
static enum wr_code add_lanes(struct wr_swap *swap, enum wr_swap_kind kind, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < swap->to->pipeline_count && rc == WR_OK; i++) {
		const struct wr_pipeline *pipeline = &swap->to->pipelines[i];

		for (uint32_t n = 0; n < (uint32_t)pipeline->conf->lanes && rc == WR_OK; n++)
			rc = add_lane(swap, pipeline, n, kind, err);
	}
	return rc;
}

static void add_going(struct wr_swap *swap)
{
	const struct wr_engine *engine = swap->engine;

	for (size_t i = 0; i < engine->count; i++) {
		const struct wr_engine_lane *lane = &engine->lanes[i];
		const struct wr_pipeline *next = wr_generation_find(swap->to, lane->pipeline);

		if (next != NULL && lane->number < (uint32_t)next->conf->lanes)
			continue;
		swap->items[swap->count++] = (struct wr_swap_item){
		    .kind = WR_SWAP_GOES,
		    .lane = *lane,
		    .exclusive =
			next != NULL && wr_swap_is_exclusive(lane->program->pipeline, next),
		};
	}
}

static enum wr_code fill(struct wr_swap *swap, struct wr_err *err)
{
	size_t most = swap->engine->count;
	enum wr_code rc;

	for (size_t i = 0; i < swap->to->pipeline_count; i++)
		most += (size_t)swap->to->pipelines[i].conf->lanes;
	swap->items = calloc(most + 1, sizeof(*swap->items));
	swap->lanes = calloc(most + 1, sizeof(*swap->lanes));
	if (swap->items == NULL || swap->lanes == NULL)
		return no_memory(err);
	rc = add_lanes(swap, WR_SWAP_STAYS, err);
	if (rc == WR_OK)
		rc = add_lanes(swap, WR_SWAP_COMES, err);
	if (rc == WR_OK)
		add_going(swap);
	return rc;
}

enum wr_code wr_swap_create(struct wr_engine *engine, const struct wr_generation *to,
			    bool rehearsal, struct wr_swap **swap_r, struct wr_err *err)
{
	struct wr_swap *swap = calloc(1, sizeof(*swap));
	enum wr_code rc;

	*swap_r = NULL;
	if (swap == NULL)
		return no_memory(err);
	swap->magic = SWAP_MAGIC;
	swap->engine = engine;
	swap->to = to;
	swap->rehearsal = rehearsal;
	rc = fill(swap, err);
	if (rc != WR_OK) {
		wr_swap_destroy(swap);
		return rc;
	}
	*swap_r = swap;
	return WR_OK;
}

/* ---- adopting ---- */

static bool is_awaited(const struct wr_swap *swap, const struct wr_swap_item *item)
{
	enum wr_program_state state;

	if (!item->asked)
		return false;
	state = wr_program_state(item->next);
	return state == WR_PROGRAM_NEW || (state == WR_PROGRAM_TRIED && !swap->trying);
}

static bool have_all_answered(void *arg)
{
	const struct wr_swap *swap = arg;

	for (size_t i = 0; i < swap->count; i++) {
		if (is_awaited(swap, &swap->items[i]))
			return false;
	}
	return true;
}

static enum wr_code judge_answers(const struct wr_swap *swap, struct wr_err *err)
{
	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (!item->asked)
			continue;
		if (wr_program_state(item->next) == WR_PROGRAM_REFUSED)
			return wr_err_set(err, WR_EREFUSED, "pipeline %s, lane %u: %s",
					  item->lane.pipeline, item->lane.number,
					  item->next->refusal.text);
		if (is_awaited(swap, item))
			return wr_err_set(
			    err, WR_ETIMEDOUT,
			    "pipeline %s, lane %u did not come to the end of a batch in time: a "
			    "plugin has not returned",
			    item->lane.pipeline, item->lane.number);
	}
	return WR_OK;
}

enum wr_code wr_swap_await_lanes(struct wr_swap *swap, int64_t deadline_mono_ns, struct wr_err *err)
{
	wr_engine_wait(swap->engine, have_all_answered, swap, deadline_mono_ns);
	return judge_answers(swap, err);
}

static enum wr_code adopt_all(struct wr_swap *swap, int64_t deadline_mono_ns, struct wr_err *err)
{
	swap->trying = false;
	for (size_t i = 0; i < swap->count; i++) {
		struct wr_swap_item *item = &swap->items[i];

		if (item->kind != WR_SWAP_STAYS)
			continue;
		item->asked = true;
		atomic_store(&item->next->share, WR_CANARY_ALL);
		wr_lane_adopt(item->lane.lane, item->next);
	}
	return wr_swap_await_lanes(swap, deadline_mono_ns, err);
}

static bool are_all_back(void *arg)
{
	const struct wr_swap *swap = arg;

	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];
		enum wr_program_state state;

		if (!item->asked || item->leaving != item->next)
			continue;
		/* NEW: the lane is about to take it, and goes back only then */
		state = wr_program_state(item->next);
		if (state == WR_PROGRAM_NEW || state == WR_PROGRAM_TRIED ||
		    wr_program_state(item->lane.program) != WR_PROGRAM_CURRENT)
			return false;
	}
	return true;
}

/* Whether the lane has never seen the new program, nor ever will. */
static bool is_untouched(struct wr_swap_item *item)
{
	bool unseen = wr_lane_adopt(item->lane.lane, NULL) == item->next;
	enum wr_program_state state = wr_program_state(item->next);

	return (unseen && state == WR_PROGRAM_NEW) || state == WR_PROGRAM_REFUSED;
}

void wr_swap_take_back(struct wr_swap *swap)
{
	for (size_t i = 0; i < swap->count; i++) {
		struct wr_swap_item *item = &swap->items[i];

		if (!item->asked || is_untouched(item))
			continue;
		item->leaving = item->next;
		wr_lane_adopt(item->lane.lane, item->lane.program);
	}
	if (!wr_engine_wait(swap->engine, are_all_back, swap,
			    wr_clock_mono_ns(swap->engine->o.clock) + BACK_NS))
		WR_LOG(WR_LOG_ERROR,
		       "a lane has not gone back to the old generation yet: a plugin of the new "
		       "one has not returned",
		       WR_INT("generation", swap->to->number));
}

/* ---- lanes that come and go ---- */

static enum wr_code start_coming(struct wr_swap *swap, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < swap->count && rc == WR_OK; i++) {
		struct wr_swap_item *item = &swap->items[i];

		if (item->kind != WR_SWAP_COMES)
			continue;
		rc = wr_lane_start(item->lane.lane, err);
		item->started = rc == WR_OK;
	}
	return rc;
}

static void stop_coming(struct wr_swap *swap)
{
	for (size_t i = 0; i < swap->count; i++) {
		if (swap->items[i].started)
			wr_lane_stop(swap->items[i].lane.lane,
				     wr_clock_mono_ns(swap->engine->o.clock));
	}
}

/* From here on the engine is the new generation. */
static void settle(struct wr_swap *swap, int64_t drain_deadline_mono_ns)
{
	struct wr_engine *engine = swap->engine;
	struct wr_engine_lane *before = engine->lanes;

	engine->count = 0;
	for (size_t i = 0; i < swap->count; i++) {
		struct wr_swap_item *item = &swap->items[i];
		struct wr_engine_lane lane = item->lane;

		if (item->kind == WR_SWAP_GOES) {
			wr_lane_stop(lane.lane, drain_deadline_mono_ns);
			continue;
		}
		lane.program = item->next;
		lane.pipeline = item->next->conf->name;
		swap->lanes[engine->count++] = lane;
		if (item->kind == WR_SWAP_STAYS)
			item->leaving = item->lane.program;
	}
	engine->lanes = swap->lanes;
	engine->o.generation = swap->to;
	swap->settled = true;
	swap->lanes = before;
}

enum wr_code wr_swap_run(struct wr_swap *swap, int64_t deadline_mono_ns,
			 int64_t drain_deadline_mono_ns, struct wr_err *err)
{
	bool exchanged = false;
	enum wr_code rc;

	WR_CHECK(swap, SWAP_MAGIC);
	WR_ASSERT(!swap->ran && !swap->rehearsal);
	swap->ran = true;
	rc = wr_swap_hold(swap, deadline_mono_ns, err);
	if (rc == WR_OK)
		rc = wr_swap_hand_over(swap, err);
	if (rc == WR_OK) {
		rc = wr_swap_exchange(swap, err);
		exchanged = rc == WR_OK;
	}
	if (rc == WR_OK)
		rc = adopt_all(swap, deadline_mono_ns, err);
	if (rc == WR_OK)
		rc = start_coming(swap, err);
	if (rc == WR_OK) {
		settle(swap, drain_deadline_mono_ns);
	} else {
		wr_swap_take_back(swap);
		stop_coming(swap);
		if (exchanged)
			wr_swap_exchange_back(swap);
	}
	wr_swap_release(swap);
	return rc;
}

/* ---- draining ---- */

/* Whether no lane has it: the lane is through with it, or never took it. */
static bool is_free(const struct wr_program *program)
{
	enum wr_program_state state = wr_program_state(program);

	return state == WR_PROGRAM_LEFT || state == WR_PROGRAM_REFUSED;
}

static bool is_through(struct wr_swap_item *item)
{
	if (item->leaving != NULL && is_free(item->leaving)) {
		wr_program_destroy(item->leaving);
		if (item->leaving == item->next)
			item->next = NULL;
		item->leaving = NULL;
	}
	if (item->kind == WR_SWAP_GOES && item->lane.lane != NULL &&
	    wr_lane_is_finished(item->lane.lane)) {
		wr_lane_join(item->lane.lane);
		wr_lane_destroy(item->lane.lane);
		item->lane.lane = NULL;
	}
	return item->leaving == NULL && (item->kind != WR_SWAP_GOES || item->lane.lane == NULL);
}

static bool is_drained(void *arg)
{
	struct wr_swap *swap = arg;
	bool through = true;

	for (size_t i = 0; i < swap->count; i++)
		through = is_through(&swap->items[i]) && through;
	return through;
}

bool wr_swap_is_drained(struct wr_swap *swap)
{
	WR_CHECK(swap, SWAP_MAGIC);
	return is_drained(swap);
}

bool wr_swap_drain(struct wr_swap *swap, int64_t deadline_mono_ns)
{
	WR_CHECK(swap, SWAP_MAGIC);
	return wr_engine_wait(swap->engine, is_drained, swap, deadline_mono_ns);
}

enum wr_code wr_swap_describe(const struct wr_swap *swap, struct wr_buf *out)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < swap->count && rc == WR_OK; i++) {
		const struct wr_swap_item *item = &swap->items[i];
		bool goes = item->kind == WR_SWAP_GOES && item->lane.lane != NULL;

		if (!goes && item->leaving == NULL)
			continue;
		rc = wr_buf_printf(out, "%spipeline %s, lane %u: %s", out->size > 0 ? "; " : "",
				   item->lane.pipeline, item->lane.number,
				   goes ? "it finishes what it has taken"
					: "batches of the former generation are in flight");
	}
	return rc;
}

void wr_swap_stop(struct wr_swap *swap, int64_t deadline_mono_ns)
{
	WR_CHECK(swap, SWAP_MAGIC);
	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (swap->settled && item->kind == WR_SWAP_GOES && item->lane.lane != NULL)
			wr_lane_stop(item->lane.lane, deadline_mono_ns);
	}
}

bool wr_swap_join(struct wr_swap *swap)
{
	bool clean = true;

	WR_CHECK(swap, SWAP_MAGIC);
	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (swap->settled && item->kind == WR_SWAP_GOES && item->lane.lane != NULL)
			clean = wr_lane_join(item->lane.lane) && clean;
	}
	return clean;
}

/* What was made and never used, or what the engine's end has left. */
static void destroy_item(const struct wr_swap *swap, struct wr_swap_item *item)
{
	if (item->asked && !swap->settled)
		wr_lane_adopt(item->lane.lane, NULL); /* that it goes back may still wait there */
	if (item->leaving != NULL && is_free(item->leaving))
		wr_program_destroy(item->leaving); /* else it is destroyed with its lane */
	switch (item->kind) {
	case WR_SWAP_STAYS:
		if (!swap->settled && item->leaving == NULL)
			wr_program_destroy(item->next);
		return;
	case WR_SWAP_COMES:
		if (swap->settled)
			return;
		if (swap->rehearsal)
			wr_program_destroy(item->next);
		break;
	case WR_SWAP_GOES:
		if (!swap->settled)
			return;
		break;
	}
	if (item->lane.lane == NULL)
		return;
	wr_lane_join(item->lane.lane);
	wr_lane_destroy(item->lane.lane);
}

void wr_swap_destroy(struct wr_swap *swap)
{
	if (swap == NULL)
		return;
	WR_CHECK(swap, SWAP_MAGIC);
	for (size_t i = 0; i < swap->count; i++)
		destroy_item(swap, &swap->items[i]);
	wr_states_fini(&swap->states);
	free(swap->items);
	free(swap->lanes);
	swap->magic = 0;
	free(swap);
}
