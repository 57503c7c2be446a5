/*
 * A lane: one thread with its own source, sink and claim store, running batches through a pipeline. It shares
 * nothing with other lanes but the generation that it reads. See docs/architecture.md for its loop.
 */
#ifndef WR_RUN_LANE_H
#define WR_RUN_LANE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"
#include "core/canary.h"
#include "host/generation.h"
#include "host/instance.h"
#include "port/claim_store.h"
#include "port/sink.h"
#include "port/source.h"
#include "run/board.h"
#include "run/health.h"

struct wr_lane;

/* A lane's share of the configured memory, in bytes; 0: no bound. */
struct wr_lane_budget {
	size_t fetch, window, producer;
	size_t parked; /* what is known of keys that are parked */
};

/* How a lane makes its adapters: main wires Kafka, Redis and memory to it, a test wires fakes. Each may be called
 * again after the old one was destroyed. `wake_fd` is an eventfd to write to when there is something to do. */
struct wr_lane_adapters {
	void *arg;
	enum wr_code (*source)(void *arg, const struct wr_lane *lane, int wake_fd,
			       struct wr_source **source_r, struct wr_err *err);
	enum wr_code (*sink)(void *arg, const struct wr_lane *lane, int wake_fd,
			     wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			     struct wr_err *err);
	/* *store_r NULL: no claims are made. */
	enum wr_code (*store)(void *arg, const struct wr_lane *lane,
			      struct wr_claim_store **store_r, struct wr_err *err);
	/* The window's is the lane's to keep, the others its adapters'. NULL: no bounds. */
	struct wr_lane_budget (*budget)(void *arg);
};

struct wr_lane_options {
	const struct wr_pipeline *pipeline; /* borrowed: outlives the lane */
	uint32_t number;
	uint32_t lane_count;
	const struct wr_lane_adapters *adapters; /* borrowed: outlives the lane */
	const struct wr_clock *clock;
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_board *board; /* where it shows itself and is paused; NULL: neither */
	uint64_t seed;
	struct wr_lane_budget
	    budget; /* the window's is the lane's to keep, the others its adapters' */
	void (*changed)(
	    void *
		arg); /* after a program's state has changed, or the lane holds; NULL: nobody asks [lane] */
	void *changed_arg;
};

/* Makes the lane with its instances and adapters; no thread yet. WR_OK, WR_EREFUSED (a plugin's create() or an
 * adapter said no), WR_EINVAL, WR_ENOMEM. [main] */
enum wr_code wr_lane_create(const struct wr_lane_options *options, struct wr_lane **lane_r,
			    struct wr_err *err);

/* The thread must have been joined or never started, and no program may wait to be adopted. Destroys the programs
 * that it has. NULL does nothing. [main] */
void wr_lane_destroy(struct wr_lane *lane);

enum wr_code wr_lane_start(struct wr_lane *lane, struct wr_err *err); /* [main] */

/* Asks it to finish what is in flight until the deadline, commit and leave the group. Returns at once. Asked again, the
 * earlier deadline counts. [any] */
void wr_lane_stop(struct wr_lane *lane, int64_t deadline_mono_ns);

/* True once its thread has nothing more to do, so that joining does not wait. [any] */
bool wr_lane_is_finished(const struct wr_lane *lane);

/* Waits for its thread. True when everything that was in flight was finished and committed. [main] */
bool wr_lane_join(struct wr_lane *lane);

/* The lane opens its next batch under `program`, made for its pipeline and number; batches in flight finish under the
 * program that they were opened under, and events of a key keep their order over the change. program->state tells how
 * far it is. The lane's until LEFT or REFUSED, then the caller's again; a program that is RETIRING or has LEFT can be
 * adopted again. With a share that is less than all the lane tries it: the present program stays current, and events of
 * the share's keys are run under the other one. Adopting it again with a share of all ends the trial by going over to it,
 * adopting the current one ends it by going back: events of the trial that have no outcome are then run by the
 * current program from where they came in. Returns the program that was given before and that the lane has not looked at yet, which is the
 * caller's then, else NULL; adopting NULL takes it back. [any] */
struct wr_program *wr_lane_adopt(struct wr_lane *lane, struct wr_program *program);

/* What a lane counts while it tries a program whose share is less than all: of the keys of this share and of the others,
 * over the same time. An event counts once it was run, and fails when a handler answered FAIL or RETRY, when its call
 * overran the stage's timeout, or when Kafka refused its output. */
struct wr_lane_trial {
	struct wr_canary_counts stable, canary;
	bool canary_broken, stable_broken; /* a circuit is open */
};

/* All zero before the first trial; what the last one counted after it. [any] */
struct wr_lane_trial wr_lane_trial(const struct wr_lane *lane);

/* The program under which batches are opened; stable only while nothing is being adopted. [any] */
struct wr_program *wr_lane_program(struct wr_lane *lane);

/* Asks the lane to stop between two batches, with no event left that a handler has yet to see but retries, or lets it go
 * on. While it holds it takes nothing and calls no plugin, but answers Kafka. [any] */
void wr_lane_hold(struct wr_lane *lane, bool hold);
bool wr_lane_holds(const struct wr_lane *lane);

const struct wr_pipeline *wr_lane_pipeline(const struct wr_lane *lane);
uint32_t wr_lane_number(const struct wr_lane *lane);

/* One turn of its loop without waiting; false when there was nothing to do. The lane's own thread, or a test that
 * drives it by hand. [lane] */
bool wr_lane_step(struct wr_lane *lane);

/* True when it was asked to stop and has finished: no more steps. [lane] */
bool wr_lane_has_left(const struct wr_lane *lane);

/* How many batches are in flight. [lane] */
uint32_t wr_lane_in_flight(const struct wr_lane *lane);

#endif
