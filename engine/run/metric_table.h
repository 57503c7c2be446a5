/*
 * Every metric of a lane, once: name, kind, help. The families and the cells of a lane are made from this table.
 */
#ifndef WR_RUN_METRIC_TABLE_H
#define WR_RUN_METRIC_TABLE_H

#include "base/metrics.h"

/* X(field, name, help); the labels are pipeline and lane. */
#define WR_LANE_COUNTERS(X)                                                                   \
	X(taken, "weir_events_taken_total", "Records taken from the source topics.")          \
	X(taken_bytes, "weir_events_taken_bytes_total",                                       \
	  "Bytes of keys and values of records taken.")                                       \
	X(batches, "weir_batches_total", "Batches retired.")                                  \
	X(retries, "weir_retries_total", "Attempts that ended in a retry.")                   \
	X(emits, "weir_emits_total", "Records emitted by handlers beside the events, acked.") \
	X(unchecked, "weir_claims_unchecked_total",                                           \
	  "Events let through without a claim because the store was unavailable.")            \
	X(take_overs, "weir_claims_taken_over_total",                                         \
	  "Claims of dead-lettered or abandoned owners that others took over.")               \
	X(late_replays, "weir_replays_too_late_total",                                        \
	  "Replays whose event another replay, or upstream, had sent before.")                \
	X(given_up, "weir_dlq_redrives_exhausted_total",                                      \
	  "Dead letters that failed after their last redrive and are left to people.")        \
	X(rewrites, "weir_output_rewrites_total",                                             \
	  "Writes that failed for now and were tried again.")                                 \
	X(rebalances, "weir_rebalances_total", "Changes of the lane's partitions.")           \
	X(followers, "weir_followers_total",                                                  \
	  "Events put into a retry topic because an earlier one of their key lies there.")    \
	X(commits, "weir_commits_total", "Offset commits that succeeded.")                    \
	X(commit_failures, "weir_commit_failures_total", "Offset commits that failed.")

/* Of the lane, and of each stage: one family. */
#define WR_OLDEST_NAME "weir_oldest_unfinished_seconds"
#define WR_OLDEST_HELP \
	"Age of the oldest batch that has not retired; with a stage, of the oldest that has events there."

#define WR_LANE_GAUGES(X)                                                                     \
	X(window, "weir_window_batches", "Batches in flight.")                                \
	X(parked, "weir_parked_events", "Events that wait for their next attempt.")           \
	X(parked_keys, "weir_parked_keys",                                                    \
	  "Keys of which events lie in retry topics, and later ones wait behind them.")       \
	X(parked_oldest, "weir_oldest_parked_seconds",                                        \
	  "Since when the key is parked that is parked longest.")                             \
	X(oldest, WR_OLDEST_NAME, WR_OLDEST_HELP)                                             \
	X(queue_records, "weir_producer_queue_records", "Records that wait for Kafka's ack.") \
	X(queue_bytes, "weir_producer_queue_bytes", "Bytes that wait for Kafka's ack.")       \
	X(store_up, "weir_claim_store_up", "1 while the claim store answers.")                \
	X(partitions, "weir_assigned_partitions", "Partitions that the lane holds.")          \
	X(txn_limit, "weir_transaction_limit_events",                                         \
	  "Events that a transaction may hold after one took too long; 0: any number.")

/* Why reading went on elsewhere than behind the last record that was taken: the label `reason`. */
#define WR_REWINDS(X)                               \
	X(WR_REWIND_PRODUCER, "broken_producer")    \
	X(WR_REWIND_ABORTED, "aborted_transaction") \
	X(WR_REWIND_BACK, "offset_went_back")       \
	X(WR_REWIND_FORWARD, "offset_went_forward") \
	X(WR_REWIND_OUT_OF_RANGE, "out_of_range")   \
	X(WR_REWIND_NEW_TOPIC, "new_topic")

enum wr_rewind {
#define X(name, text) name,
	WR_REWINDS(X)
#undef X
	    WR_REWIND_COUNT
};

/* How transactions end: the label `result`. */
#define WR_TXN_RESULTS(X)                       \
	X(WR_TXN_RESULT_COMMITTED, "committed") \
	X(WR_TXN_RESULT_ABORTED, "aborted")     \
	X(WR_TXN_RESULT_UNKNOWN, "unknown")

enum wr_txn_result {
#define X(name, text) name,
	WR_TXN_RESULTS(X)
#undef X
	    WR_TXN_RESULT_COUNT
};

/* What memory is used for: the label `part`. */
#define WR_MEMORY_PARTS(X)            \
	X(WR_MEMORY_FETCH, "fetch")   \
	X(WR_MEMORY_WINDOW, "window") \
	X(WR_MEMORY_PRODUCER, "producer")

enum wr_memory_part {
#define X(name, text) name,
	WR_MEMORY_PARTS(X)
#undef X
	    WR_MEMORY_COUNT
};

const char *wr_memory_part_name(enum wr_memory_part part);
const char *wr_rewind_name(enum wr_rewind rewind);
const char *wr_txn_result_name(enum wr_txn_result result);

/* Labels: pipeline, reason. */
extern const struct wr_metric_family wr_family_rewinds;
/* Labels: pipeline, result. */
extern const struct wr_metric_family wr_family_transactions;
/* Labels: pipeline, lane, part. */
extern const struct wr_metric_family wr_family_memory_used;
extern const struct wr_metric_family wr_family_memory_budget;
/* Labels: pipeline, outcome. */
extern const struct wr_metric_family wr_family_events;
/* Labels: pipeline, class. */
extern const struct wr_metric_family wr_family_dead_letters;
/* Labels: pipeline, stage. */
extern const struct wr_metric_family wr_family_stage_seconds;
extern const struct wr_metric_family wr_family_stage_overruns;
extern const struct wr_metric_family wr_family_circuit_openings;
/* Labels: pipeline, stage, mode, delay. */
extern const struct wr_metric_family wr_family_retry_waits;
/* Labels: pipeline, stage, lane. */
extern const struct wr_metric_family wr_family_oldest_unfinished;
extern const struct wr_metric_family wr_family_circuit_open;
extern const struct wr_metric_family wr_family_retry_budget_used;
/* Labels: pipeline. */
extern const struct wr_metric_family wr_family_claim_seconds;
/* Labels: pipeline, topic, partition. */
extern const struct wr_metric_family wr_family_lag;

/* Labels: pipeline, generation (stable, canary). */
extern const struct wr_metric_family wr_family_canary_events;
extern const struct wr_metric_family wr_family_canary_errors;
/* Labels: result. */
extern const struct wr_metric_family wr_family_canaries;
extern const struct wr_metric_family wr_family_reloads;
/* No labels. */
extern const struct wr_metric_family wr_family_canary;
extern const struct wr_metric_family wr_family_drift;
extern const struct wr_metric_family wr_family_generation;

/* The cells of one lane; labels: pipeline, lane. */
struct wr_lane_metrics {
#define X(field, name, help) struct wr_metric_cell *field;
	WR_LANE_COUNTERS(X)
	WR_LANE_GAUGES(X)
#undef X
};

void wr_lane_metrics_init(struct wr_lane_metrics *metrics, struct wr_metrics *registry,
			  const char *pipeline, const char *lane);
void wr_lane_metrics_fini(struct wr_lane_metrics *metrics, struct wr_metrics *registry);

#endif
