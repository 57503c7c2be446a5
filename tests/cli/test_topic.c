/*
 * `weir send --to` and `weir tail` against librdkafka's mock cluster, which listens on loopback.
 */
#include "config.h"

#include "base/clock.h"
#include "tests/cli/capture.h"
#include "tests/dlq/cluster.h"

static struct captured got;

static void send_to(const char *topic, const char *option, const char *value, const char *input)
{
	capture(&got, wr_commands,
		WORDS("send", "--to", topic, "-b", cluster_brokers, option, value), input);
}

static void tail_of(const char *topic, const char *option, const char *value)
{
	capture(&got, wr_commands,
		WORDS("tail", topic, "-b", cluster_brokers, "--from-beginning", "--timeout", "10s",
		      "-j", option, value),
		NULL);
}

static void what_is_sent_comes_out_with_the_id_as_key(void **state)
{
	(void)state;
	cluster_topic("round", 1);
	send_to("round", NULL, NULL, "{\"eventId\":\"a\",\"n\":1}\n\n{\"eventId\":2}\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.err, "2 sent, 2 acked, 0 failed");
	tail_of("round", "-e", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(got.err, "");
	expect_in(got.out, "\"topic\":\"round\",\"partition\":0,\"offset\":0,");
	expect_in(
	    got.out,
	    "\"key\":\"a\",\"headers\":[],\"value\":\"{\\\"eventId\\\":\\\"a\\\",\\\"n\\\":1}\"}\n");
	expect_in(got.out, "\"key\":\"2\",\"headers\":[],\"value\":\"{\\\"eventId\\\":2}\"}\n");
}

static void the_key_comes_from_another_place_when_asked(void **state)
{
	(void)state;
	cluster_topic("other-key", 1);
	send_to("other-key", "-k", "/o/0", "{\"o\":[\"k\"]}\n{\"o\":[]}\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "line 2: no string or integer at /o/0 to be the key\n");
	expect_in(got.err, "2 sent, 1 acked, 1 failed");
	tail_of("other-key", "-n", "1");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "\"key\":\"k\"");
}

static void raw_lines_are_not_looked_at(void **state)
{
	(void)state;
	cluster_topic("raw", 1);
	send_to("raw", "--raw", NULL, "no { json \xff\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	tail_of("raw", "-n", "1");
	expect_in(got.out, "\"key\":null,\"headers\":[],\"valueBase64\":\"bm8geyBqc29uIP8=\"");
}

static void a_record_that_kafka_refuses_is_named(void **state)
{
	static char line[3000000];

	(void)state;
	cluster_topic("refused", 1);
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "{\"eventId\":1}\n", 14);
	send_to("refused", "--raw", NULL, line);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "line 2: Broker: Message size too large\n");
	expect_in(got.err, "2 sent, 1 acked, 1 failed");
	rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 1,
					  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	send_to("refused", NULL, NULL, "{\"eventId\":1}\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "line 1: Broker: Topic authorization failed\n");
}

/* librdkafka takes this answer for an ack, as it does when a request is lost and a later one is acked. */
static void an_ack_that_names_no_offset_is_not_believed(void **state)
{
	(void)state;
	cluster_topic("guessed", 1);
	rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 1,
					  RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
	send_to("guessed", NULL, NULL, "{\"eventId\":\"g\"}\n");
	expect_in(got.err, "1 sent, 1 acked, 0 failed");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	tail_of("guessed", "-n1", "--timeout=10s");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "\"key\":\"g\"");
}

static void count_partition_and_quiet_end_a_tail(void **state)
{
	(void)state;
	cluster_topic("parts", 2);
	send_to(
	    "parts", NULL, NULL,
	    "{\"eventId\":\"a\"}\n{\"eventId\":\"b\"}\n{\"eventId\":\"c\"}\n{\"eventId\":\"d\"}\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	tail_of("parts", "-n", "3");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	tail_of("parts", "-n5", "--timeout=300ms");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	tail_of("parts", "-p1", "-e");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_null(strstr(got.out, "\"partition\":0,"));
	tail_of("parts", "-p", "2");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "parts has 2 partitions");
	capture(&got, wr_commands, WORDS("tail", "parts", "-b", cluster_brokers, "-e"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(got.out, ""); /* from the end: nothing new */
}

/* Writes a tombstone with headers, which `weir send` does not. */
static void produce_headers(const char *topic)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];
	rd_kafka_t *producer;

	assert_int_equal(
	    rd_kafka_conf_set(conf, "bootstrap.servers", cluster_brokers, text, sizeof(text)),
	    RD_KAFKA_CONF_OK);
	producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(producer);
	assert_int_equal(rd_kafka_header_add(headers, "weir-class", -1, "decode", 6), 0);
	assert_int_equal(rd_kafka_header_add(headers, "none", -1, NULL, 0), 0);
	assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic),
					   RD_KAFKA_V_VALUE(NULL, 0), RD_KAFKA_V_HEADERS(headers),
					   RD_KAFKA_V_END),
			 0);
	assert_int_equal(rd_kafka_flush(producer, 10000), 0);
	rd_kafka_destroy(producer);
}

