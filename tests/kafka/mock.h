/*
 * librdkafka's mock cluster for tests of kafka/: topics, records, and requests that fail as the test says. Waits end with
 * what is waited for; a program that waits for what never comes is ended by an alarm.
 */
#ifndef WR_TESTS_KAFKA_MOCK_H
#define WR_TESTS_KAFKA_MOCK_H

#include "tests/unit.h"

#include "kafka/sink.h"
#include "kafka/source.h"

#include <librdkafka/rdkafka_mock.h>

/* librdkafka makes its threads by C11's thrd_create(), past which ThreadSanitizer's runtime does not know them: main()
 * returns MOCK_SKIP then. */
#if defined(__SANITIZE_THREAD__)
#define MOCK_IS_SKIPPED true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MOCK_IS_SKIPPED true
#endif
#endif
#ifndef MOCK_IS_SKIPPED
#define MOCK_IS_SKIPPED false
#endif
#define MOCK_SKIP 77

struct mock {
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_t *rk; /* the cluster lives in it; a producer, which sends the tests' records */
	struct wr_conf_kafka kafka;
	int wake_fd;
};

/* Numbers of Kafka's protocol, for failing requests. */
enum mock_request {
	MOCK_PRODUCE = 0,
	MOCK_LIST_OFFSETS = 2,
	MOCK_OFFSET_COMMIT = 8,
	MOCK_OFFSET_FETCH = 9,
	MOCK_FIND_COORDINATOR = 10,
	MOCK_INIT_PRODUCER_ID = 22,
	MOCK_ADD_PARTITIONS_TO_TXN = 24,
	MOCK_END_TXN = 26,
	MOCK_TXN_OFFSET_COMMIT = 28
};

/* A cluster of one broker. Ends the program when a test takes longer than a minute. */
void mock_start(struct mock *mock);
void mock_stop(struct mock *mock);
void mock_topic(struct mock *mock, const char *name, int partitions);

/* Sends values "<prefix>0" ... to a partition; they are there when it returns. Keys are "k". */
void mock_send(struct mock *mock, const char *topic, int32_t partition, const char *prefix,
	       int count);

/* The next requests of a kind fail so; NO_ERROR lets one pass. */
#define MOCK_ALWAYS 1000
void mock_fail(struct mock *mock, enum mock_request request, rd_kafka_resp_err_t error, int times);
void mock_fail_no_more(struct mock *mock, enum mock_request request);

/* From the first call on: how many requests of a kind there were since the last. The kind can't be made fail any more. */
size_t mock_count(struct mock *mock, enum mock_request request);

/* Waits a moment, or until an adapter wakes. */
void mock_wait(struct mock *mock);

/* A source of one topic; the caller owns it. `property` (may be NULL) is auto.offset.reset's value. */
struct wr_source *mock_source(struct mock *mock, const char *topic, const char *group,
			      const char *reset);

/* Polls until the source reports `event`; any other is a failure. */
void mock_await(struct mock *mock, struct wr_source *source, enum wr_source_event event);

/* The assigned partition of a number. */
struct wr_partition *mock_partition(struct wr_source *source, int32_t id);
void mock_place(struct wr_source *source, struct wr_partition *partition, int64_t offset);

/* Takes the next record of any partition that is read; give it back. */
void mock_take(struct mock *mock, struct wr_source *source, struct wr_source_record *record);

/* Takes the next record and compares it. */
void mock_expect(struct mock *mock, struct wr_source *source, int32_t partition, int64_t offset,
		 const char *value);

#endif
