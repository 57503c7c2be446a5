#include "tests/conf/parsing.h"

#include "base/buf.h"

#include <stdlib.h>

static const struct error_case what_is_no_usable_yaml_is_refused_cases[] = {
    {"", "f:1:1: the file is empty\n"},
    {"# only a comment\n", "f:1:1: the file is empty\n"},
    {"a: [1, 2\n"
     "b: 3\n",
     "f:2:2: a: not YAML: did not find expected ',' or ']' while parsing a flow sequence\n"},
    {"a: 'x\n", "f:2:1: not YAML: found unexpected end of stream while scanning a quoted scalar\n"},
    {"a: b: c\n", "f:1:5: not YAML: mapping values are not allowed in this context\n"},
    {"	x: 1\n",
     "f:1:1: not YAML: found character that cannot start any token while scanning for the next token\n"},
    {"a: 1\n"
     "---\n"
     "b: 2\n",
     "f:2:1: a second document; expected one in a file\n"},
    {"- a\n"
     "- b\n",
     "f:1:1: expected a mapping with the keys of a weir configuration\n"},
    {"just text\n", "f:1:1: expected a mapping with the keys of a weir configuration\n"},
    {"a: *nowhere\n", "f:1:4: a: an alias without an anchor of that name before it\n"},
    {"kafka: &k\n"
     "  brokers: *k\n",
     "f:2:12: kafka.brokers: an alias inside its own anchor\n"},
    {"? [a, b]\n"
     ": 1\n",
     "f:1:1: kafka: missing; expected a mapping (`key: value`)\n"
     "f:1:1: pipelines: there is nothing to do; expected a pipeline, or `http.ingest`\n"
     "f:1:3: expected a name as the key\n"},
    {"*a : 1\n", "f:1:1: an alias without an anchor of that name before it\n"},
    {"%YAML 3.0\n"
     "---\n"
     "a: 1\n",
     "f:1:1: not YAML: found incompatible YAML document\n"},
};

static void what_is_no_usable_yaml_is_refused(void **state)
{
	(void)state;
	check_errors(what_is_no_usable_yaml_is_refused_cases,
		     UNIT_COUNT_OF(what_is_no_usable_yaml_is_refused_cases));
}

static const struct error_case a_key_stands_once_cases[] = {
    {"log: { level: info, level: warn }\n" BROKERS REDIS PIPELINE,
     "f:1:21: log.level: this key stands here twice; the other is in line 1\n"},
    {"memory: 1GiB\n"
     "memory: 1GiB\n" BROKERS REDIS PIPELINE,
     "f:2:1: memory: this key stands here twice; the other is in line 1\n"},
    {BROKERS REDIS PIPELINE "    lanes: 1\n"
			    "    format: json\n"
			    "    lanes: 2\n",
     "f:11:5: pipelines[0].lanes: this key stands here twice; the other is in line 9\n"},
    {BROKERS REDIS PIPELINE "    batch: { linger: 1ms, linger: 2ms, linger: 3ms }\n",
     "f:9:27: pipelines[0].batch.linger: this key stands here twice; the other is in line 9\n"
     "f:9:40: pipelines[0].batch.linger: this key stands here twice; the other is in line 9\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", \"listen\": \"127.0.0.1:2\" } }\n" BROKERS REDIS
	 PIPELINE,
     "f:1:41: http.admin.listen: this key stands here twice; the other is in line 1\n"},
};

static void a_key_stands_once(void **state)
{
	(void)state;
	check_errors(a_key_stands_once_cases, UNIT_COUNT_OF(a_key_stands_once_cases));
}

static const struct error_case tags_and_merge_keys_are_refused_cases[] = {
    {"instance: !env HOST\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: the tag `!env` can't stand here; expected no tag\n"},
    {"log: !!seq { level: info }\n" BROKERS REDIS PIPELINE,
     "f:1:6: log: the tag `tag:yaml.org,2002:seq` can't stand here; expected no tag\n"},
    {"memory: !!binary aGVsbG8=\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: the tag `tag:yaml.org,2002:binary` can't stand here; expected no tag\n"
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"aGVsbG8=\"\n"},
    {"log: { <<: { level: info } }\n" BROKERS REDIS PIPELINE,
     "f:1:8: log: merge keys (`<<`) are not taken; expected an alias for a whole value\n"},
};

static void tags_and_merge_keys_are_refused(void **state)
{
	(void)state;
	check_errors(tags_and_merge_keys_are_refused_cases,
		     UNIT_COUNT_OF(tags_and_merge_keys_are_refused_cases));
}

