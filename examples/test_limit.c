#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

static struct weir_test *open_with(const char *config)
{
	const struct weir_test_options options = {.config_json = config};
	char error[1024] = "";
	struct weir_test *test =
	    weir_test_open(EXAMPLES_DIR "/limit.so", &options, error, sizeof(error));

	if (test == NULL)
		fail_msg("%s", error);
	return test;
}

static void an_amount_up_to_the_limit_passes(void **state)
{
	struct weir_test *test = open_with("{\"max\": 100}");

	(void)state;
	weir_test_add(test, "a", NULL, "{\"payload\": {\"amount\": 100}}");
	weir_test_add(test, "b", NULL, "{\"payload\": {\"amount\": -5}}");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	assert_int_equal(weir_test_verdict(test, 1), WEIR_OK);
	weir_test_close(test);
}

static void an_amount_over_the_limit_fails_with_its_code(void **state)
{
	struct weir_test *test = open_with("{\"max\": 100}");

	(void)state;
	weir_test_add(test, "a", NULL, "{\"payload\": {\"amount\": 101}}");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_FAIL);
	assert_string_equal(weir_test_code(test, 0), "over-limit");
	weir_test_close(test);
}

static void an_event_without_an_amount_fails(void **state)
{
	static const char *const values[] = {"{}", "{\"payload\": {\"amount\": \"7\"}}", "no JSON",
					     NULL};
	struct weir_test *test = open_with("{\"max\": 100}");

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(values); i++)
		weir_test_add(test, "a", NULL, values[i]);
	weir_test_run(test);
	for (size_t i = 0; i < UNIT_COUNT_OF(values); i++) {
		assert_int_equal(weir_test_verdict(test, i), WEIR_FAIL);
		assert_string_equal(weir_test_code(test, i), "no-amount");
	}
	weir_test_close(test);
}

static void the_limit_must_be_given_as_an_integer(void **state)
{
	static const char *const configs[] = {"{}", "{\"max\": \"100\"}", "{\"max\": 1.5}"};
	char error[1024];

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(configs); i++) {
		const struct weir_test_options options = {.config_json = configs[i]};

		error[0] = '\0';
		assert_null(
		    weir_test_open(EXAMPLES_DIR "/limit.so", &options, error, sizeof(error)));
		assert_non_null(strstr(error, "max"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_amount_up_to_the_limit_passes),
	    cmocka_unit_test(an_amount_over_the_limit_fails_with_its_code),
	    cmocka_unit_test(an_event_without_an_amount_fails),
	    cmocka_unit_test(the_limit_must_be_given_as_an_integer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
