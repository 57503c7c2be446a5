#include "config.h"

#include "run/admin_show.h"

#include "base/check.h"
#include "host/plugin.h"

#include <stdio.h>

static void put_known(struct wr_json_out *out, const char *name, int64_t value)
{
	if (value >= 0)
		wr_json_out_integer(out, name, value);
	else
		wr_json_out_null(out, name);
}

static void put_partition(struct wr_json_out *out, const struct wr_board_partition *partition)
{
	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "topic", partition->topic);
	wr_json_out_integer(out, "partition", partition->id);
	put_known(out, "committed", partition->committed);
	put_known(out, "position", partition->position);
	put_known(out, "lag", partition->lag);
	wr_json_out_end(out);
}

static void put_counts(struct wr_json_out *out, const struct wr_board_counts *counts)
{
	wr_json_out_begin_object(out, "events");
	wr_json_out_integer(out, "taken", (int64_t)counts->taken);
	wr_json_out_integer(out, "processed", (int64_t)counts->processed);
	wr_json_out_integer(out, "dropped", (int64_t)counts->dropped);
	wr_json_out_integer(out, "duplicate", (int64_t)counts->duplicate);
	wr_json_out_integer(out, "dead_lettered", (int64_t)counts->dead_lettered);
	wr_json_out_integer(out, "retries", (int64_t)counts->retries);
	wr_json_out_end(out);
}

static void put_circuits(struct wr_json_out *out, const struct wr_board_snapshot *lane)
{
	wr_json_out_begin_array(out, "open_circuits");
	for (size_t i = 0; i < lane->circuit_count; i++) {
		const struct wr_board_circuit *circuit = &lane->circuits[i];

		wr_json_out_begin_object(out, NULL);
		wr_json_out_text(out, "stage", circuit->stage);
		wr_json_out_integer(out, "generation", (int64_t)circuit->generation);
		wr_json_out_number(out, "open_seconds", circuit->open_s);
		wr_json_out_number(out, "next_probe_seconds", circuit->probe_s);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
}

static void put_lane(struct wr_json_out *out, uint32_t number, const struct wr_board_snapshot *lane)
{
	wr_json_out_begin_object(out, NULL);
	wr_json_out_integer(out, "lane", number);
	wr_json_out_text(out, "state", wr_board_state_name(lane->state));
	wr_json_out_integer(out, "generation", (int64_t)lane->generation);
	wr_json_out_integer(out, "in_flight", lane->in_flight);
	wr_json_out_integer(out, "window", lane->window);
	wr_json_out_integer(out, "parked", (int64_t)lane->parked);
	wr_json_out_number(out, "oldest_seconds", lane->oldest_s);
	put_counts(out, &lane->counts);
	put_circuits(out, lane);
	wr_json_out_begin_array(out, "partitions");
	for (size_t i = 0; i < lane->partition_count; i++)
		put_partition(out, &lane->partitions[i]);
	wr_json_out_end(out);
	wr_json_out_end(out);
}

static bool all_lanes_are(const struct wr_board_view *view, enum wr_board_state state)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->items[i].state != state)
			return false;
	}
	return true;
}

static bool any_lane_is(const struct wr_board_view *view, enum wr_board_state state)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->items[i].state == state)
			return true;
	}
	return false;
}

/* What the flag says goes before what lanes published a moment ago. */
static enum wr_board_state state_of(const struct wr_board_view *view, bool is_paused)
{
	if (any_lane_is(view, WR_BOARD_STOPPING))
		return WR_BOARD_STOPPING;
	if (is_paused)
		return all_lanes_are(view, WR_BOARD_PAUSED) ? WR_BOARD_PAUSED : WR_BOARD_PAUSING;
	if (view->count == 0 || any_lane_is(view, WR_BOARD_STARTING))
		return WR_BOARD_STARTING;
	return all_lanes_are(view, WR_BOARD_IDLE) ? WR_BOARD_IDLE : WR_BOARD_RUNNING;
}

static void put_sums(struct wr_json_out *out, const struct wr_board_view *view)
{
	struct wr_board_counts sum = {.taken = 0};
	int64_t lag = 0, in_flight = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct wr_board_snapshot *lane = &view->items[i];

		in_flight += lane->in_flight;
		sum.taken += lane->counts.taken;
		sum.processed += lane->counts.processed;
		sum.dropped += lane->counts.dropped;
		sum.duplicate += lane->counts.duplicate;
		sum.dead_lettered += lane->counts.dead_lettered;
		sum.retries += lane->counts.retries;
		for (size_t j = 0; j < lane->partition_count; j++) {
			if (lane->partitions[j].lag > 0)
				lag += lane->partitions[j].lag;
		}
	}
	wr_json_out_integer(out, "lag", lag);
	wr_json_out_integer(out, "in_flight", in_flight);
	put_counts(out, &sum);
}

