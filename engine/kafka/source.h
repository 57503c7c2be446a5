/*
 * The Kafka source: a member of a consumer group that hands out records partition by partition. Implements
 * port/source.h on librdkafka 2.0.2 and newer:
 *  - each partition keeps its own queue, so that one can wait while others go on, and no pause/resume is needed
 *    (before 2.1.0 it skips offsets together with batch consumption);
 *  - rebalances come as events, so that the lane finishes its window in its own loop;
 *  - where to read from is never left to librdkafka: it is told of a partition once the lane has placed it.
 */
#ifndef WR_KAFKA_SOURCE_H
#define WR_KAFKA_SOURCE_H

#include "kafka/client.h"
#include "port/source.h"

struct wr_kafka_source_options {
	const struct wr_conf_kafka *kafka; /* borrowed for the call */
	struct wr_kafka_name name;
	const char *group;
	const struct wr_conf_strings *topics;
	const char
	    *pattern; /* a regular expression, beginning with ^, for further topics; NULL: none */
	size_t fetch_bytes; /* budget of the fetch queues of all partitions together */
	int partitions;     /* how many this member is likely to hold; below 1 counts as 1 */
	int wake_fd; /* an eventfd, borrowed: written to when there is something to poll or take */
};

/* Joins the group in the background. WR_OK, WR_EINVAL (a property), WR_ENOMEM. [lane] */
enum wr_code wr_kafka_source_create(const struct wr_kafka_source_options *options,
				    struct wr_source **source_r, struct wr_err *err);

/* The membership under which the partitions that are held now were assigned: what a transaction sends its offsets with,
 * so that the group refuses them once it has gone on. The caller owns it. NULL: not a member. [lane] */
rd_kafka_consumer_group_metadata_t *wr_kafka_source_group(struct wr_source *source);

#endif
