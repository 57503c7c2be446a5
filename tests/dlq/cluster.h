/*
 * librdkafka's mock cluster, which listens on loopback, with dead letters in it.
 */
#ifndef WR_TESTS_DLQ_CLUSTER_H
#define WR_TESTS_DLQ_CLUSTER_H

#include "base/log.h"
#include "conf/conf.h"
#include "core/envelope.h"
#include "tests/unit.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

/* librdkafka makes its threads by C11's thrd_create(), past which ThreadSanitizer's runtime does not know them. */
#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif
#ifndef HAS_TSAN
#define HAS_TSAN 0
#endif
#define SKIP 77 /* the exit status for automake */

static rd_kafka_t *cluster_host, *cluster_producer;
static rd_kafka_mock_cluster_t *cluster;
static char cluster_brokers[256];

static inline const struct wr_conf_kafka *cluster_conf(void)
{
	static const struct wr_conf_kafka kafka = {.brokers = cluster_brokers};

	return &kafka;
}

static inline int cluster_start(void **state)
{
	char text[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	(void)state;
	cluster_host = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, text, sizeof(text));
	assert_non_null(cluster_host);
	cluster = rd_kafka_mock_cluster_new(cluster_host, 1);
	assert_non_null(cluster);
	snprintf(cluster_brokers, sizeof(cluster_brokers), "%s",
		 rd_kafka_mock_cluster_bootstraps(cluster));
	rd_kafka_conf_set(conf, "bootstrap.servers", cluster_brokers, text, sizeof(text));
	rd_kafka_conf_set(conf, "linger.ms", "0", text, sizeof(text));
	cluster_producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(cluster_producer);
	return 0;
}

static inline int cluster_stop(void **state)
{
	(void)state;
	rd_kafka_destroy(cluster_producer);
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(cluster_host);
	return 0;
}

static inline void cluster_topic(const char *name, int partitions)
{
	assert_int_equal(rd_kafka_mock_topic_create(cluster, name, partitions, 1), 0);
}

/* A dead letter; what is NULL is left out. */
struct letter {
	int32_t partition;
	int64_t timestamp_ms; /* 0: now */
	const char *pipeline, *stage, *class_name, *code, *message, *id, *replays, *resume, *value;
	const char *redrives;
};

static inline void cluster_put(const char *topic, const struct letter *l)
{
	const char *const headers[][2] = {
	    {"weir-origin-topic", "events"},
	    {"weir-origin-partition", "0"},
	    {"weir-origin-offset", "7"},
	    {"weir-owner", "0/events/0/7"},
	    {"weir-event-id", l->id},
	    {"weir-pipeline", l->pipeline != NULL ? l->pipeline : "payments"},
	    {"weir-stage", l->stage},
	    {"weir-class", l->class_name != NULL ? l->class_name : "permanent"},
	    {"weir-code", l->code},
	    {"weir-message", l->message},
	    {"weir-attempts", "1"},
	    {"weir-first-failed-at", "1700000000000"},
	    {"weir-last-failed-at", "1700000000000"},
	    {"weir-replays", l->replays != NULL ? l->replays : "0"},
	    {"weir-redrives", l->redrives},
	    {"weir-generation", "1"},
	    {"weir-resume", l->resume},
	    {"content-type", "application/json"},
	};
	rd_kafka_headers_t *list = rd_kafka_headers_new(20);
	const char *value = l->value != NULL ? l->value : "{\"n\":1}";

	for (size_t i = 0; i < UNIT_COUNT_OF(headers); i++) {
		if (headers[i][1] != NULL)
			rd_kafka_header_add(list, headers[i][0], -1, headers[i][1], -1);
	}
	rd_kafka_vu_t args[] = {
	    {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
	    {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = l->partition},
	    {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t) "k", 1}},
	    {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value, strlen(value)}},
	    {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = l->timestamp_ms},
	    {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
	    {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = list},
	};

	assert_null(rd_kafka_produceva(cluster_producer, args, UNIT_COUNT_OF(args)));
	rd_kafka_poll(cluster_producer, 0);
}

static inline void cluster_flush(void)
{
	assert_int_equal(rd_kafka_flush(cluster_producer, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

#endif
