/*
 * The way of an engine from one generation to the next: what is needed is made beforehand, then the lanes move at their
 * next batch, then the old generation drains. Lanes of a pipeline whose stages keep state, or hold what only one
 * instance can hold, meet between two batches first: their state is saved and loaded while none of them calls a plugin.
 *
 * What fails leaves, or puts back, the old generation. One thread at a time, the reload thread's.
 */
#ifndef WR_RUN_SWAP_H
#define WR_RUN_SWAP_H

#include "base/buf.h"
#include "host/extensions.h"
#include "run/engine.h"

struct wr_swap;

/* The state of one stage, under the name that it has in the generation it was saved from. */
struct wr_stage_state {
	const char *pipeline; /* of that generation */
	const char *stage;
	struct wr_state state;
};

struct wr_states {
	struct wr_stage_state *items;
	size_t count;
};

void wr_states_fini(struct wr_states *states);

/* The state that a stage takes over, by its own name or the one that it had (`was`); NULL: none. */
const struct wr_state *wr_states_find(const struct wr_states *states,
				      const struct wr_conf_pipeline *pipeline,
				      const struct wr_stage *stage);

/* What the instances of the running generation know at one moment, as its lanes come to rest one pipeline after the
 * other. WR_OK, WR_ETIMEDOUT (err says who did not come to rest), WR_EREFUSED, WR_ENOMEM. */
enum wr_code wr_swap_snapshot(struct wr_engine *engine, int64_t deadline_mono_ns,
			      struct wr_states *states_r, struct wr_err *err);

/* Makes all that `to` needs: a program for each lane that stays, and the lanes that are new (in a rehearsal, which is
 * never run, their programs only: a lane is seen by its consumer group). Nothing runs yet, and destroying it is all there
 * is to undo. `to` outlives the swap and what becomes of it. The codes of wr_lane_create(). */
enum wr_code wr_swap_create(struct wr_engine *engine, const struct wr_generation *to,
			    bool rehearsal, struct wr_swap **swap_r, struct wr_err *err);

/* Swaps. WR_OK: all lanes run `to`, and the old generation drains until drain_deadline, when lanes that go are stopped
 * at the latest. Otherwise everything is as it was, with err: WR_ETIMEDOUT (a lane did not come to the end of a batch in
 * time), WR_EREFUSED, WR_ENOMEM. Once. */
enum wr_code wr_swap_run(struct wr_swap *swap, int64_t deadline_mono_ns,
			 int64_t drain_deadline_mono_ns, struct wr_err *err);

/* Of a pipeline: the share of its keys to try, in millionths; 0: it is not tried. */
typedef uint32_t (*wr_swap_share_fn)(void *arg, const struct wr_pipeline *pipeline);

/* Before a run: the lanes of the pipelines that are tried run a share of their keys under `to`. Such a pipeline neither
 * keeps state nor holds anything, and no lane comes or goes. WR_OK; otherwise everything is as it was, with err:
 * WR_ETIMEDOUT, WR_EREFUSED. A run then goes over to `to` wholly. */
enum wr_code wr_swap_try(struct wr_swap *swap, wr_swap_share_fn share_of, void *arg,
			 int64_t deadline_mono_ns, struct wr_err *err);

/* What the lanes of a pipeline have counted since. */
struct wr_lane_trial wr_swap_trial(const struct wr_swap *swap, const char *pipeline);

/* Ends the trial: all keys go back. Then it drains as after a run, which there is none of. */
void wr_swap_give_up(struct wr_swap *swap);

/* What a stage of the new generation was given by the old one, borrowed; NULL: nothing. After a run. */
const struct wr_state *wr_swap_state_of(const struct wr_swap *swap,
					const struct wr_conf_pipeline *pipeline,
					const struct wr_stage *stage);

/* Takes back what the lanes are through with; true when nothing is left of the generation that goes. */
bool wr_swap_is_drained(struct wr_swap *swap);

/* The same, waiting for it. */
bool wr_swap_drain(struct wr_swap *swap, int64_t deadline_mono_ns);

/* The engine ends: lanes that go have until this deadline, if their own is not earlier. Returns at once. */
void wr_swap_stop(struct wr_swap *swap, int64_t deadline_mono_ns);

/* Waits for them. True when they have finished all that they had taken. */
bool wr_swap_join(struct wr_swap *swap);

/* Appends what it still waits for, in words. WR_OK or WR_ENOMEM. */
enum wr_code wr_swap_describe(const struct wr_swap *swap, struct wr_buf *out);

/* Not run, or drained, or the engine's lanes have stopped. NULL does nothing. */
void wr_swap_destroy(struct wr_swap *swap);

#endif
