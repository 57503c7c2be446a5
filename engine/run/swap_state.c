/* Lanes that meet between two batches: holding them, and handing over what their plugins know and hold. */
#include "config.h"

#include "run/swap_private.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

static bool keeps_something(const struct wr_pipeline *pipeline)
{
	for (uint32_t i = 0; pipeline != NULL && i < pipeline->stage_count; i++) {
		const struct wr_plugin *plugin = pipeline->stages[i].plugin;

		if (wr_plugin_has_state(plugin) || wr_plugin_has_lifecycle(plugin))
			return true;
	}
	return false;
}

bool wr_swap_is_exclusive(const struct wr_pipeline *a, const struct wr_pipeline *b)
{
	return keeps_something(a) || keeps_something(b);
}

/* ---- holding ---- */

static bool do_all_hold(void *arg)
{
	const struct wr_swap *swap = arg;

	for (size_t i = 0; i < swap->count; i++) {
		if (swap->items[i].held && !wr_lane_holds(swap->items[i].lane.lane))
			return false;
	}
	return true;
}

static enum wr_code did_not_rest(const struct wr_engine_lane *lane, struct wr_err *err)
{
	return wr_err_set(
	    err, WR_ETIMEDOUT,
	    "pipeline %s, lane %u did not come to rest in time: its stages keep state, and a "
	    "plugin has not returned, or the claim store has not answered",
	    lane->pipeline, lane->number);
}

enum wr_code wr_swap_hold(struct wr_swap *swap, int64_t deadline_mono_ns, struct wr_err *err)
{
	for (size_t i = 0; i < swap->count; i++) {
		struct wr_swap_item *item = &swap->items[i];

		if (!item->exclusive || item->kind == WR_SWAP_COMES)
			continue;
		item->held = true;
		wr_lane_hold(item->lane.lane, true);
	}
	if (wr_engine_wait(swap->engine, do_all_hold, swap, deadline_mono_ns))
		return WR_OK;
	for (size_t i = 0; i < swap->count; i++) {
		if (swap->items[i].held && !wr_lane_holds(swap->items[i].lane.lane))
			return did_not_rest(&swap->items[i].lane, err);
	}
	return WR_OK;
}

/* A lane that goes has saved its state and let go of what it held, and may not have seen yet that it is to stop: it
 * never takes anything again. */
void wr_swap_release(struct wr_swap *swap)
{
	for (size_t i = 0; i < swap->count; i++) {
		struct wr_swap_item *item = &swap->items[i];
		bool is_over = swap->settled && item->kind == WR_SWAP_GOES;

		if (item->held && item->lane.lane != NULL && !is_over)
			wr_lane_hold(item->lane.lane, false);
		item->held = false;
	}
}

/* ---- states ---- */

void wr_states_fini(struct wr_states *states)
{
	for (size_t i = 0; i < states->count; i++)
		wr_state_fini(&states->items[i].state);
	free(states->items);
	*states = (struct wr_states){NULL, 0};
}

static struct wr_stage_state *find_state(const struct wr_states *states, const char *pipeline,
					 const char *stage)
{
	for (size_t i = 0; stage != NULL && i < states->count; i++) {
		if (strcmp(states->items[i].pipeline, pipeline) == 0 &&
		    strcmp(states->items[i].stage, stage) == 0)
			return &states->items[i];
	}
	return NULL;
}

const struct wr_state *wr_states_find(const struct wr_states *states,
				      const struct wr_conf_pipeline *pipeline,
				      const struct wr_stage *stage)
{
	const struct wr_stage_state *found = find_state(states, pipeline->name, stage->name);

	if (found == NULL)
		found = find_state(states, pipeline->name, stage->conf->was);
	return found != NULL ? &found->state : NULL;
}

static struct wr_stage_state *need_state(struct wr_states *states, const char *pipeline,
					 const char *stage)
{
	struct wr_stage_state *found = find_state(states, pipeline, stage), *items;

	if (found != NULL)
		return found;
	items = realloc(states->items, (states->count + 1) * sizeof(*items));
	if (items == NULL)
		return NULL;
	states->items = items;
	items[states->count] = (struct wr_stage_state){.pipeline = pipeline, .stage = stage};
	return &items[states->count++];
}

/* Of all stages of one lane. */
static enum wr_code save_lane(struct wr_states *states, const struct wr_program *program,
			      struct wr_err *err)
{
	const struct wr_pipeline *pipeline = program->pipeline;
	enum wr_code rc = WR_OK;

	for (uint32_t i = 0; i < pipeline->stage_count && rc == WR_OK; i++) {
		const struct wr_stage *stage = &pipeline->stages[i];
		struct wr_stage_state *state;

		if (!wr_plugin_has_state(stage->plugin))
			continue;
		state = need_state(states, pipeline->conf->name, stage->name);
		if (state == NULL)
			return wr_err_set(err, WR_ENOMEM, "no memory for the state of a stage");
		rc = wr_instances_save(program->instances, i, &state->state, err);
	}
	return rc;
}

static enum wr_code load_lane(const struct wr_states *states, const struct wr_program *program,
			      struct wr_err *err)
{
	const struct wr_pipeline *pipeline = program->pipeline;
	enum wr_code rc = WR_OK;

