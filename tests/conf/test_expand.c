#include "tests/conf/parsing.h"

#include <stdlib.h>

static const struct error_case variables_are_expanded_or_reported_cases[] = {
    {"instance: ${WEIR_TEST_UNSET}\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: the environment variable `WEIR_TEST_UNSET` is not set; set it, or give a default: ${WEIR_TEST_UNSET:-default}\n"},
    {"instance: a-${WEIR_TEST_UNSET}-${WEIR_TEST_UNSET_TOO}\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: the environment variable `WEIR_TEST_UNSET` is not set; set it, or give a default: ${WEIR_TEST_UNSET:-default}\n"
     "f:1:11: instance: the environment variable `WEIR_TEST_UNSET_TOO` is not set; set it, or give a default: ${WEIR_TEST_UNSET_TOO:-default}\n"},
    {"instance: ${}\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: a variable that can't be read; expected ${NAME} or ${NAME:-default}, or $$ for a dollar\n"},
    {"instance: ${A\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: a `${` without its `}`; expected ${NAME} or ${NAME:-default}, or $$ for a dollar\n"},
    {"instance: ${A-b}\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: a variable that can't be read; expected ${NAME} or ${NAME:-default}, or $$ for a dollar\n"},
    {"instance: ${1A}\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: a variable that can't be read; expected ${NAME} or ${NAME:-default}, or $$ for a dollar\n"},
    {"instance: \"${A B}\"\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: a variable that can't be read; expected ${NAME} or ${NAME:-default}, or $$ for a dollar\n"},
    {"instance: ${WEIR_TEST_UNSET:-${B}}\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: a variable that can't be read; expected ${NAME} or ${NAME:-default}, or $$ for a dollar\n"
     "f:1:11: instance: the environment variable `B` is not set; set it, or give a default: ${B:-default}\n"},
    {BROKERS REDIS PIPELINE "    lanes: ${WEIR_TEST_WORD}\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found what \"${WEIR_TEST_WORD}\" expands to\n"},
    {BROKERS REDIS PIPELINE "    lanes: ${WEIR_TEST_UNSET:-many}\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found what \"${WEIR_TEST_UNSET:-many}\" expands to\n"},
    {"log: { level: \"${WEIR_TEST_WORD}\" }\n" BROKERS REDIS PIPELINE,
     "f:1:15: log.level: expected `error`, `warn`, `info` or `debug`; found what \"${WEIR_TEST_WORD}\" expands to\n"},
    {"plugin_path: [a, \"${WEIR_TEST_UNSET}\"]\n" BROKERS REDIS PIPELINE,
     "f:1:18: plugin_path[1]: the environment variable `WEIR_TEST_UNSET` is not set; set it, or give a default: ${WEIR_TEST_UNSET:-default}\n"},
    {BROKERS REDIS
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [in] }\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so, config: { a: [ { b: \"${WEIR_TEST_UNSET}\" } ] } }]\n"
     "    outputs: { default: out }\n",
     "f:7:50: pipelines[0].stages[0].config.a[0].b: the environment variable `WEIR_TEST_UNSET` is not set; set it, or give a default: ${WEIR_TEST_UNSET:-default}\n"},
};

static void variables_are_expanded_or_reported(void **state)
{
	(void)state;
	check_errors(variables_are_expanded_or_reported_cases,
		     UNIT_COUNT_OF(variables_are_expanded_or_reported_cases));
}

static void a_variable_takes_its_place_in_the_text(void **state)
{
	static const struct {
		const char *text, *instance;
	} cases[] = {
	    {"${WEIR_TEST_WORD}", "w0rd"},
	    {"a-${WEIR_TEST_WORD}.${WEIR_TEST_WORD}", "a-w0rd.w0rd"},
	    {"${WEIR_TEST_WORD:-other}", "w0rd"},
	    {"${WEIR_TEST_UNSET:-other}", "other"},
	    {"x${WEIR_TEST_UNSET:-}", "x"},
	    {"x${WEIR_TEST_EMPTY:-y}", "xy"},
	    {"x${WEIR_TEST_EMPTY}", "x"},
	    {"'${WEIR_TEST_WORD}'", "w0rd"},
	    {"\"${WEIR_TEST_WORD}\"", "w0rd"},
	    {"${WEIR_TEST_DIGITS}", "123"},
	};
	char text[1024];
	size_t i;

	(void)state;
	setenv("WEIR_TEST_EMPTY", "", 1);
	setenv("WEIR_TEST_DIGITS", "123", 1);
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		struct parsed p;

		snprintf(text, sizeof(text), "instance: %s\n" BROKERS REDIS PIPELINE,
			 cases[i].text);
		p = parse_valid(text);
		assert_string_equal(p.conf->instance, cases[i].instance);
		parsed_fini(&p);
	}
}

static void an_unquoted_variable_can_give_a_number(void **state)
{
	struct parsed p;

	(void)state;
	setenv("WEIR_TEST_LANES", "3", 1);
	p = parse_valid(BROKERS REDIS PIPELINE "    lanes: ${WEIR_TEST_LANES}\n");
	assert_int_equal(p.conf->pipelines[0].lanes, 3);
	parsed_fini(&p);
	p = parse_valid(BROKERS REDIS PIPELINE "    lanes: \"${WEIR_TEST_LANES}\"\n");
	assert_int_equal(p.conf->pipelines[0].lanes, 3);
	parsed_fini(&p);
	p = parse_valid(BROKERS REDIS "pipelines:\n"
				      "  - name: p\n"
				      "    source: { topics: [in] }\n"
				      "    dlq: { topic: dead }\n"
				      "    stages:\n"
				      "      - plugin: x.so\n"
				      "        config:\n"
				      "          number: ${WEIR_TEST_LANES}\n"
				      "          text: \"${WEIR_TEST_LANES}\"\n"
				      "          none: ${WEIR_TEST_UNSET:-}\n"
				      "    outputs: { default: out }\n");
	assert_string_equal(p.conf->pipelines[0].stages[0].config_json,
			    "{\"number\":3,\"text\":\"3\",\"none\":null}");
	parsed_fini(&p);
}

static void keys_and_single_dollars_stay_as_they_are(void **state)
{
	struct parsed p;

	(void)state;
	p = parse_valid(BROKERS REDIS
			"pipelines:\n"
			"  - name: p\n"
			"    source: { topics: [in] }\n"
			"    dlq: { topic: dead }\n"
			"    stages:\n"
			"      - plugin: x.so\n"
			"        config: { \"${WEIR_TEST_WORD}\": \"^a$|$1|$$|$${x}|$\" }\n"
			"    outputs: { default: out }\n");
	assert_string_equal(p.conf->pipelines[0].stages[0].config_json,
			    "{\"${WEIR_TEST_WORD}\":\"^a$|$1|$|${x}|$\"}");
	parsed_fini(&p);
}

static void every_variable_that_is_not_set_is_reported(void **state)
{
	struct parsed p = parse("log: { level: &l \"${WEIR_TEST_UNSET}${WEIR_TEST_UNSET_TOO}\" }\n"
				"instance: *l\n" BROKERS REDIS PIPELINE);

	(void)state;
	/* The value stands in two places, and is reported where it is written. */
	assert_int_equal(p.problems.count, 2);
	assert_int_equal(p.problems.items[0].line, 1);
	assert_int_equal(p.problems.items[1].line, 1);
	assert_non_null(strstr(p.errors, "`WEIR_TEST_UNSET` is not set"));
	assert_non_null(strstr(p.errors, "`WEIR_TEST_UNSET_TOO` is not set"));
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(variables_are_expanded_or_reported),
	    cmocka_unit_test(a_variable_takes_its_place_in_the_text),
	    cmocka_unit_test(an_unquoted_variable_can_give_a_number),
	    cmocka_unit_test(keys_and_single_dollars_stay_as_they_are),
	    cmocka_unit_test(every_variable_that_is_not_set_is_reported),
	};

	setenv("WEIR_TEST_WORD", "w0rd", 1);
	unsetenv("WEIR_TEST_UNSET");
	unsetenv("WEIR_TEST_UNSET_TOO");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
