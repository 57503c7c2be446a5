#include "config.h"

#include "run/engine_private.h"

#include "host/extensions.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static size_t count_lanes(const struct wr_generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->pipeline_count; i++)
		count += (size_t)generation->pipelines[i].conf->lanes;
	return count;
}

/* Something changed. [lane] */
static void note_change(void *arg)
{
	static const uint64_t one = 1;
	struct wr_engine *engine = arg;

	/* It only fails when the counter is full, and then whoever waits is awake. */
	if (write(engine->changed_fd, &one, sizeof(one)) < 0)
		return;
}

bool wr_engine_wait(struct wr_engine *engine, bool (*is_so)(void *arg), void *arg,
		    int64_t deadline_mono_ns)
{
	struct pollfd fd = {.fd = engine->changed_fd, .events = POLLIN};
	uint64_t changes;

	while (!is_so(arg)) {
		int64_t left = deadline_mono_ns - wr_clock_mono_ns(engine->o.clock);

		if (left <= 0 || atomic_load(&engine->hurries))
			return false;
		left = left / WR_NS_PER_MS + 1;
		if (poll(&fd, 1, left > 1000 ? 1000 : (int)left) > 0 &&
		    read(engine->changed_fd, &changes, sizeof(changes)) < 0)
			return is_so(arg);
	}
	return true;
}

enum wr_code wr_engine_make_lane(struct wr_engine *engine, const struct wr_pipeline *pipeline,
				 uint32_t number, struct wr_engine_lane *lane_r, struct wr_err *err)
{
	const struct wr_engine_options *o = &engine->o;
	const struct wr_lane_options options = {
	    .pipeline = pipeline,
	    .number = number,
	    .lane_count = (uint32_t)pipeline->conf->lanes,
	    .adapters = o->adapters,
	    .clock = o->clock,
	    .metrics = o->metrics,
	    .health = o->health,
	    .board = o->board,
	    .seed = o->seed + engine->made,
	    .changed = note_change,
	    .changed_arg = engine,
	};
	enum wr_code rc;

	*lane_r = (struct wr_engine_lane){.pipeline = pipeline->conf->name, .number = number};
	rc = wr_lane_create(&options, &lane_r->lane, err);
	if (rc != WR_OK) {
		wr_err_prefix(err, "pipeline %s", pipeline->conf->name);
		return rc;
	}
	engine->made++;
	lane_r->program = wr_lane_program(lane_r->lane);
	return WR_OK;
}

enum wr_code wr_engine_activate(struct wr_program *program, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (uint32_t i = 0; i < program->pipeline->stage_count && rc == WR_OK; i++)
		rc = wr_instances_activate(program->instances, i, err);
	if (rc != WR_OK)
		wr_engine_deactivate(program);
	return rc;
}

void wr_engine_deactivate(struct wr_program *program)
{
	for (uint32_t i = program->pipeline->stage_count; i > 0; i--)
		wr_instances_deactivate(program->instances, i - 1);
}

static enum wr_code init(struct wr_engine *engine, struct wr_err *err)
{
	const struct wr_generation *generation = engine->o.generation;
	enum wr_code rc = WR_OK;

	engine->changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (engine->changed_fd < 0)
		return wr_err_set(err, WR_EIO, "no descriptor left for the engine");
	engine->lanes = calloc(count_lanes(generation) + 1, sizeof(*engine->lanes));
	if (engine->lanes == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the engine");
	for (size_t i = 0; i < generation->pipeline_count && rc == WR_OK; i++) {
		const struct wr_pipeline *pipeline = &generation->pipelines[i];

		for (int n = 0; n < pipeline->conf->lanes && rc == WR_OK; n++) {
			rc = wr_engine_make_lane(engine, pipeline, (uint32_t)n,
						 &engine->lanes[engine->count], err);
			engine->count += rc == WR_OK;
		}
	}
	return rc;
}

enum wr_code wr_engine_create(const struct wr_engine_options *options, struct wr_engine **engine_r,
			      struct wr_err *err)
{
	struct wr_engine *engine = calloc(1, sizeof(*engine));
	enum wr_code rc;

	*engine_r = NULL;
	if (engine == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the engine");
	engine->magic = WR_ENGINE_MAGIC;
	engine->o = *options;
	engine->changed_fd = -1;
	rc = init(engine, err);
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

	WR_CHECK(engine, WR_ENGINE_MAGIC);
	for (size_t i = 0; i < engine->count && rc == WR_OK; i++)
		rc = wr_engine_activate(engine->lanes[i].program, err);
	for (size_t i = 0; i < engine->count && rc == WR_OK; i++)
		rc = wr_lane_start(engine->lanes[i].lane, err);
	return rc;
}

void wr_engine_hurry(struct wr_engine *engine)
{
	WR_CHECK(engine, WR_ENGINE_MAGIC);
	atomic_store(&engine->hurries, true);
	note_change(engine);
}

bool wr_engine_stop(struct wr_engine *engine, int64_t deadline_mono_ns)
{
	bool clean = true;

	WR_CHECK(engine, WR_ENGINE_MAGIC);
	for (size_t i = 0; i < engine->count; i++)
		wr_lane_stop(engine->lanes[i].lane, deadline_mono_ns);
	for (size_t i = 0; i < engine->count; i++)
		clean = wr_lane_join(engine->lanes[i].lane) && clean;
	return clean;
}

void wr_engine_destroy(struct wr_engine *engine)
{
	if (engine == NULL)
		return;
	WR_CHECK(engine, WR_ENGINE_MAGIC);
	for (size_t i = 0; i < engine->count; i++)
		wr_lane_destroy(engine->lanes[i].lane);
	free(engine->lanes);
	if (engine->changed_fd >= 0)
		close(engine->changed_fd);
	engine->magic = 0;
	free(engine);
}
