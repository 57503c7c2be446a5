#include "config.h"

#include "tests/unit.h"
#include "weir/test.h"

#include <stdio.h>

static struct weir_test *open_with(const char *config)
{
	const struct weir_test_options options = {.config_json = config};
	char error[1024] = "";
	struct weir_test *test =
	    weir_test_open(PLUGINS_DIR "/validate.so", &options, error, sizeof(error));

	if (test == NULL)
		fail_msg("%s", error);
	return test;
}

static void refuses_config(const char *config, const char *sentence)
{
	const struct weir_test_options options = {.config_json = config};
	char error[1024] = "";

	assert_null(weir_test_open(PLUGINS_DIR "/validate.so", &options, error, sizeof(error)));
	assert_string_equal(error, sentence);
}

/* One event against one config: "" passes, else "code: message". */
static void checks_to(const char *config, const char *value, const char *expected)
{
	struct weir_test *test = open_with(config);
	char said[2048] = "";

	weir_test_add(test, "id", NULL, value);
	weir_test_run(test);
	if (weir_test_verdict(test, 0) == WEIR_FAIL)
		snprintf(said, sizeof(said), "%s: %s", weir_test_code(test, 0),
			 weir_test_message(test, 0));
	else
		assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	assert_string_equal(said, expected);
	weir_test_close(test);
}

#define FIELD(rules) "{\"fields\": [{\"pointer\": \"/a\", " rules "}]}"

static void what_is_not_json_fails(void **state)
{
	(void)state;
	checks_to("{}", "{\"a\": 1}", "");
	checks_to("{}", "{\"a\": ", "not-json: the value is not JSON");
	checks_to("{}", "", "not-json: the value is not JSON");
	checks_to("{}", NULL, "not-json: the event has no value");
}

static void required_fields_must_be_there(void **state)
{
	static const char config[] =
	    "{\"required\": [\"/eventId\", \"/payload/a~1b\", \"/list/1\"]}";

	(void)state;
	checks_to(config, "{\"eventId\": \"x\", \"payload\": {\"a/b\": null}, \"list\": [1, 2]}",
		  "");
	checks_to(config, "{\"payload\": {\"a/b\": 1}, \"list\": [1, 2]}",
		  "missing-field: /eventId is missing");
	checks_to(config, "{\"eventId\": \"x\", \"payload\": {}, \"list\": [1, 2]}",
		  "missing-field: /payload/a~1b is missing");
	checks_to(config, "{\"eventId\": \"x\", \"payload\": {\"a/b\": 1}, \"list\": [1]}",
		  "missing-field: /list/1 is missing");
	checks_to(config, "[]", "missing-field: /eventId is missing");
}

static void types_must_fit(void **state)
{
	static const char number[] = FIELD("\"type\": \"number\"");
	static const char either[] = FIELD("\"type\": [\"integer\", \"null\"]");

	(void)state;
	checks_to(number, "{\"a\": 1}", "");
	checks_to(number, "{\"a\": 1.5}", "");
	checks_to(number, "{\"a\": 1e400}", "");
	checks_to(number, "{}", "");
	checks_to(number, "{\"a\": \"1\"}", "wrong-type: /a is a string and must be number");
	checks_to(either, "{\"a\": null}", "");
	checks_to(either, "{\"a\": 9223372036854775807}", "");
	checks_to(either, "{\"a\": 1.0}", "wrong-type: /a is a number and must be integer or null");
	checks_to(either, "{\"a\": true}",
		  "wrong-type: /a is a boolean and must be integer or null");
	checks_to(either, "{\"a\": {}}", "wrong-type: /a is an object and must be integer or null");
	checks_to(FIELD("\"type\": \"array\""), "{\"a\": null}",
		  "wrong-type: /a is null and must be array");
	checks_to(FIELD("\"type\": \"object\""), "{\"a\": []}",
		  "wrong-type: /a is an array and must be object");
	checks_to(FIELD("\"type\": [\"string\", \"boolean\"]"), "{\"a\": 3}",
		  "wrong-type: /a is an integer and must be string or boolean");
}

static void numbers_must_lie_in_their_range(void **state)
{
	static const char config[] = FIELD("\"min\": 0, \"max\": 9007199254740993");

	(void)state;
	checks_to(config, "{\"a\": 0}", "");
	checks_to(config, "{\"a\": 9007199254740993}", "");
	checks_to(config, "{\"a\": 9007199254740994}",
		  "out-of-range: /a is above the maximum of 9.00719925474099e+15");
	checks_to(config, "{\"a\": -1}", "out-of-range: /a is below the minimum of 0");
	checks_to(config, "{\"a\": -0.001}", "out-of-range: /a is below the minimum of 0");
	checks_to(config, "{\"a\": \"-1\"}", "");
	checks_to(FIELD("\"max\": 0.5"), "{\"a\": 1}",
		  "out-of-range: /a is above the maximum of 0.5");
}

