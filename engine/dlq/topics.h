/*
 * The topics that a job writes to, made when they are missing: the state topic, compacted, with one partition; and a
 * pipeline's `<pipeline>.retry.0`, with as many partitions as its source.
 */
#ifndef WR_DLQ_TOPICS_H
#define WR_DLQ_TOPICS_H

#include "dlq/dlq.h"
#include "dlq/edit.h"

/* A pipeline whose dead letters may be sent round. Borrowed. */
struct wr_dlq_pipeline {
	const char *name;
	const char *source; /* one of its source topics; NULL: not known */
	struct wr_dlq_rule rule;
};

/* WR_OK, WR_EREFUSED (not authorised: err says which to make), WR_EUNAVAILABLE, WR_EINVAL, WR_ENOMEM. */
enum wr_code wr_dlq_topics_make(const struct wr_dlq *dlq, const struct wr_conf_kafka *kafka,
				const struct wr_dlq_pipeline *pipelines, size_t pipeline_count,
				struct wr_err *err);

#endif
