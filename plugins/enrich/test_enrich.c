#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct weir_test *open_with(const char *config)
{
	const struct weir_test_options options = {.config_json = config};
	char error[1024] = "";
	struct weir_test *test =
	    weir_test_open(PLUGINS_DIR "/enrich.so", &options, error, sizeof(error));

	if (test == NULL)
		fail_msg("%s", error);
	return test;
}

static void refuses_config(const char *config, const char *sentence)
{
	const struct weir_test_options options = {.config_json = config};
	char error[1024] = "";

	assert_null(weir_test_open(PLUGINS_DIR "/enrich.so", &options, error, sizeof(error)));
	assert_string_equal(error, sentence);
}

/* Adds the event that the tests speak of. */
static void add_event(struct weir_test *test, const char *value)
{
	size_t i = weir_test_add(test, "id-1", "k\"1", value);

	weir_test_add_header(test, i, "trace", "abc\n");
	weir_test_add_header(test, i, "binary", "\xff");
	weir_test_event(test, i)->timestamp_ms = INT64_C(1777863721005);
	weir_test_event(test, i)->partition = 3;
	weir_test_event(test, i)->offset = INT64_C(9007199254740993);
	weir_test_event(test, i)->attempt = 2;
}

/* One event against one config: the new value, or "code: message". */
static void enriches_to(const char *config, const char *value, const char *expected)
{
	struct weir_test *test = open_with(config);
	struct weir_bytes now;
	char said[2048] = "";

	add_event(test, value);
	weir_test_run(test);
	now = weir_test_event(test, 0)->value;
	if (weir_test_verdict(test, 0) == WEIR_OK) {
		snprintf(said, sizeof(said), "%.*s", (int)now.size, (const char *)now.data);
	} else {
		assert_int_equal(weir_test_verdict(test, 0), WEIR_FAIL);
		snprintf(said, sizeof(said), "%s: %s", weir_test_code(test, 0),
			 weir_test_message(test, 0));
	}
	assert_string_equal(said, expected);
	weir_test_close(test);
}

#define SET(assignment) "{\"set\": [{" assignment "}]}"

static void a_constant_is_set_as_it_is_written(void **state)
{
	(void)state;
	enriches_to(SET("\"to\": \"/a\", \"value\": \"x\""), "{}", "{\"a\":\"x\"}");
	enriches_to(SET("\"to\": \"/a\", \"value\": 12345678901234567890.10"), "{\"a\":1}",
		    "{\"a\":12345678901234567890.10}");
	enriches_to(SET("\"to\": \"/a\", \"value\": {\"b\": [1, null]}"), "{}",
		    "{\"a\":{\"b\": [1, null]}}");
	enriches_to(SET("\"to\": \"/a\", \"value\": null"), "{}", "{\"a\":null}");
}

static void what_is_not_touched_keeps_every_byte(void **state)
{
	static const char config[] = SET("\"to\": \"/meta/v\", \"value\": 1");

	(void)state;
	enriches_to(config,
		    " { \"id\":\t9007199254740993, \"big\": 123456789012345678901234567890, \"f\": "
		    "0.1000000000000000055511151231257827, \"e\": 1E+400, \"z\": -0.0, \"s\": "
		    "\"\\u00e4\\/\" }\n",
		    " { \"id\":\t9007199254740993, \"big\": 123456789012345678901234567890, \"f\": "
		    "0.1000000000000000055511151231257827, \"e\": 1E+400, \"z\": -0.0, \"s\": "
		    "\"\\u00e4\\/\",\"meta\":{\"v\":1} }\n");
}

static void a_field_is_copied_with_every_digit(void **state)
{
	(void)state;
	enriches_to(SET("\"to\": \"/b\", \"from\": \"/a\""),
		    "{\"a\": 123456789012345678901234567890.50}",
		    "{\"a\": 123456789012345678901234567890.50,\"b\":"
		    "123456789012345678901234567890.50}");
	enriches_to(SET("\"to\": \"/b/0\", \"from\": \"/a/1\""),
		    "{\"a\": [1, {\"x\": []}], \"b\": [0]}",
		    "{\"a\": [1, {\"x\": []}], \"b\": [{\"x\": []}]}");
	enriches_to(SET("\"to\": \"/copy\", \"from\": \"\""), "{\"a\": 1}",
		    "{\"a\": 1,\"copy\":{\"a\": 1}}");
}

