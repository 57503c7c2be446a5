#include "config.h"

#include "tests/kafka/mock.h"

#include <stdlib.h>

static struct mock m;
static struct wr_sink *sink;
static struct wr_sink_topic *out;

/* How often the n-th write was completed, and how. */
static struct {
	unsigned times;
	enum wr_code code;
	char reason[256];
} answers[64];
static unsigned answered;

static void done(void *arg, void *token, enum wr_code code, const char *reason)
{
	size_t n = (size_t)(uintptr_t)token;

	assert_ptr_equal(arg, &m);
	answers[n].times++;
	answers[n].code = code;
	strncpy(answers[n].reason, reason != NULL ? reason : "", sizeof(answers[n].reason) - 1);
	answered++;
}

static struct wr_kafka_sink_options options(void)
{
	return (struct wr_kafka_sink_options){
	    .kafka = &m.kafka,
	    .name = {"i", "p", 0},
	    .queue_bytes = 1 << 20,
	    .wake_fd = m.wake_fd,
	    .done = done,
	    .done_arg = &m,
	};
}

static void open_sink(const struct wr_kafka_sink_options *o)
{
	struct wr_err err;

	assert_int_equal(wr_kafka_sink_create(o, &sink, &err), WR_OK);
	assert_int_equal(sink->ops->topic(sink, "out", &out, &err), WR_OK);
}

static int set_up(void **state)
{
	struct wr_kafka_sink_options o;

	(void)state;
	mock_start(&m);
	mock_topic(&m, "out", 2);
	memset(answers, 0, sizeof(answers));
	answered = 0;
	o = options();
	open_sink(&o);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (sink != NULL)
		sink->ops->destroy(sink);
	sink = NULL;
	mock_stop(&m);
	return 0;
}

static enum wr_code put(size_t n, const char *value)
{
	const struct wr_sink_record record = {
	    .topic = out, .key = wr_bytes_of("k"), .value = wr_bytes_of(value)};
	struct wr_err err;

	return sink->ops->write(sink, &record, (void *)(uintptr_t)n, &err);
}

static void await_answers(unsigned count)
{
	while (answered < count)
		sink->ops->poll(sink, 20);
}

static void what_is_acked_is_completed_once(void **state)
{
	size_t records, bytes;

	(void)state;
	assert_int_equal(put(0, "a"), WR_OK);
	assert_int_equal(put(1, "b"), WR_OK);
	await_answers(2);
	assert_int_equal(answers[0].times, 1);
	assert_int_equal(answers[0].code, WR_OK);
	assert_int_equal(answers[1].code, WR_OK);
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
	sink->ops->depth(sink, &records, &bytes);
	assert_int_equal(records, 0);
	assert_int_equal(bytes, 0);
}

/* The first request of a producer fails, and the second is taken: the broker knows nothing yet that it could miss. */
static void what_librdkafka_only_guesses_is_not_taken_for_written(void **state)
{
	struct wr_kafka_sink_options o = options();

	(void)state;
	sink->ops->destroy(sink);
	o.batch_bytes = 1; /* a request for each record */
	open_sink(&o);
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 1);
	rd_kafka_mock_broker_set_rtt(m.cluster, 1, 100);
	assert_int_equal(put(0, "a"), WR_OK);
	assert_int_equal(put(1, "b"), WR_OK);
	await_answers(2);
	assert_int_equal(answers[0].times, 1);
	assert_int_equal(answers[0].code, WR_EUNKNOWN);
	assert_string_equal(answers[0].reason, "a record that failed was taken for written");
	assert_int_equal(answers[1].code, WR_OK);
	assert_int_equal(sink->ops->state(sink), WR_SINK_BROKEN);
}

static void what_waits_is_counted(void **state)
{
	size_t records, bytes;

	(void)state;
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	put(0, "abc");
	put(1, "de");
	sink->ops->depth(sink, &records, &bytes);
	assert_int_equal(records, 2);
	assert_int_equal(bytes, 5 + 2);
}