static void text_has_headers(void **state)
{
	(void)state;
	cluster_topic("headers", 1);
	produce_headers("headers");
	capture(&got, wr_commands,
		WORDS("tail", "headers", "-b", cluster_brokers, "--from-beginning", "-n", "1",
		      "--timeout", "10s"),
		NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "headers/0@0  ");
	expect_in(got.out, "  key (null)\n    weir-class: decode\n    none: (null)\n  (null)\n");
}

static void brokers_and_properties_come_from_a_configuration(void **state)
{
	FILE *file = fopen("test_topic.yaml", "w");

	(void)state;
	assert_non_null(file);
	fprintf(file,
		"kafka: { brokers: \"%s\", properties: { socket.keepalive.enable: true } }\n"
		"pipelines:\n"
		"  - name: p\n"
		"    source: { topics: [events], group: g }\n"
		"    idempotency: { store: none }\n"
		"    dlq: { topic: d }\n"
		"    stages: [ { plugin: x.so } ]\n"
		"    outputs: { default: o }\n",
		cluster_brokers);
	fclose(file);
	cluster_topic("configured", 1);
	capture(&got, wr_commands, WORDS("send", "--to", "configured", "-c", "test_topic.yaml"),
		"{\"eventId\":\"a\"}\n");
	if (got.exit_status != WR_EXIT_OK)
		fail_msg("%s", got.err);
	unlink("test_topic.yaml");
}

static void what_the_command_owns_can_not_be_set(void **state)
{
	(void)state;
	cluster_topic("owned", 1);
	send_to("owned", "-X", "acks=0", "{\"eventId\":\"a\"}\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.err, "1 sent, 1 acked, 0 failed");
}

static void an_unreachable_broker_is_said(void **state)
{
	(void)state;
	capture(&got, wr_commands,
		WORDS("send", "--to", "t", "-b", "127.0.0.1:1", "--timeout", "1s"),
		"{\"eventId\":1}\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "Connection refused");
	expect_in(got.err, "trying on\n");
	expect_in(got.err, "line 1: Local: Message timed out\n");
	expect_in(got.err, "1 sent, 0 acked, 1 failed");
}

static void a_tail_ends_at_its_time_out_when_no_broker_answers(void **state)
{
	int64_t began_ns = wr_clock_mono_ns(&wr_clock_real);

	(void)state;
	capture(&got, wr_commands, WORDS("tail", "t", "-b", "127.0.0.1:1", "--timeout", "100ms"),
		NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "can't reach Kafka");
	/* Without --timeout it tries for ten seconds. */
	assert_true(wr_clock_mono_ns(&wr_clock_real) - began_ns < 8 * WR_NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_sent_comes_out_with_the_id_as_key),
	    cmocka_unit_test(the_key_comes_from_another_place_when_asked),
	    cmocka_unit_test(raw_lines_are_not_looked_at),
	    cmocka_unit_test(a_record_that_kafka_refuses_is_named),
	    cmocka_unit_test(an_ack_that_names_no_offset_is_not_believed),
	    cmocka_unit_test(count_partition_and_quiet_end_a_tail),
	    cmocka_unit_test(text_has_headers),
	    cmocka_unit_test(brokers_and_properties_come_from_a_configuration),
	    cmocka_unit_test(what_the_command_owns_can_not_be_set),
	    cmocka_unit_test(an_unreachable_broker_is_said),
	    cmocka_unit_test(a_tail_ends_at_its_time_out_when_no_broker_answers),
	};

	if (HAS_TSAN)
		return SKIP;
	return cmocka_run_group_tests(tests, cluster_start, cluster_stop);
}
