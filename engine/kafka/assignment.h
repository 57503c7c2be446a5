/*
 * The partitions that a consumer holds now, each with its own queue, taking turns. Used by kafka/source.c alone.
 */
#ifndef WR_KAFKA_ASSIGNMENT_H
#define WR_KAFKA_ASSIGNMENT_H

#include "port/source.h"

#include <librdkafka/rdkafka.h>

struct wr_kafka_partition {
	struct wr_partition pub;
	rd_kafka_queue_t *queue;
	size_t record_bytes;         /* a moving average, for bounding a take by bytes */
	struct weir_header *headers; /* scratch of wr_assignment_headers() */
	size_t header_capacity;
};

struct wr_assignment {
	struct wr_kafka_partition **items;
	struct wr_partition **pubs; /* the same, as the port shows them */
	size_t count;
	size_t turn;
	uint32_t epoch;
};

/* Replaces the content (which must be empty) with `list`: takes each partition's queue out of the consumer's, to
 * wake through `wake_fd` (an eventfd). To be called before rd_kafka_assign(). WR_OK or WR_ENOMEM. */
enum wr_code wr_assignment_set(struct wr_assignment *a, rd_kafka_t *rk,
			       const rd_kafka_topic_partition_list_t *list, int wake_fd);

/* Gives up all partitions. */
void wr_assignment_clear(struct wr_assignment *a);
void wr_assignment_fini(struct wr_assignment *a);

/* The partition whose turn it is; count > 0. */
struct wr_kafka_partition *wr_assignment_next(struct wr_assignment *a);

/* How many records are likely to fit in max_bytes; at least 1. */
size_t wr_assignment_chunk(const struct wr_kafka_partition *p, size_t max_bytes);
void wr_assignment_learn(struct wr_kafka_partition *p, size_t records, size_t bytes);

/* The headers of a message, borrowed until the next call for this partition; their bytes until the message is
 * destroyed. */
size_t wr_assignment_headers(rd_kafka_message_t *message, struct wr_partition *partition,
			     const struct weir_header **headers_r);

#endif