static void an_alias_stands_for_its_anchor(void **state)
{
	struct parsed p = parse_valid(
	    BROKERS REDIS "pipelines:\n"
			  "  - name: p\n"
			  "    source: { topics: &t [in] }\n"
			  "    dlq: &d { topic: dead }\n"
			  "    retry: &r { attempts: 9 }\n"
			  "    stages: &s [{ plugin: &x x.so, config: { a: [1], b: *t } }]\n"
			  "    outputs: &o { default: out }\n"
			  "  - name: q\n"
			  "    source: { topics: *t, group: *x }\n"
			  "    dlq: *d\n"
			  "    retry: *r\n"
			  "    stages: *s\n"
			  "    outputs: *o\n");

	(void)state;
	assert_string_equal(p.conf->pipelines[1].group, "x.so");
	assert_string_equal(p.conf->pipelines[1].topics.items[0], "in");
	assert_int_equal(p.conf->pipelines[1].retry.attempts, 9);
	assert_string_equal(p.conf->pipelines[1].stages[0].config_json,
			    "{\"a\":[1],\"b\":[\"in\"]}");
	parsed_fini(&p);
}

/* Each line ten times the one before. */
static void aliases_do_not_multiply_without_bound(void **state)
{
	struct wr_buf text = WR_BUF_INIT;
	struct parsed p;
	int i;

	(void)state;
	assert_int_equal(wr_buf_append_text(&text, "a: &a0 [x,x,x,x,x,x,x,x,x,x]\n"), WR_OK);
	for (i = 1; i < 9; i++)
		assert_int_equal(wr_buf_printf(&text,
					       "b%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,"
					       "*a%d,*a%d]\n",
					       i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
					       i - 1, i - 1, i - 1, i - 1),
				 WR_OK);
	p = parse(wr_buf_text(&text));
	assert_int_equal(p.rc, WR_EINVAL);
	assert_string_equal(p.errors,
			    "f:5:5: b4[9]: too much: over 100000 values or 16 MiB of text, aliases "
			    "counted as often as they are used\n");
	parsed_fini(&p);
	wr_buf_fini(&text);
}

static void nesting_is_bounded(void **state)
{
	char text[200] = "a: ";
	struct parsed p;

	(void)state;
	memset(text + 3, '[', 100);
	p = parse(text);
	assert_int_equal(p.rc, WR_EINVAL);
	assert_int_equal(p.problems.count, 1);
	assert_int_equal(p.problems.items[0].column, 3 + 65);
	assert_string_equal(p.problems.items[0].text, "nested too deeply (over 64 levels)");
	parsed_fini(&p);
}

static void a_file_is_bounded(void **state)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	size_t size = (4U << 20) + 1;
	struct wr_conf *conf;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, '#', size);
	assert_int_equal(wr_conf_parse("f", wr_bytes(text, size), &conf, &problems), WR_EINVAL);
	assert_null(conf);
	assert_string_equal(problems.items[0].text, "the file is larger than 4 MiB");
	wr_problems_fini(&problems);
	assert_int_equal(wr_conf_parse("f", wr_bytes(text, size - 1), &conf, &problems), WR_EINVAL);
	assert_string_equal(problems.items[0].text, "the file is empty");
	wr_problems_fini(&problems);
	free(text);
}

static void bytes_that_are_no_utf8_are_placed(void **state)
{
	struct parsed p = parse("a: 1\n\xC3\xA9: \xFF\n");

	(void)state;
	assert_int_equal(p.rc, WR_EINVAL);
	assert_string_equal(p.errors,
			    "f:2:4: not YAML: invalid leading UTF-8 octet; expected UTF-8 "
			    "text\n");
	parsed_fini(&p);
}

static void a_byte_order_mark_is_taken(void **state)
{
	struct parsed p = parse_valid("\xEF\xBB\xBF" BROKERS REDIS PIPELINE);

	(void)state;
	parsed_fini(&p);
}

static void core_tags_decide_the_type(void **state)
{
	struct parsed p = parse_valid(BROKERS REDIS "pipelines:\n"
						    "  - name: p\n"
						    "    source: { topics: [in] }\n"
						    "    dlq: !!map { topic: ! 7 }\n"
						    "    stages:\n"
						    "      - plugin: x.so\n"
						    "        config:\n"
						    "          a: !!str 5\n"
						    "          b: !!int '5'\n"
						    "          c: !!seq []\n"
						    "          d: >-\n"
						    "            5\n"
						    "    outputs: { default: !!str 9 }\n");

	(void)state;
	assert_string_equal(p.conf->pipelines[0].dlq_topic, "7");
	assert_string_equal(p.conf->pipelines[0].outputs[0].topic, "9");
	assert_string_equal(p.conf->pipelines[0].stages[0].config_json,
			    "{\"a\":\"5\",\"b\":5,\"c\":[],\"d\":\"5\"}");
	parsed_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_usable_yaml_is_refused),
	    cmocka_unit_test(a_key_stands_once),
	    cmocka_unit_test(tags_and_merge_keys_are_refused),
	    cmocka_unit_test(an_alias_stands_for_its_anchor),
	    cmocka_unit_test(aliases_do_not_multiply_without_bound),
	    cmocka_unit_test(nesting_is_bounded),
	    cmocka_unit_test(a_file_is_bounded),
	    cmocka_unit_test(bytes_that_are_no_utf8_are_placed),
	    cmocka_unit_test(a_byte_order_mark_is_taken),
	    cmocka_unit_test(core_tags_decide_the_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