static void what_waits_is_counted_by_one_thread_too(void **state)
{
	struct wr_kafka_sink_options o = options();
	size_t records, bytes;

	(void)state;
	sink->ops->destroy(sink);
	o.one_thread = true;
	open_sink(&o);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	put(0, "abc");
	put(1, "de");
	sink->ops->depth(sink, &records, &bytes);
	assert_int_equal(records, 2);
	assert_int_equal(bytes, 5 + 2);
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	await_answers(2);
	sink->ops->depth(sink, &records, &bytes);
	assert_int_equal(records, 0);
	assert_int_equal(bytes, 0);
}

/* What a consumer sees of a record is what was written. */
static void key_value_headers_and_time_are_written(void **state)
{
	const struct weir_header one = {"a", {"1", 1}}, two = {"b", {NULL, 0}};
	const struct wr_sink_record record = {
	    .topic = out,
	    .key = wr_bytes_of("key"),
	    .value = wr_bytes(NULL, 0),
	    .headers = &one,
	    .header_count = 1,
	    .more_headers = &two,
	    .more_header_count = 1,
	    .timestamp_ms = 1700000000000,
	};
	const struct weir_header *headers;
	struct wr_source_record read;
	struct wr_source *source;
	struct wr_err err;

	(void)state;
	assert_int_equal(sink->ops->write(sink, &record, NULL, &err), WR_OK);
	await_answers(1);
	source = mock_source(&m, "out", "g", NULL);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
	mock_place(source, mock_partition(source, 0), 0);
	mock_place(source, mock_partition(source, 1), 0);
	mock_take(&m, source, &read);
	assert_int_equal(read.timestamp_ms, 1700000000000);
	assert_memory_equal(read.key.data, "key", 3);
	assert_null(read.value.data);
	assert_int_equal(source->ops->headers(source, &read, &headers), 2);
	assert_string_equal(headers[0].name, "a");
	assert_string_equal(headers[1].name, "b");
	assert_null(headers[1].value.data);
	source->ops->give_back(source, &read);
	source->ops->destroy(source, 0);
}

static void a_record_that_is_refused_for_good_fails_alone(void **state)
{
	static const rd_kafka_resp_err_t errors[] = {
	    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
	    RD_KAFKA_RESP_ERR_INVALID_RECORD,
	    RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
	};
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(errors); i++, n += 2) {
		mock_fail(&m, MOCK_PRODUCE, errors[i], 1);
		assert_int_equal(put(n, "refused"), WR_OK);
		await_answers(n + 1);
		assert_int_equal(answers[n].code, WR_EREFUSED);
		assert_string_not_equal(answers[n].reason, "");
		assert_int_equal(put(n + 1, "fine"), WR_OK);
		await_answers(n + 2);
		assert_int_equal(answers[n + 1].code, WR_OK);
	}
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
}

static void a_refusal_says_what_of_which_size_and_how_much_the_topic_takes(void **state)
{
	struct wr_kafka_sink_options o = options();

	(void)state;
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
	assert_int_equal(put(0, "too large"), WR_OK);
	await_answers(1);
	assert_string_equal(
	    answers[0].reason,
	    "topic out refused a record of 10 bytes: Broker: Message size too large");
	sink->ops->destroy(sink);
	assert_int_equal(wr_topic_limits_create(&o.limits), WR_OK);
	wr_topic_limits_set(o.limits, "out", 7);
	open_sink(&o);
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
	assert_int_equal(put(1, "too large"), WR_OK);
	await_answers(2);
	assert_string_equal(answers[1].reason,
			    "topic out refused a record of 10 bytes: Broker: Message size too "
			    "large; its max.message.bytes is 7");
	sink->ops->destroy(sink);
	sink = NULL;
	wr_topic_limits_destroy(o.limits);
}

static void what_can_be_tried_again_is_tried_again_in_silence(void **state)
{
	(void)state;
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2);
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR__TRANSPORT, 1);
	assert_int_equal(put(0, "a"), WR_OK);
	await_answers(1);
	assert_int_equal(answers[0].code, WR_OK);
}

static void a_full_queue_asks_for_patience(void **state)
{
	struct wr_kafka_sink_options o = options();
	char value[2000] = "";

	(void)state;
	sink->ops->destroy(sink);
	o.queue_bytes = 1024;
	open_sink(&o);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	memset(value, 'x', sizeof(value) - 1);
	assert_int_equal(put(0, value), WR_OK);
	assert_int_equal(put(1, value), WR_EFULL);
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	await_answers(1);
	assert_int_equal(put(1, value), WR_OK);
	await_answers(2);
	assert_int_equal(answers[1].times, 1);
}

