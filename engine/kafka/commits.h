/*
 * A consumer's commits of offsets, with their metadata: one under way at a time, or one that is waited for. Used by
 * kafka/source.c; the list of offsets by transactions too.
 */
#ifndef WR_KAFKA_COMMITS_H
#define WR_KAFKA_COMMITS_H

#include "port/source.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* Begins with the first two members set and the others 0. */
struct wr_commits {
	rd_kafka_t *rk;          /* borrowed */
	rd_kafka_queue_t *queue; /* borrowed: where answers come */
	bool under_way;
	enum wr_code result; /* of the last one that was answered */
};

/* The offsets as librdkafka has them; the caller owns the list. [any] */
rd_kafka_topic_partition_list_t *wr_commits_list(const struct wr_source_commit *commits,
						 size_t count);

/* Begins a commit. WR_OK, WR_EFULL (one is under way), otherwise as wr_commits_status(). [lane] */
enum wr_code wr_commits_send(struct wr_commits *c, const struct wr_source_commit *commits,
			     size_t count, struct wr_err *err);

/* To be called with what an RD_KAFKA_EVENT_OFFSET_COMMIT of the queue says. [lane] */
void wr_commits_answered(struct wr_commits *c, rd_kafka_resp_err_t error);

/* WR_EFULL: one is under way. Of the last: WR_OK, WR_EREFUSED (not these partitions' owner any more), WR_ETIMEDOUT,
 * WR_EUNAVAILABLE (to be tried again). [lane] */
enum wr_code wr_commits_status(const struct wr_commits *c);

/* Commits and waits for the answer, whether or not another is under way. Codes as wr_commits_status(). [lane] */
enum wr_code wr_commits_send_and_wait(struct wr_commits *c, const struct wr_source_commit *commits,
				      size_t count, int timeout_ms, struct wr_err *err);

#endif