static void parts_of_the_event_are_set(void **state)
{
	(void)state;
	enriches_to(SET("\"to\": \"/a\", \"header\": \"trace\""), "{}", "{\"a\":\"abc\\u000a\"}");
	enriches_to(SET("\"to\": \"/a\", \"event\": \"id\""), "{}", "{\"a\":\"id-1\"}");
	enriches_to(SET("\"to\": \"/a\", \"event\": \"key\""), "{}", "{\"a\":\"k\\\"1\"}");
	enriches_to(SET("\"to\": \"/a\", \"event\": \"topic\""), "{}", "{\"a\":\"events\"}");
	enriches_to(SET("\"to\": \"/a\", \"event\": \"partition\""), "{}", "{\"a\":3}");
	enriches_to(SET("\"to\": \"/a\", \"event\": \"offset\""), "{}", "{\"a\":9007199254740993}");
	enriches_to(SET("\"to\": \"/a\", \"event\": \"attempt\""), "{}", "{\"a\":2}");
	enriches_to(SET("\"to\": \"/a\", \"timestamp\": \"ms\""), "{}", "{\"a\":1777863721005}");
	enriches_to(SET("\"to\": \"/a\", \"timestamp\": \"s\""), "{}", "{\"a\":1777863721}");
	enriches_to(SET("\"to\": \"/a\", \"timestamp\": \"iso\""), "{}",
		    "{\"a\":\"2026-05-04T03:02:01.005Z\"}");
}

static void the_current_time_is_set(void **state)
{
	struct weir_test *test = open_with("{\"set\": [{\"to\": \"/ms\", \"now\": \"ms\"}, "
					   "{\"to\": \"/s\", \"now\": \"s\"}, {\"to\": \"/iso\", "
					   "\"now\": \"iso\"}]}");
	struct weir_bytes value;
	char text[256], iso[64];
	long long ms, s;
	int64_t now = (int64_t)time(NULL);

	(void)state;
	weir_test_add(test, "id", NULL, "{}");
	weir_test_run(test);
	value = weir_test_event(test, 0)->value;
	snprintf(text, sizeof(text), "%.*s", (int)value.size, (const char *)value.data);
	assert_int_equal(
	    sscanf(text, "{\"ms\":%lld,\"s\":%lld,\"iso\":\"%63[0-9TZ:.-]\"}", &ms, &s, iso), 3);
	assert_true(s >= now && s <= now + 10 && ms / 1000 >= now && ms / 1000 <= now + 10);
	assert_int_equal(strlen(iso), 24);
	weir_test_close(test);
}

static void assignments_see_those_before_them(void **state)
{
	(void)state;
	enriches_to("{\"set\": [{\"to\": \"/a\", \"value\": 7}, {\"to\": \"/b/c\", \"from\": "
		    "\"/a\"}, {\"to\": \"/a\", \"from\": \"/b\"}]}",
		    "{}", "{\"a\":{\"c\":7},\"b\":{\"c\":7}}");
}

static void a_missing_source_is_skipped_defaulted_or_fails(void **state)
{
	(void)state;
	enriches_to(SET("\"to\": \"/a\", \"from\": \"/nowhere\""), "{\"x\":1}", "{\"x\":1}");
	enriches_to(SET("\"to\": \"/a\", \"header\": \"none\""), "{}", "{}");
	enriches_to(SET("\"to\": \"/a\", \"header\": \"none\", \"default\": [1.10]"), "{}",
		    "{\"a\":[1.10]}");
	enriches_to("{\"on_missing\": \"fail\", \"set\": [{\"to\": \"/a\", \"from\": \"/b\"}]}",
		    "{}", "missing-source: what /a is to be set from is missing");
	enriches_to("{\"on_missing\": \"fail\", \"set\": [{\"to\": \"/a\", \"from\": \"/b\", "
		    "\"default\": null}]}",
		    "{}", "{\"a\":null}");
}

static void an_event_without_time_or_key_has_none_to_set(void **state)
{
	struct weir_test *test =
	    open_with("{\"set\": [{\"to\": \"/t\", \"timestamp\": \"iso\"}, {\"to\": \"/k\", "
		      "\"event\": \"key\"}]}");

	(void)state;
	weir_test_add(test, "id", NULL, "{}");
	weir_test_add(test, "id", NULL, "{}");
	weir_test_event(test, 1)->timestamp_ms = INT64_MAX;
	weir_test_run(test);
	assert_true(weir_test_value_is(test, 0, "{}"));
	assert_true(weir_test_value_is(test, 1, "{}"));
	weir_test_close(test);
}

static void what_is_there_may_be_kept(void **state)
{
	static const char config[] = SET("\"to\": \"/a\", \"value\": 2, \"overwrite\": false");

	(void)state;
	enriches_to(config, "{\"a\": null}", "{\"a\": null}");
	enriches_to(config, "{}", "{\"a\":2}");
}

