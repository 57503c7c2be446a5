/* A handler that does wrong costs its own events, never the engine. */
#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

#include <stdio.h>

static struct weir_test *open_mode(const char *mode)
{
	char config[128], error[1024] = "";
	const struct weir_test_options options = {.config_json = config};
	struct weir_test *test;

	snprintf(config, sizeof(config), "{\"mode\": \"%s\"}", mode);
	test = weir_test_open(ABI_DIR "/misbehaves.so", &options, error, sizeof(error));
	if (test == NULL)
		fail_msg("%s", error);
	for (int i = 0; i < 3; i++)
		weir_test_add(test, "id", NULL, "{\"a\": 1}");
	weir_test_run(test);
	return test;
}

static void all_are(const char *mode, enum weir_verdict verdict, const char *code)
{
	struct weir_test *test = open_mode(mode);

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(weir_test_verdict(test, i), verdict);
		assert_string_equal(weir_test_code(test, i), code);
		assert_true(weir_test_value_is(test, i, "{\"a\": 1}"));
	}
	weir_test_close(test);
}

static void every_event_has_a_verdict_whatever_the_handler_leaves(void **state)
{
	(void)state;
	all_are("leaves-unset", WEIR_FAIL, "no-result");
	all_are("returns-non-zero", WEIR_RETRY, "");
	all_are("unknown-verdict", WEIR_FAIL, "unknown-verdict");
	all_are("unknown-output", WEIR_FAIL, "unknown-output");
}

static void pointers_that_are_not_the_engines_are_refused(void **state)
{
	(void)state;
	all_are("foreign-pointers", WEIR_OK, "");
}

static void emits_are_bounded(void **state)
{
	struct weir_test *test = open_mode("emits-too-much");

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(weir_test_verdict(test, i), WEIR_OK);
		assert_int_equal(weir_test_emit_count(test, i), 1000);
	}
	weir_test_close(test);
	test = open_mode("emits-nowhere");
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	assert_int_equal(weir_test_emit_count(test, 0), 0);
	weir_test_close(test);
}

static void codes_and_messages_are_bounded_and_cleaned(void **state)
{
	struct weir_test *test = open_mode("huge-message");

	(void)state;
	assert_int_equal(weir_test_verdict(test, 2), WEIR_FAIL);
	assert_int_equal(strlen(weir_test_code(test, 2)), 64);
	assert_int_equal(strlen(weir_test_message(test, 2)), 1024);
	weir_test_close(test);
	test = open_mode("binary-message");
	assert_string_equal(weir_test_code(test, 0), "?  ");
	assert_string_equal(weir_test_message(test, 0), "\xf0\x9f\x92\xa9 ?");
	weir_test_close(test);
}

static void exceptions_become_verdicts(void **state)
{
	static const struct {
		const char *value;
		enum weir_verdict verdict;
		const char *code, *message;
		uint32_t after_ms;
	} rows[] = {
	    {"permanent", WEIR_FAIL, "over-limit", "the amount is over the limit", 0},
	    {"retry", WEIR_RETRY, "busy", "the service is busy", 1500},
	    {"std", WEIR_RETRY, "exception", "something else", 0},
	    {"int", WEIR_RETRY, "exception", "an exception that is no std::exception", 0},
	    {"fine", WEIR_OK, "", "", 0},
	};
	char error[1024] = "";
	struct weir_test *test = weir_test_open(ABI_DIR "/throws.so", NULL, error, sizeof(error));

	(void)state;
	assert_string_equal(error, "");
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++)
		weir_test_add(test, "id", NULL, rows[i].value);
	weir_test_run(test);
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		assert_int_equal(weir_test_verdict(test, i), rows[i].verdict);
		assert_string_equal(weir_test_code(test, i), rows[i].code);
		assert_string_equal(weir_test_message(test, i), rows[i].message);
		assert_int_equal(weir_test_retry_after_ms(test, i), rows[i].after_ms);
		assert_true(weir_test_value_is(
		    test, i,
		    rows[i].verdict == WEIR_OK ? "changed before it threw" : rows[i].value));
	}
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_has_a_verdict_whatever_the_handler_leaves),
	    cmocka_unit_test(pointers_that_are_not_the_engines_are_refused),
	    cmocka_unit_test(emits_are_bounded),
	    cmocka_unit_test(codes_and_messages_are_bounded_and_cleaned),
	    cmocka_unit_test(exceptions_become_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
