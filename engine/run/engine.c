#include "config.h"

#include "run/engine.h"

#include "base/check.h"

#include <stdlib.h>

#define ENGINE_MAGIC 0x5752454eu

struct wr_engine {
	uint32_t magic;
	struct wr_lane **lanes;
	size_t count;
};

static size_t count_lanes(const struct wr_generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->pipeline_count; i++)
		count += (size_t)generation->pipelines[i].conf->lanes;
	return count;
}

static enum wr_code add_lanes(struct wr_engine *engine, const struct wr_engine_options *o,
			      const struct wr_pipeline *pipeline, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (int i = 0; i < pipeline->conf->lanes && rc == WR_OK; i++) {
		struct wr_lane_options lane = {
		    .pipeline = pipeline,
		    .number = (uint32_t)i,
		    .lane_count = (uint32_t)pipeline->conf->lanes,
		    .adapters = o->adapters,
		    .clock = o->clock,
		    .metrics = o->metrics,
		    .health = o->health,
		    .board = o->board,
		    .seed = o->seed + engine->count,
		};

		rc = wr_lane_create(&lane, &engine->lanes[engine->count], err);
		if (rc == WR_OK)
			engine->count++;
		else
			wr_err_prefix(err, "pipeline %s", pipeline->conf->name);
	}
	return rc;
}

enum wr_code wr_engine_create(const struct wr_engine_options *options, struct wr_engine **engine_r,
			      struct wr_err *err)
{
	struct wr_engine *engine = calloc(1, sizeof(*engine));
	enum wr_code rc = WR_OK;

	*engine_r = NULL;
	if (engine == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the engine");
	engine->magic = ENGINE_MAGIC;
	engine->lanes = calloc(count_lanes(options->generation) + 1, sizeof(struct wr_lane *));
	if (engine->lanes == NULL)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for the engine");
	for (size_t i = 0; i < options->generation->pipeline_count && rc == WR_OK; i++)
		rc = add_lanes(engine, options, &options->generation->pipelines[i], err);
	if (rc != WR_OK) {
		wr_engine_destroy(engine);
		return rc;
	}
	*engine_r = engine;
	return WR_OK;
}

enum wr_code wr_engine_start(struct wr_engine *engine, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	WR_CHECK(engine, ENGINE_MAGIC);
	for (size_t i = 0; i < engine->count && rc == WR_OK; i++)
		rc = wr_lane_start(engine->lanes[i], err);
	return rc;
}

bool wr_engine_stop(struct wr_engine *engine, int64_t deadline_mono_ns)
{
	bool clean = true;

	WR_CHECK(engine, ENGINE_MAGIC);
	for (size_t i = 0; i < engine->count; i++)
		wr_lane_stop(engine->lanes[i], deadline_mono_ns);
	for (size_t i = 0; i < engine->count; i++)
		clean = wr_lane_join(engine->lanes[i]) && clean;
	return clean;
}

void wr_engine_destroy(struct wr_engine *engine)
{
	if (engine == NULL)
		return;
	WR_CHECK(engine, ENGINE_MAGIC);
	for (size_t i = 0; i < engine->count; i++)
		wr_lane_destroy(engine->lanes[i]);
	free(engine->lanes);
	engine->magic = 0;
	free(engine);
}