static void put_stages(struct wr_json_out *out, const struct wr_pipeline *pipeline)
{
	wr_json_out_begin_array(out, "stages");
	for (uint32_t i = 0; i < pipeline->stage_count; i++) {
		wr_json_out_begin_object(out, NULL);
		wr_json_out_text(out, "name", pipeline->stages[i].name);
		wr_json_out_text(out, "plugin", pipeline->stages[i].plugin->id);
		wr_json_out_text(out, "version", pipeline->stages[i].plugin->version);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
}

static void put_conf(struct wr_json_out *out, const struct wr_conf_pipeline *conf)
{
	wr_json_out_text(out, "delivery",
			 conf->delivery == WR_EXACTLY_ONCE ? "exactly_once" : "at_least_once");
	wr_json_out_begin_object(out, "source");
	wr_json_out_text(out, "group", conf->group);
	wr_json_out_begin_array(out, "topics");
	for (size_t i = 0; i < conf->topics.count; i++)
		wr_json_out_text(out, NULL, conf->topics.items[i]);
	wr_json_out_end(out);
	wr_json_out_end(out);
	wr_json_out_begin_object(out, "outputs");
	for (size_t i = 0; i < conf->output_count; i++)
		wr_json_out_text(out, conf->outputs[i].name, conf->outputs[i].topic);
	wr_json_out_end(out);
	wr_json_out_text(out, "dlq", conf->dlq_topic);
}

static void put_pipeline(struct wr_json_out *out, const struct wr_pipeline *pipeline,
			 struct wr_board *board)
{
	const char *name = pipeline->conf->name;
	struct wr_board_view view;

	if (wr_board_look(board, name, &view) != WR_OK) {
		out->rc = WR_ENOMEM;
		return;
	}
	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "name", name);
	wr_json_out_text(
	    out, "state",
	    wr_board_state_name(state_of(&view, wr_board_pipeline_is_paused(board, name))));
	put_conf(out, pipeline->conf);
	put_stages(out, pipeline);
	put_sums(out, &view);
	wr_json_out_begin_array(out, "lanes");
	for (size_t i = 0; i < view.count; i++)
		put_lane(out, view.numbers[i], &view.items[i]);
	wr_json_out_end(out);
	wr_json_out_end(out);
	wr_board_view_fini(&view);
}

void wr_admin_show_pipelines(struct wr_json_out *out, const struct wr_generation *generation,
			     struct wr_board *board)
{
	wr_json_out_begin_array(out, "pipelines");
	for (size_t i = 0; generation != NULL && i < generation->pipeline_count; i++)
		put_pipeline(out, &generation->pipelines[i], board);
	wr_json_out_end(out);
}

/* The stages of a pipeline, from number `from` on, that use the plugin; as "pipeline/stage". */
static void put_users(struct wr_json_out *out, const struct wr_generation *generation,
		      const struct wr_plugin *plugin)
{
	char name[512];

	wr_json_out_begin_array(out, "stages");
	for (size_t i = 0; i < generation->pipeline_count; i++) {
		const struct wr_pipeline *pipeline = &generation->pipelines[i];

		for (uint32_t j = 0; j < pipeline->stage_count; j++) {
			if (pipeline->stages[j].plugin != plugin)
				continue;
			snprintf(name, sizeof(name), "%s/%s", pipeline->conf->name,
				 pipeline->stages[j].name);
			wr_json_out_text(out, NULL, name);
		}
	}
	wr_json_out_end(out);
}

static void put_plugin(struct wr_json_out *out, const struct wr_generation *generation,
		       const struct wr_plugin *plugin)
{
	char abi[32];

	snprintf(abi, sizeof(abi), "%u.%u", (unsigned)plugin->entry->abi_major,
		 (unsigned)plugin->entry->abi_minor_needed);
	wr_json_out_begin_object(out, NULL);
	wr_json_out_text(out, "id", plugin->id);
	wr_json_out_text(out, "version", plugin->version);
	wr_json_out_text(out, "file", plugin->path);
	wr_json_out_text(out, "build_id", plugin->build_id[0] != '\0' ? plugin->build_id : NULL);
	wr_json_out_text(out, "sha256", plugin->sha256);
	wr_json_out_text(out, "abi", abi);
	put_users(out, generation, plugin);
	wr_json_out_end(out);
}

/* Whether an earlier stage uses the same. */
static bool is_listed(const struct wr_generation *generation, size_t pipeline, uint32_t stage)
{
	const struct wr_plugin *plugin = generation->pipelines[pipeline].stages[stage].plugin;

	for (size_t i = 0; i <= pipeline; i++) {
		const struct wr_pipeline *p = &generation->pipelines[i];

		for (uint32_t j = 0; j < p->stage_count; j++) {
			if (i == pipeline && j == stage)
				return false;
			if (p->stages[j].plugin == plugin)
				return true;
		}
	}
	return false;
}

void wr_admin_show_plugins(struct wr_json_out *out, const struct wr_generation *generation)
{
	wr_json_out_begin_array(out, "plugins");
	for (size_t i = 0; generation != NULL && i < generation->pipeline_count; i++) {
		const struct wr_pipeline *pipeline = &generation->pipelines[i];

		for (uint32_t j = 0; j < pipeline->stage_count; j++) {
			if (!is_listed(generation, i, j))
				put_plugin(out, generation, pipeline->stages[j].plugin);
		}
	}
	wr_json_out_end(out);
}
