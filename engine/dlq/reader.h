/*
 * Reads parts of topics, a partition at a time, without a consumer group: nothing is committed, and only what is
 * committed is seen. One thread at a time.
 */
#ifndef WR_DLQ_READER_H
#define WR_DLQ_READER_H

#include "base/err.h"
#include "conf/conf.h"
#include "weir/plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_dlq_reader;

/* One of its topics. */
struct wr_dlq_topic;

/* Borrowed while it is visited. */
struct wr_dlq_record {
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* -1: none */
	struct weir_bytes key, value;
	const struct weir_header *headers;
	size_t header_count;
};

/* False: enough. */
typedef bool (*wr_dlq_visit_fn)(void *arg, const struct wr_dlq_record *record);

/* Does not wait for the brokers. `kafka` is borrowed for the call. WR_OK, WR_EINVAL, WR_ENOMEM. */
enum wr_code wr_dlq_reader_create(const struct wr_conf_kafka *kafka, const char *instance,
				  struct wr_dlq_reader **reader_r, struct wr_err *err);
void wr_dlq_reader_destroy(struct wr_dlq_reader *reader);

/* Asks for the topic's partitions. It lives as long as the reader. WR_OK, WR_ENOTFOUND (no such topic), WR_EREFUSED (not
 * authorised, no name of a topic), WR_EUNAVAILABLE, WR_ENOMEM. */
enum wr_code wr_dlq_reader_topic(struct wr_dlq_reader *reader, const char *name,
				 struct wr_dlq_topic **topic_r, struct wr_err *err);

int32_t wr_dlq_topic_partitions(const struct wr_dlq_topic *topic);

/* What can be read: [low, high). WR_OK, WR_EUNAVAILABLE. */
enum wr_code wr_dlq_topic_bounds(struct wr_dlq_topic *topic, int32_t partition, int64_t *low_r,
				 int64_t *high_r, struct wr_err *err);

/* The first offset with this time or a later one; `otherwise` when there is none. WR_OK, WR_EUNAVAILABLE. */
enum wr_code wr_dlq_topic_offset_at(struct wr_dlq_topic *topic, int32_t partition,
				    int64_t timestamp_ms, int64_t otherwise, int64_t *offset_r,
				    struct wr_err *err);

/* Visits the records with offsets in [from, until) until the visitor has enough or the time is over; *next_r is where
 * to go on, `until` when all were visited. WR_OK, WR_EUNAVAILABLE (nothing came for 10 s), WR_EREFUSED, WR_ENOMEM. */
enum wr_code wr_dlq_topic_read(struct wr_dlq_topic *topic, int32_t partition, int64_t from,
			       int64_t until, int64_t deadline_mono_ns, wr_dlq_visit_fn visit,
			       void *arg, int64_t *next_r, struct wr_err *err);

/* The same for somebody who goes on where it ended, again and again: what was fetched beyond that is kept, up to 8 MiB.
 * Whoever is through says rest(). */
enum wr_code wr_dlq_topic_read_on(struct wr_dlq_topic *topic, int32_t partition, int64_t from,
				  int64_t until, int64_t deadline_mono_ns, wr_dlq_visit_fn visit,
				  void *arg, int64_t *next_r, struct wr_err *err);
void wr_dlq_topic_rest(struct wr_dlq_topic *topic);

#endif
