/*
 * `weir offsets` where there is no Kafka: what it refuses, and what it says. tests/system has the rest.
 */
#include "config.h"

#include "tests/cli/capture.h"

static struct captured got;
static char file[] = "/tmp/weir-offsets-XXXXXX";

static void configure(const char *brokers, const char *store)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fprintf(out,
		"kafka: { brokers: \"%s\" }\n"
		"redis: { url: \"redis://127.0.0.1:1\" }\n"
		"pipelines:\n"
		"  - name: payments\n"
		"    source: { topics: [events], group: g }\n"
		"    idempotency: { store: %s }\n"
		"    dlq: { topic: events-dlq }\n"
		"    stages: [ { plugin: passthrough.so } ]\n"
		"    outputs: { default: out }\n",
		brokers, store);
	assert_int_equal(fclose(out), 0);
}

static void offsets(const char *verb, const char *one, const char *two, const char *three,
		    const char *four)
{
	capture(
	    &got, wr_commands,
	    WORDS("offsets", verb, "--config", file, "--timeout", "200ms", one, two, three, four),
	    NULL);
	assert_string_equal(got.out, "");
}

static void wrong_usage_is_said(void **state)
{
	static const char *const places[] = {"",           "now",        "-1", "1x",
					     "2026-13-01", "@yesterday", "1e3"};

	(void)state;
	configure("127.0.0.1:1", "none");
	for (size_t i = 0; i < UNIT_COUNT_OF(places); i++) {
		offsets("reset", "--to", places[i], NULL, NULL);
		assert_int_equal(got.exit_status, WR_EXIT_USAGE);
		expect_in(got.err, "--to wants earliest, latest, an offset, a time");
	}
	offsets("reset", "--execute", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "wants --to WHERE");
	offsets("reset", "--to", "latest", "events", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "takes no argument: \"events\"");
	offsets("show", "events", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	offsets("show", "--partition", "0", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "--partition wants --topic");
	offsets("show", "--topic", "events", "--partition", "-1");
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	offsets("show", "--timeout", "0s", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "--timeout wants 1ms to 1h");
	capture(&got, wr_commands, WORDS("offsets", "show"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "wants --config FILE");
}

static void the_embedded_broker_has_no_offsets_to_show(void **state)
{
	(void)state;
	configure("embedded", "memory");
	offsets("show", NULL, NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "embedded broker, which lives inside 'weir run'");
}

static void a_redis_that_is_away_is_said(void **state)
{
	(void)state;
	configure("127.0.0.1:1", "redis");
	offsets("reset", "--to", "earliest", "--execute", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "weir offsets reset: can't connect to Redis at");
}

static void a_kafka_that_is_away_is_said(void **state)
{
	(void)state;
	configure("127.0.0.1:1", "none");
	offsets("show", NULL, NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "weir offsets show: kafka: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrong_usage_is_said),
	    cmocka_unit_test(the_embedded_broker_has_no_offsets_to_show),
	    cmocka_unit_test(a_redis_that_is_away_is_said),
	    cmocka_unit_test(a_kafka_that_is_away_is_said),
	};
	int failed, fd = mkstemp(file);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return failed;
}
