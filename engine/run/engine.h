/*
 * All lanes: made, started and stopped together; run/swap.h takes them from one generation to the next. One thread at
 * a time: main's, and while the engine runs the reload thread's.
 */
#ifndef WR_RUN_ENGINE_H
#define WR_RUN_ENGINE_H

#include "run/lane.h"

struct wr_engine;

struct wr_engine_options {
	const struct wr_generation *generation; /* borrowed: outlives the lanes that run it */
	const struct wr_lane_adapters *adapters;
	const struct wr_clock *clock;
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_board *board; /* NULL: none */
	uint64_t seed;
};

/* Makes every lane of every pipeline; no thread yet. The codes of wr_lane_create(); err names the pipeline. */
enum wr_code wr_engine_create(const struct wr_engine_options *options, struct wr_engine **engine_r,
			      struct wr_err *err);

enum wr_code wr_engine_start(struct wr_engine *engine, struct wr_err *err);

/* Waits of a swap end at once from now on, as if their time was over: the engine is to stop. [any] */
void wr_engine_hurry(struct wr_engine *engine);

/* Asks all lanes to finish until the deadline and waits for them. True when nothing was left undone. */
bool wr_engine_stop(struct wr_engine *engine, int64_t deadline_mono_ns);

/* Stopped or never started. NULL does nothing. */
void wr_engine_destroy(struct wr_engine *engine);

#endif
