/*
 * A program: what one lane runs under one generation, that is the instances of its pipeline's plugins, the topics
 * that it writes, its retry policies and the metrics of its stages. Whoever makes a generation makes the programs; a
 * lane takes one at a batch boundary. A batch keeps the program under which it was opened, so that its events meet
 * the same plugins, but for those that wait for a retry: they go on under the one that comes.
 *
 * Made and destroyed by the main thread, outside of the lane's loop; in between it is the lane's.
 */
#ifndef WR_RUN_PROGRAM_H
#define WR_RUN_PROGRAM_H

#include "base/metrics.h"
#include "base/err.h"
#include "core/circuit.h"
#include "core/retry_budget.h"
#include "core/retry_policy.h"
#include "core/tier.h"
#include "host/instance.h"
#include "port/sink.h"

#include <stdatomic.h>

struct wr_stage_metrics {
	struct wr_metric_histogram *seconds;
	struct wr_metric_cell *overruns;
	struct wr_metric_cell *oldest;
	struct wr_metric_cell *circuit_open;
	struct wr_metric_cell *circuit_openings;
	struct wr_metric_cell *budget_used;
	struct wr_metric_cell *waits[WR_TIERS_MAX]; /* by tier */
	struct wr_metric_cell *waits_inline;
};

/* What stands between a stage and its retries. */
struct wr_stage_guard {
	struct wr_retry_policy policy;
	struct wr_retry_budget budget;
	struct wr_circuit circuit;
	int64_t answered_mono_ns;                         /* when the circuit's last row ended */
	bool keeps_order;                                 /* retry.mode: key */
	struct wr_tiers tiers;                            /* none: retries wait in the lane */
	struct wr_sink_topic *retry_topics[WR_TIERS_MAX]; /* by tier; of the lane's present sink */
	uint64_t successes; /* calls that ended in OK or DROP and are not in the budget yet */
};

/* Where it is on its way through a lane: see wr_lane_adopt(). */
enum wr_program_state {
	WR_PROGRAM_NEW,   /* no lane has taken it yet */
	WR_PROGRAM_TRIED, /* a share of the keys is run under it, the others under the current one */
	WR_PROGRAM_CURRENT, /* batches are opened under it */
	WR_PROGRAM_RETIRING, /* another one is current, but batches that were opened under it are in flight */
	WR_PROGRAM_LEFT,   /* the lane is through with it */
	WR_PROGRAM_REFUSED /* the lane could not take it; `refusal` says why */
};

struct wr_program {
	uint32_t magic;
	const struct wr_pipeline *pipeline; /* borrowed: outlives the program */
	const struct wr_conf_pipeline *conf;
	char generation[24]; /* its number as text */
	bool keeps_order;    /* some stage does */
	struct wr_instances *instances;
	struct wr_metrics *registry;
	struct wr_stage_metrics *stage_metrics; /* by stage */
	struct wr_stage_guard *guards;          /* by stage */
	struct wr_sink_topic **outputs;         /* by weir_output; of the lane's present sink */
	struct wr_sink_topic *dlq;
	uint32_t batches; /* opened under it and not free yet */
	_Atomic uint32_t
	    share; /* of the keys, in millionths; less than all: a lane that adopts it tries it [any] */
	struct wr_program *next; /* among those that the lane has not left */
	struct wr_err refusal;   /* written before the state says REFUSED */
	_Atomic int state;       /* enum wr_program_state; written by the lane [any] */
};

struct wr_program_options {
	const struct wr_pipeline *pipeline;
	uint32_t lane;
	uint32_t lane_count;
	struct wr_metrics *metrics;
};

/* WR_OK; WR_EREFUSED when a plugin's create() failed (err names stage and reason); WR_ENOMEM. [main] */
enum wr_code wr_program_create(const struct wr_program_options *options,
			       struct wr_program **program_r, struct wr_err *err);

static inline enum wr_program_state wr_program_state(const struct wr_program *program)
{
	return (enum wr_program_state)atomic_load(&program->state);
}

/* No batch may be left under it. NULL does nothing. [main] */
void wr_program_destroy(struct wr_program *program);

/* Finds its topics in a sink, which must outlive their use. The codes of the sink's topic(). [lane] */
enum wr_code wr_program_resolve(struct wr_program *program, struct wr_sink *sink,
				struct wr_err *err);

/* The stage of that name, or else the one that says it was called so. False: there is neither. */
bool wr_program_find_stage(const struct wr_program *program, struct wr_bytes name,
			   uint32_t *stage_r);

#endif
