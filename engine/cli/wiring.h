/*
 * Wires the adapters to the ports: which Kafka, Redis or memory a lane gets, and its share of the memory budget. The
 * only place that knows them all.
 */
#ifndef WR_CLI_WIRING_H
#define WR_CLI_WIRING_H

#include "base/clock.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "kafka/embedded.h"
#include "kafka/topic_limits.h"
#include "memory/claims.h"
#include "run/lane.h"

#include <stdatomic.h>

/* What all lanes of a pipeline share, over all its generations. Never freed before the end. */
struct wr_wired {
	char *name;                        /* the pipeline's */
	struct wr_memory_claims *claims;   /* NULL where the store is not `memory` */
	_Atomic size_t record_batch_bytes; /* small enough for every topic it writes; 0: no bound */
	_Atomic int partitions;            /* of all its source topics together */
	bool inspected;                    /* its claim store was asked [main, then reload] */
	struct wr_wired *next;
};

struct wr_wiring {
	const struct wr_conf *conf; /* the first one: for what can't change while the engine runs */
	const struct wr_clock *clock;
	struct wr_metrics *metrics;
	struct wr_conf_kafka kafka;   /* the configured one; with an embedded broker, its address */
	struct wr_embedded *embedded; /* NULL: a real Kafka */
	struct wr_lock lock;
	struct wr_wired *first;         /* [lock] */
	struct wr_topic_limits *limits; /* of the topics that are written */
	_Atomic size_t
	    ingest_batch_bytes;    /* small enough for the topic of HTTP; 0: not known yet */
	_Atomic size_t lane_bytes; /* a lane's share of `memory`, for those that are made next */
	struct wr_lane_adapters adapters; /* to be given to the engine */
};

/* Starts the embedded broker where one is asked for, and makes what lanes share. The configuration and the metrics are
 * borrowed. WR_OK, WR_EIO, WR_ENOMEM. [main] */
enum wr_code wr_wiring_init(struct wr_wiring *wiring, const struct wr_conf *conf,
			    const struct wr_clock *clock, struct wr_metrics *metrics,
			    struct wr_err *err);

/* Makes what the lanes of another configuration share, and keeps what is there. `rehearsal`: no topic is made. WR_OK,
 * WR_EIO, WR_ENOMEM. [reload] */
enum wr_code wr_wiring_extend(struct wr_wiring *wiring, const struct wr_conf *conf, bool rehearsal,
			      struct wr_err *err);

/* Of a pipeline that it was told of. Lives as long as the wiring. [any] */
struct wr_wired *wr_wiring_find(struct wr_wiring *wiring, const char *pipeline);

/* Lanes, sinks and stores must be gone. A zeroed one is fine. [main] */
void wr_wiring_fini(struct wr_wiring *wiring);

/* A claim store of the pipeline for asking questions; the caller owns it; NULL when it makes no claims. */
enum wr_code wr_wiring_store(struct wr_wiring *wiring, const struct wr_conf_pipeline *pipeline,
			     struct wr_claim_store **store_r, struct wr_err *err);

/* Opens the sink of the HTTP listener and resolves its topic; `arg` is the wiring. A wr_http_open_sink_fn:
 * WR_EUNAVAILABLE until ingest_batch_bytes is known. [any] */
enum wr_code wr_wiring_open_ingest(void *arg, wr_sink_done_fn done, void *done_arg,
				   struct wr_sink **sink_r, struct wr_sink_topic **topic_r,
				   struct wr_err *err);

#endif
