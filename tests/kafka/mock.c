#include "config.h"

#include "tests/kafka/mock.h"

#include "base/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

void mock_start(struct mock *m)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	memset(m, 0, sizeof(*m));
	alarm(60);
	wr_log_set_level(WR_LOG_ERROR);
	rd_kafka_conf_set(conf, "log_level", "3", text, sizeof(text));
	/* Else the cluster's own client has nothing to connect to. */
	rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", text, sizeof(text));
	rd_kafka_conf_set(conf, "linger.ms", "0", text, sizeof(text));
	m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(m->rk);
	m->cluster = rd_kafka_handle_mock_cluster(m->rk);
	assert_non_null(m->cluster);
	m->kafka.brokers = strdup(rd_kafka_mock_cluster_bootstraps(m->cluster));
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(m->wake_fd >= 0);
}

void mock_stop(struct mock *m)
{
	rd_kafka_destroy(m->rk);
	free(m->kafka.brokers);
	close(m->wake_fd);
	alarm(0);
}

void mock_topic(struct mock *m, const char *name, int partitions)
{
	assert_int_equal(rd_kafka_mock_topic_create(m->cluster, name, partitions, 1), 0);
}

void mock_send(struct mock *m, const char *topic, int32_t partition, const char *prefix, int count)
{
	for (int i = 0; i < count; i++) {
		char value[64];

		snprintf(value, sizeof(value), "%s%d", prefix, i);
		assert_int_equal(rd_kafka_producev(m->rk, RD_KAFKA_V_TOPIC(topic),
						   RD_KAFKA_V_PARTITION(partition),
						   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
						   RD_KAFKA_V_VALUE(value, strlen(value)),
						   RD_KAFKA_V_KEY((void *)(uintptr_t) "k", 1),
						   RD_KAFKA_V_END),
				 0);
	}
	assert_int_equal(rd_kafka_flush(m->rk, 30000), 0);
}

void mock_fail(struct mock *m, enum mock_request request, rd_kafka_resp_err_t error, int times)
{
	rd_kafka_resp_err_t errors[MOCK_ALWAYS];

	assert_true(times <= MOCK_ALWAYS);
	for (int i = 0; i < times; i++)
		errors[i] = error;
	rd_kafka_mock_push_request_errors_array(m->cluster, (int16_t)request, (size_t)times,
						errors);
}

void mock_fail_no_more(struct mock *m, enum mock_request request)
{
	rd_kafka_mock_clear_request_errors(m->cluster, (int16_t)request);
}

/* Failures that are none, kept topped up. */
size_t mock_count(struct mock *m, enum mock_request request)
{
	size_t left = 0;

	rd_kafka_mock_broker_error_stack_cnt(m->cluster, 1, (int16_t)request, &left);
	for (size_t i = left; i < MOCK_ALWAYS; i++)
		rd_kafka_mock_broker_push_request_error_rtts(m->cluster, 1, (int16_t)request, 1,
							     RD_KAFKA_RESP_ERR_NO_ERROR, 0);
	return MOCK_ALWAYS - left;
}

void mock_wait(struct mock *m)
{
	struct pollfd fd = {.fd = m->wake_fd, .events = POLLIN};
	uint64_t wakes;

	if (poll(&fd, 1, 20) > 0)
		assert_true(read(m->wake_fd, &wakes, sizeof(wakes)) == sizeof(wakes));
}

struct wr_source *mock_source(struct mock *m, const char *topic, const char *group,
			      const char *reset)
{
	char *topics[] = {(char *)(uintptr_t)topic};
	const struct wr_conf_strings list = {topics, 1};
	/* The mock gives the members of a group a second less than their session to join again. */
	struct wr_conf_property properties[] = {
	    {.name = (char *)(uintptr_t) "session.timeout.ms", .value = (char *)(uintptr_t) "3000"},
	    {.name = (char *)(uintptr_t) "heartbeat.interval.ms",
	     .value = (char *)(uintptr_t) "100"},
	    {.name = (char *)(uintptr_t) "auto.offset.reset", .value = (char *)(uintptr_t)reset},
	};
	struct wr_conf_kafka kafka = m->kafka;
	struct wr_kafka_source_options options = {
	    .kafka = &kafka,
	    .name = {"i", "p", 0},
	    .group = group,
	    .topics = &list,
	    .fetch_bytes = 1 << 20,
	    .wake_fd = m->wake_fd,
	};
	struct wr_source *source;
	struct wr_err err;

	kafka.consumer_properties = (struct wr_conf_properties){
	    properties, reset != NULL ? UNIT_COUNT_OF(properties) : UNIT_COUNT_OF(properties) - 1};
	assert_int_equal(wr_kafka_source_create(&options, &source, &err), WR_OK);
	return source;
}

void mock_await(struct mock *m, struct wr_source *source, enum wr_source_event event)
{
	enum wr_source_event found;

	while ((found = source->ops->poll(source)) == WR_SOURCE_NONE)
		mock_wait(m);
	assert_int_equal(found, event);
}

struct wr_partition *mock_partition(struct wr_source *source, int32_t id)
{
	struct wr_partition *const *partitions;
	size_t count = source->ops->partitions(source, &partitions);

	for (size_t i = 0; i < count; i++) {
		if (partitions[i]->id == id)
			return partitions[i];
	}
	fail_msg("partition %d is not assigned", id);
	return NULL;
}

void mock_place(struct wr_source *source, struct wr_partition *partition, int64_t offset)
{
	struct wr_err err;

	assert_int_equal(source->ops->place(source, partition, offset, &err), WR_OK);
}

void mock_take(struct mock *m, struct wr_source *source, struct wr_source_record *record)
{
	while (source->ops->take(source, record, 1, 1 << 20) == 0) {
		assert_int_equal(source->ops->poll(source), WR_SOURCE_NONE);
		mock_wait(m);
	}
}

void mock_expect(struct mock *m, struct wr_source *source, int32_t partition, int64_t offset,
		 const char *value)
{
	struct wr_source_record record;

	mock_take(m, source, &record);
	assert_int_equal(record.partition->id, partition);
	assert_int_equal(record.offset, offset);
	assert_int_equal(record.value.size, strlen(value));
	assert_memory_equal(record.value.data, value, record.value.size);
	source->ops->give_back(source, &record);
}