	for (uint32_t i = 0; i < pipeline->stage_count && rc == WR_OK; i++) {
		const struct wr_state *state =
		    wr_states_find(states, pipeline->conf, &pipeline->stages[i]);

		if (state != NULL)
			rc = wr_instances_load(program->instances, i, state, err);
	}
	return rc;
}

enum wr_code wr_swap_hand_over(struct wr_swap *swap, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < swap->count && rc == WR_OK; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (item->held)
			rc = save_lane(&swap->states, item->lane.program, err);
	}
	for (size_t i = 0; i < swap->count && rc == WR_OK; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (item->exclusive && item->next != NULL)
			rc = load_lane(&swap->states, item->next, err);
	}
	if (rc != WR_OK)
		wr_err_prefix(err, "at the change of the generation");
	return rc;
}

const struct wr_state *wr_swap_state_of(const struct wr_swap *swap,
					const struct wr_conf_pipeline *pipeline,
					const struct wr_stage *stage)
{
	return wr_states_find(&swap->states, pipeline, stage);
}

/* ---- a snapshot ---- */

struct pipeline_lanes {
	struct wr_engine *engine;
	const char *pipeline;
};

static bool is_of(const struct wr_engine_lane *lane, const struct pipeline_lanes *p)
{
	return strcmp(lane->pipeline, p->pipeline) == 0;
}

static bool does_pipeline_hold(void *arg)
{
	const struct pipeline_lanes *p = arg;

	for (size_t i = 0; i < p->engine->count; i++) {
		if (is_of(&p->engine->lanes[i], p) && !wr_lane_holds(p->engine->lanes[i].lane))
			return false;
	}
	return true;
}

static void hold_pipeline(const struct pipeline_lanes *p, bool hold)
{
	for (size_t i = 0; i < p->engine->count; i++) {
		if (is_of(&p->engine->lanes[i], p))
			wr_lane_hold(p->engine->lanes[i].lane, hold);
	}
}

static enum wr_code snapshot_pipeline(struct pipeline_lanes *p, int64_t deadline_mono_ns,
				      struct wr_states *states, struct wr_err *err)
{
	bool rests;
	enum wr_code rc = WR_OK;

	hold_pipeline(p, true);
	rests = wr_engine_wait(p->engine, does_pipeline_hold, p, deadline_mono_ns);
	for (size_t i = 0; i < p->engine->count && rc == WR_OK; i++) {
		const struct wr_engine_lane *lane = &p->engine->lanes[i];

		if (!is_of(lane, p))
			continue;
		if (!rests && !wr_lane_holds(lane->lane))
			rc = did_not_rest(lane, err);
		else
			rc = save_lane(states, lane->program, err);
	}
	hold_pipeline(p, false);
	return rc;
}

static bool has_state(const struct wr_pipeline *pipeline)
{
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		if (wr_plugin_has_state(pipeline->stages[i].plugin))
			return true;
	}
	return false;
}

enum wr_code wr_swap_snapshot(struct wr_engine *engine, int64_t deadline_mono_ns,
			      struct wr_states *states_r, struct wr_err *err)
{
	const struct wr_generation *generation = engine->o.generation;
	enum wr_code rc = WR_OK;

	*states_r = (struct wr_states){NULL, 0};
	for (size_t i = 0; i < generation->pipeline_count && rc == WR_OK; i++) {
		struct pipeline_lanes p = {engine, generation->pipelines[i].conf->name};

		if (has_state(&generation->pipelines[i]))
			rc = snapshot_pipeline(&p, deadline_mono_ns, states_r, err);
	}
	if (rc != WR_OK)
		wr_states_fini(states_r);
	return rc;
}

/* ---- life cycles ---- */

static void turn_off(struct wr_swap *swap, bool new_ones)
{
	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (item->exclusive && new_ones && item->next != NULL)
			wr_engine_deactivate(item->next);
		else if (item->held && !new_ones)
			wr_engine_deactivate(item->lane.program);
	}
}

static void turn_old_on(struct wr_swap *swap)
{
	struct wr_err err;

	for (size_t i = 0; i < swap->count; i++) {
		const struct wr_swap_item *item = &swap->items[i];

		if (item->held && wr_engine_activate(item->lane.program, &err) != WR_OK)
			WR_LOG(WR_LOG_ERROR,
			       "a plugin of the old generation could not be activated again",
			       WR_STR("pipeline", item->lane.pipeline),
			       WR_INT("lane", item->lane.number), WR_STR("reason", err.text));
	}
}

void wr_swap_exchange_back(struct wr_swap *swap)
{
	turn_off(swap, true);
	turn_old_on(swap);
}

enum wr_code wr_swap_exchange(struct wr_swap *swap, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	turn_off(swap, false);
	for (size_t i = 0; i < swap->count && rc == WR_OK; i++) {
		if (swap->items[i].exclusive && swap->items[i].next != NULL)
			rc = wr_engine_activate(swap->items[i].next, err);
	}
	if (rc != WR_OK)
		wr_swap_exchange_back(swap);
	return rc;
}
