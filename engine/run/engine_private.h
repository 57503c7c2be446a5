/*
 * The inside of the engine, shared by run/engine.c and run/swap*.c.
 */
#ifndef WR_RUN_ENGINE_PRIVATE_H
#define WR_RUN_ENGINE_PRIVATE_H

#include "base/check.h"
#include "run/engine.h"
#include "run/program.h"

#include <stdatomic.h>

#define WR_ENGINE_MAGIC 0x5752454eu

struct wr_engine_lane {
	struct wr_lane *lane;
	const char *pipeline; /* its name, of the generation that it runs */
	uint32_t number;
	struct wr_program *program; /* that it was given last */
};

struct wr_engine {
	uint32_t magic;
	struct wr_engine_options o;
	uint64_t made; /* lanes, ever: each has its own seed */
	struct wr_engine_lane *lanes;
	size_t count;
	_Atomic bool hurries;
	int changed_fd; /* an eventfd, written by lanes when something changed that a swap waits for */
};

/* A lane of that pipeline; no thread yet. The codes of wr_lane_create(). */
enum wr_code wr_engine_make_lane(struct wr_engine *engine, const struct wr_pipeline *pipeline,
				 uint32_t number, struct wr_engine_lane *lane_r,
				 struct wr_err *err);

/* Turns the life cycles of its plugins on. On failure those that are on are turned off again. WR_OK, WR_EREFUSED. */
enum wr_code wr_engine_activate(struct wr_program *program, struct wr_err *err);
void wr_engine_deactivate(struct wr_program *program);

/* Waits until `is_so` is true: then true; false at the deadline. */
bool wr_engine_wait(struct wr_engine *engine, bool (*is_so)(void *arg), void *arg,
		    int64_t deadline_mono_ns);

#endif
