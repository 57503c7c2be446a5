/*
 * The instances of a pipeline's plugins for one lane, and calling them. Made and destroyed by the main thread,
 * called by the lane's thread alone.
 */
#ifndef WR_HOST_INSTANCE_H
#define WR_HOST_INSTANCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/metrics.h"
#include "core/event.h"
#include "host/generation.h"

/* The parsed value of one event at a time, shared by the lane (event id) and the getters of the host table. */
struct wr_json_cache {
	struct wr_json_reader *reader;
	const void *data; /* what is parsed now; NULL: nothing */
	size_t size;
	bool valid;
};

/* Parses unless it is what was parsed last. WR_OK, WR_EINVAL (err has line and column), WR_ENOMEM. [lane] */
enum wr_code wr_json_cache_load(struct wr_json_cache *cache, struct weir_bytes value,
				struct wr_err *err);

/* Must be called when memory that may be cached is given back. [lane] */
void wr_json_cache_forget(struct wr_json_cache *cache);

struct wr_instances; /* one instance of every stage of a pipeline, for one lane */

/* Creates them all. WR_OK; WR_EREFUSED when a plugin's create() failed (err names stage and reason); WR_ENOMEM.
 * [main] */
enum wr_code wr_instances_create(const struct wr_pipeline *pipeline, uint32_t lane,
				 uint32_t lane_count, struct wr_metrics *metrics,
				 struct wr_instances **instances_r, struct wr_err *err);
void wr_instances_destroy(struct wr_instances *instances);

/* Runs n events through the handler of `stage` in one call. Afterwards each event's `res.verdict` is one of OK,
 * DROP, RETRY or FAIL, its effects are taken over (OK, DROP) or forgotten, res and effects.code/message say the
 * rest; or effects.deferred is set: the event was not run and waits for an earlier one of its key. Memory comes
 * from `arena`. deadline_mono_ns 0: none. [lane] */
void wr_instances_process(struct wr_instances *instances, uint32_t stage,
			  struct wr_event *const *events, size_t n, struct wr_arena *arena,
			  struct wr_json_cache *json, int64_t deadline_mono_ns);

#endif