static void no_broker_is_down_until_one_acks(void **state)
{
	(void)state;
	assert_int_equal(put(0, "a"), WR_OK);
	await_answers(1);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	assert_int_equal(put(1, "b"), WR_OK);
	while (sink->ops->state(sink) == WR_SINK_UP)
		sink->ops->poll(sink, 20);
	assert_int_equal(sink->ops->state(sink), WR_SINK_DOWN);
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	await_answers(2);
	assert_int_equal(answers[1].code, WR_OK);
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
}

static void what_is_outstanding_at_the_end_is_completed_as_unknown(void **state)
{
	(void)state;
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(put(i, "a"), WR_OK);
	sink->ops->destroy(sink);
	sink = NULL;
	assert_int_equal(answered, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(answers[i].code, WR_EUNKNOWN);
}

static void a_sequence_that_is_broken_breaks_the_sink(void **state)
{
	(void)state;
	assert_int_equal(put(0, "a"), WR_OK);
	await_answers(1);
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
	assert_int_equal(put(1, "b"), WR_OK);
	while (sink->ops->state(sink) != WR_SINK_BROKEN)
		sink->ops->poll(sink, 20);
	assert_int_equal(put(2, "c"), WR_EUNKNOWN);
	sink->ops->destroy(sink);
	sink = NULL;
	assert_int_equal(answers[1].times, 1);
	assert_int_equal(answers[1].code, WR_EUNKNOWN);
	assert_int_equal(answers[2].times, 0);
}

static void a_topic_is_resolved_once(void **state)
{
	struct wr_sink_topic *again;
	struct wr_err err;
	char endless[600];

	(void)state;
	assert_int_equal(sink->ops->topic(sink, "out", &again, &err), WR_OK);
	assert_ptr_equal(again, out);
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_int_equal(sink->ops->topic(sink, endless, &again, &err), WR_EINVAL);
	assert_null(again);
}

static void without_an_id_there_are_no_transactions(void **state)
{
	(void)state;
	assert_null(sink->ops->transaction_status);
	assert_null(sink->ops->begin);
	assert_null(sink->ops->commit);
	assert_null(sink->ops->abort);
}

static void a_property_that_librdkafka_refuses_is_named(void **state)
{
	struct wr_conf_property property = {.name = (char *)(uintptr_t) "compression.type",
					    .value = (char *)(uintptr_t) "rar"};
	struct wr_kafka_sink_options o = options();
	struct wr_conf_kafka kafka = m.kafka;
	struct wr_sink *none;
	struct wr_err err;

	(void)state;
	kafka.producer_properties = (struct wr_conf_properties){&property, 1};
	o.kafka = &kafka;
	assert_int_equal(wr_kafka_sink_create(&o, &none, &err), WR_EINVAL);
	assert_null(none);
	assert_non_null(strstr(err.text, "compression.type"));
}

static void destroying_nothing_is_fine(void **state)
{
	(void)state;
	sink->ops->destroy(NULL);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(what_is_acked_is_completed_once),
	    RULE(what_librdkafka_only_guesses_is_not_taken_for_written),
	    RULE(what_waits_is_counted),
	    RULE(what_waits_is_counted_by_one_thread_too),
	    RULE(key_value_headers_and_time_are_written),
	    RULE(a_record_that_is_refused_for_good_fails_alone),
	    RULE(a_refusal_says_what_of_which_size_and_how_much_the_topic_takes),
	    RULE(what_can_be_tried_again_is_tried_again_in_silence),
	    RULE(a_full_queue_asks_for_patience),
	    RULE(no_broker_is_down_until_one_acks),
	    RULE(what_is_outstanding_at_the_end_is_completed_as_unknown),
	    RULE(a_sequence_that_is_broken_breaks_the_sink),
	    RULE(a_topic_is_resolved_once),
	    RULE(without_an_id_there_are_no_transactions),
	    RULE(a_property_that_librdkafka_refuses_is_named),
	    RULE(destroying_nothing_is_fine),
	};

	if (MOCK_IS_SKIPPED)
		return MOCK_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