static void values_must_be_allowed(void **state)
{
	static const char config[] =
	    FIELD("\"enum\": [\"EUR\", 7, 1.5, true, null, \"a\\u0000b\"]");
	static const char sentence[] = "not-allowed: /a is none of the values allowed";

	(void)state;
	checks_to(config, "{\"a\": \"EUR\"}", "");
	checks_to(config, "{\"a\": 7}", "");
	checks_to(config, "{\"a\": 7.0}", "");
	checks_to(config, "{\"a\": 15e-1}", "");
	checks_to(config, "{\"a\": true}", "");
	checks_to(config, "{\"a\": null}", "");
	checks_to(config, "{\"a\": \"a\\u0000b\"}", "");
	checks_to(config, "{\"a\": \"a\\u0000c\"}", sentence);
	checks_to(config, "{\"a\": \"EURO\"}", sentence);
	checks_to(config, "{\"a\": false}", sentence);
	checks_to(config, "{\"a\": \"7\"}", sentence);
	checks_to(config, "{\"a\": []}", sentence);
}

static void strings_must_have_their_length(void **state)
{
	static const char config[] = FIELD("\"min_length\": 2, \"max_length\": 3");

	(void)state;
	checks_to(config, "{\"a\": \"\xc3\xa4\xe2\x82\xac\"}", "");
	checks_to(config, "{\"a\": \"\\u00e4\\ud83d\\ude00b\"}", "");
	checks_to(config, "{\"a\": \"x\"}",
		  "wrong-length: /a has 1 characters and must have 2 or more");
	checks_to(config, "{\"a\": \"abcd\"}",
		  "wrong-length: /a has 4 characters and must have 3 at most");
	checks_to(config, "{\"a\": [1]}", "");
}

static void arrays_and_objects_must_have_their_size(void **state)
{
	static const char config[] = FIELD("\"min_items\": 1, \"max_items\": 2");

	(void)state;
	checks_to(config, "{\"a\": [1]}", "");
	checks_to(config, "{\"a\": {\"x\": 1, \"y\": 2}}", "");
	checks_to(config, "{\"a\": []}", "wrong-length: /a has 0 members and must have 1 or more");
	checks_to(config, "{\"a\": [1, 2, 3]}",
		  "wrong-length: /a has 3 members and must have 2 at most");
	checks_to(config, "{\"a\": \"x\"}", "");
}

static void strings_must_match_their_pattern(void **state)
{
	static const char config[] = FIELD("\"pattern\": \"^[A-Z]{3}$\"");
	static char long_value[70 * 1024];

	(void)state;
	checks_to(config, "{\"a\": \"EUR\"}", "");
	checks_to(config, "{\"a\": \"eur\"}", "wrong-format: /a does not match its pattern");
	checks_to(config, "{\"a\": \"EUR\\u0000x\"}",
		  "wrong-format: /a does not match its pattern");
	checks_to(config, "{\"a\": 5}", "");
	memset(long_value, 'x', sizeof(long_value));
	memcpy(long_value, "{\"a\": \"", 7);
	memcpy(long_value + sizeof(long_value) - 3, "\"}", 3);
	checks_to(config, long_value, "wrong-format: /a is too long to be held to its pattern");
}

static void the_first_broken_rule_counts(void **state)
{
	static const char config[] =
	    "{\"required\": [\"/id\"], \"fields\": [{\"pointer\": \"/a\", \"type\": \"string\"}, "
	    "{\"pointer\": \"/b\", \"type\": \"string\"}]}";

	(void)state;
	checks_to(config, "{\"b\": 1, \"a\": 1}", "missing-field: /id is missing");
	checks_to(config, "{\"id\": 1, \"b\": 1, \"a\": 1}",
		  "wrong-type: /a is an integer and must be string");
}

static void each_event_of_a_batch_is_judged_alone(void **state)
{
	struct weir_test *test = open_with("{\"required\": [\"/id\"]}");

	(void)state;
	for (int i = 0; i < 10; i++)
		weir_test_add(test, "id", "key", i % 3 == 0 ? "{}" : "{\"id\": 1}");
	weir_test_run(test);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(weir_test_verdict(test, i), i % 3 == 0 ? WEIR_FAIL : WEIR_OK);
	weir_test_close(test);
}

static void a_wrong_config_is_refused(void **state)
{
	(void)state;
	refuses_config("{\"require\": []}",
		       "config/require is an unknown key; known here: required, fields");
	refuses_config("{\"required\": [\"eventId\"]}",
		       "config/required/0 must match the pattern ^(/([^/~]|~[01])*)*$");
	refuses_config("{\"fields\": [{\"type\": \"string\"}]}",
		       "config/fields/0 the required \"pointer\" is missing");
	refuses_config(FIELD("\"type\": \"text\""),
		       "config/fields/0/type fits none of the alternatives: is none of the values "
		       "allowed here; or: has a type that is not allowed here");
	refuses_config(FIELD("\"min\": \"0\""), "config/fields/0/min must be of type number");
	refuses_config(
	    FIELD("\"pattern\": \"(\""),
	    "stage \"validate\": the plugin validate 1.0.0 could not be created: the "
	    "pattern of /fields/0 is no POSIX extended regular expression: Unmatched ( or "
	    "\\(");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_json_fails),
	    cmocka_unit_test(required_fields_must_be_there),
	    cmocka_unit_test(types_must_fit),
	    cmocka_unit_test(numbers_must_lie_in_their_range),
	    cmocka_unit_test(values_must_be_allowed),
	    cmocka_unit_test(strings_must_have_their_length),
	    cmocka_unit_test(arrays_and_objects_must_have_their_size),
	    cmocka_unit_test(strings_must_match_their_pattern),
	    cmocka_unit_test(the_first_broken_rule_counts),
	    cmocka_unit_test(each_event_of_a_batch_is_judged_alone),
	    cmocka_unit_test(a_wrong_config_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