static void parents_are_made_unless_forbidden(void **state)
{
	static const char config[] =
	    "{\"create_parents\": false, \"set\": [{\"to\": \"/a/b\", \"value\": 1}]}";
	static const char sentence[] =
	    "no-parent: /a/b can't be set: what stands on the way is no object";

	(void)state;
	enriches_to(config, "{}", sentence);
	enriches_to(config, "{\"a\":{}}", "{\"a\":{\"b\":1}}");
	enriches_to(config, "{\"a\":5}", sentence);
	enriches_to(SET("\"to\": \"/a/b\", \"value\": 1"), "{\"a\":5}", sentence);
}

static void what_can_not_be_set_fails(void **state)
{
	static const char config[] = SET("\"to\": \"/a\", \"value\": 1");

	(void)state;
	enriches_to(config, "{\"a\": ", "not-json: the value is not JSON");
	enriches_to(config, NULL, "not-json: the event has no value");
	enriches_to(config, "{\"a\":1,\"a\":2}",
		    "ambiguous-field: /a can't be set: a name on the way is there twice");
	enriches_to(SET("\"to\": \"/a\", \"header\": \"binary\""), "{}",
		    "not-utf8: what /a is to be set from is not UTF-8");
}

static void a_failed_event_is_not_changed(void **state)
{
	struct weir_test *test = open_with("{\"on_missing\": \"fail\", \"set\": [{\"to\": \"/a\", "
					   "\"value\": 1}, {\"to\": \"/b\", \"from\": \"/c\"}]}");

	(void)state;
	weir_test_add(test, "id", NULL, "{}");
	weir_test_add(test, "id", NULL, "{\"c\":2}");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_FAIL);
	assert_true(weir_test_value_is(test, 0, "{}"));
	assert_true(weir_test_value_is(test, 1, "{\"c\":2,\"a\":1,\"b\":2}"));
	weir_test_close(test);
}

static void large_values_are_handled(void **state)
{
	struct weir_test *test = open_with(SET("\"to\": \"/a\", \"value\": 1"));
	const size_t size = 3 * 1024 * 1024;
	char *value = malloc(size);
	struct weir_bytes now;

	(void)state;
	assert_non_null(value);
	memset(value, ' ', size);
	value[0] = '{';
	value[size - 1] = '}';
	weir_test_add_bytes(test, (struct weir_bytes){"id", 2}, (struct weir_bytes){NULL, 0},
			    (struct weir_bytes){value, size});
	weir_test_run(test);
	now = weir_test_event(test, 0)->value;
	assert_int_equal(now.size, size + 5);
	free(value);
	weir_test_close(test);
}

static void a_wrong_config_is_refused(void **state)
{
	(void)state;
	refuses_config("{}", "config the required \"set\" is missing");
	refuses_config(
	    SET("\"to\": \"/a\", \"value\": 1, \"from\": \"/b\""),
	    "config/set/0 fits more than one of the alternatives, and must fit exactly one");
	refuses_config(SET("\"to\": \"a\", \"value\": 1"),
		       "config/set/0/to must match the pattern ^(/([^/~]|~[01])*)*$");
	refuses_config(
	    SET("\"to\": \"/a\", \"event\": \"name\""),
	    "config/set/0/event must be one of \"id\", \"key\", \"topic\", \"partition\", "
	    "\"offset\" or \"attempt\"");
	refuses_config(
	    SET("\"to\": \"/a\", \"header\": \"a\\u0000b\""),
	    "stage \"enrich\": the plugin enrich 1.0.0 could not be created: the name of a "
	    "header has a NUL character in it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_constant_is_set_as_it_is_written),
	    cmocka_unit_test(what_is_not_touched_keeps_every_byte),
	    cmocka_unit_test(a_field_is_copied_with_every_digit),
	    cmocka_unit_test(parts_of_the_event_are_set),
	    cmocka_unit_test(the_current_time_is_set),
	    cmocka_unit_test(assignments_see_those_before_them),
	    cmocka_unit_test(a_missing_source_is_skipped_defaulted_or_fails),
	    cmocka_unit_test(an_event_without_time_or_key_has_none_to_set),
	    cmocka_unit_test(what_is_there_may_be_kept),
	    cmocka_unit_test(parents_are_made_unless_forbidden),
	    cmocka_unit_test(what_can_not_be_set_fails),
	    cmocka_unit_test(a_failed_event_is_not_changed),
	    cmocka_unit_test(large_values_are_handled),
	    cmocka_unit_test(a_wrong_config_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
