#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

static struct weir_test *open_with(const char *config, char *error, size_t size)
{
	const struct weir_test_options options = {.config_json = config};

	return weir_test_open(PLUGINS_DIR "/passthrough.so", &options, error, size);
}

static void every_event_goes_on_as_it_came(void **state)
{
	char error[1024] = "";
	struct weir_test *test = open_with("{}", error, sizeof(error));

	(void)state;
	assert_string_equal(error, "");
	weir_test_add(test, "1", "key", "{\"a\": 1}");
	weir_test_add(test, "2", NULL, "no JSON");
	weir_test_add(test, "3", "", NULL);
	weir_test_add_header(test, 0, "h", "v");
	weir_test_run(test);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(weir_test_verdict(test, i), WEIR_OK);
		assert_string_equal(weir_test_output(test, i), "default");
		assert_int_equal(weir_test_emit_count(test, i), 0);
	}
	assert_true(weir_test_value_is(test, 0, "{\"a\": 1}"));
	assert_true(weir_test_value_is(test, 1, "no JSON"));
	assert_null(weir_test_event(test, 2)->value.data);
	assert_int_equal(weir_test_event(test, 0)->header_count, 1);
	weir_test_close(test);
}

static void it_takes_no_config(void **state)
{
	char error[1024] = "";

	(void)state;
	assert_null(open_with("{\"a\": 1}", error, sizeof(error)));
	assert_string_equal(error, "config/a is an unknown key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_goes_on_as_it_came),
	    cmocka_unit_test(it_takes_no_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
