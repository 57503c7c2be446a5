#include "config.h"

#include "run/metric_table.h"

#include "base/check.h"

static const double seconds[] = {0.000001, 0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01,
				 0.025,    0.05,    0.1,    0.25,   0.5,   1,      2.5,   10};

static const char *const rewinds[] = {
#define X(name, text) text,
    WR_REWINDS(X)
#undef X
};

static const char *const txn_results[] = {
#define X(name, text) text,
    WR_TXN_RESULTS(X)
#undef X
};

static const char *const memory_parts[] = {
#define X(name, text) text,
    WR_MEMORY_PARTS(X)
#undef X
};

const char *wr_memory_part_name(enum wr_memory_part part)
{
	return memory_parts[part];
}

const char *wr_rewind_name(enum wr_rewind rewind)
{
	return rewinds[rewind];
}

const char *wr_txn_result_name(enum wr_txn_result result)
{
	return txn_results[result];
}

#define COUNTER(variable, name_, help_)            \
	const struct wr_metric_family variable = { \
	    .name = (name_), .help = (help_), .kind = WR_METRIC_COUNTER}
#define GAUGE(variable, name_, help_)              \
	const struct wr_metric_family variable = { \
	    .name = (name_), .help = (help_), .kind = WR_METRIC_GAUGE}
#define HISTOGRAM(variable, name_, help_)                                      \
	const struct wr_metric_family variable = {.name = (name_),             \
						  .help = (help_),             \
						  .kind = WR_METRIC_HISTOGRAM, \
						  .buckets = seconds,          \
						  .bucket_count = WR_COUNT_OF(seconds)}

COUNTER(wr_family_events, "weir_events_total",
	"Events with their final outcome, counted when their batch retires.");
COUNTER(wr_family_dead_letters, "weir_dead_letters_total", "Dead letters written, by class.");
COUNTER(wr_family_stage_overruns, "weir_stage_overruns_total",
	"Calls that took longer than the stage's timeout.");
COUNTER(wr_family_circuit_openings, "weir_circuit_openings_total",
	"How often the circuit of a stage opened: it failed wholesale.");
COUNTER(wr_family_retry_waits, "weir_retry_waits_total",
	"Waits for another attempt, by where they are spent and how long.");
GAUGE(wr_family_oldest_unfinished, WR_OLDEST_NAME, WR_OLDEST_HELP);
GAUGE(wr_family_circuit_open, "weir_circuit_open",
      "1 while the circuit of the stage is open: the lane takes nothing and probes.");
GAUGE(wr_family_retry_budget_used, "weir_retry_budget_used_ratio",
      "Share of the stage's retry budget of the last ten seconds that is used.");
GAUGE(
    wr_family_memory_used, "weir_memory_used_bytes",
    "Memory in use: records fetched ahead (estimated), events in the window, records that wait for their ack.");
GAUGE(wr_family_memory_budget, "weir_memory_budget_bytes",
      "What of the configured memory each of these may take.");
COUNTER(wr_family_rewinds, "weir_rewinds_total",
	"Times that reading went on elsewhere than behind the last record taken, by reason.");
COUNTER(wr_family_transactions, "weir_transactions_total", "Transactions, by how they ended.");
HISTOGRAM(wr_family_stage_seconds, "weir_stage_seconds",
	  "Time in a handler, per event (a call's time divided by its events).");
HISTOGRAM(wr_family_claim_seconds, "weir_claim_seconds",
	  "Time from sending a batch's claims to their last reply.");

GAUGE(wr_family_lag, "weir_consumer_lag_events",
      "Records between the committed position and the end of the partition.");

COUNTER(wr_family_canary_events, "weir_canary_events_total",
	"Events run while a canary was tried, by the generation that had their key.");
COUNTER(wr_family_canary_errors, "weir_canary_errors_total",
	"Those of them that failed or were retried.");
COUNTER(wr_family_canaries, "weir_canaries_total", "Canaries by how they ended.");
GAUGE(wr_family_canary, "weir_canary", "1 while a generation is tried on a share of the keys.");
COUNTER(wr_family_reloads, "weir_reloads_total", "Reloads by their result.");
const struct wr_metric_family wr_family_drift = {
    .name = "weir_config_drift",
    .help = "1 while something else runs than the configuration file says, since the start.",
    .kind = WR_METRIC_GAUGE,
};
const struct wr_metric_family wr_family_generation = {
    .name = "weir_generation",
    .help = "The number of the generation that runs.",
    .kind = WR_METRIC_GAUGE,
};

#define X(field, name_, help_)                                  \
	static const struct wr_metric_family family_##field = { \
	    .name = (name_), .help = (help_), .kind = WR_METRIC_COUNTER};
WR_LANE_COUNTERS(X)
#undef X
#define X(field, name_, help_)                                  \
	static const struct wr_metric_family family_##field = { \
	    .name = (name_), .help = (help_), .kind = WR_METRIC_GAUGE};
WR_LANE_GAUGES(X)
#undef X

void wr_lane_metrics_init(struct wr_lane_metrics *metrics, struct wr_metrics *registry,
			  const char *pipeline, const char *lane)
{
	const struct wr_metric_label labels[] = {{"pipeline", pipeline}, {"lane", lane}};

#define X(field, name, help) metrics->field = wr_metrics_cell(registry, &family_##field, labels, 2);
	WR_LANE_COUNTERS(X)
	WR_LANE_GAUGES(X)
#undef X
}

void wr_lane_metrics_fini(struct wr_lane_metrics *metrics, struct wr_metrics *registry)
{
#define X(field, name, help) wr_metrics_retire_cell(registry, metrics->field);
	WR_LANE_COUNTERS(X)
	WR_LANE_GAUGES(X)
#undef X
}
