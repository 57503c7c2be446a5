#include "tests/conf/parsing.h"

static const struct error_case an_unknown_key_is_an_error_with_the_nearest_known_one_cases[] = {
    {"instnce: a\n" BROKERS REDIS PIPELINE,
     "f:1:1: instnce: unknown key; did you mean `instance`?\n"},
    {"Memory: 1GiB\n" BROKERS REDIS PIPELINE,
     "f:1:1: Memory: unknown key; did you mean `memory`?\n"},
    {"log: { lvl: info }\n" BROKERS REDIS PIPELINE,
     "f:1:8: log.lvl: unknown key; did you mean `level`?\n"},
    {"log: { colour: true }\n" BROKERS REDIS PIPELINE,
     "f:1:8: log.colour: unknown key; expected one of `level`, `format`\n"},
    {"kafka-brokers: b\n" BROKERS REDIS PIPELINE,
     "f:1:1: kafka-brokers: unknown key; expected one of `instance`, `state_dir`, `memory`, `shutdown_timeout`, `watch`, `canary`, `log`, `kafka`, `redis`, `http`, `plugin_path`, `pipelines`\n"},
    {"\"we ird\\x07\": 1\n" BROKERS REDIS PIPELINE,
     "f:1:1: [\"we ird\\x07\"]: unknown key; expected one of `instance`, `state_dir`, `memory`, `shutdown_timeout`, `watch`, `canary`, `log`, `kafka`, `redis`, `http`, `plugin_path`, `pipelines`\n"},
    {BROKERS REDIS PIPELINE "    bach: { linger: 1ms }\n",
     "f:9:5: pipelines[0].bach: unknown key; did you mean `batch`?\n"},
    {BROKERS REDIS PIPELINE "    linger: 1ms\n",
     "f:9:5: pipelines[0].linger: unknown key; did you mean `pipelines[].batch.linger`?\n"},
    {BROKERS REDIS PIPELINE "    topics: [in]\n",
     "f:9:5: pipelines[0].topics: unknown key; did you mean `pipelines[].source.topics`?\n"},
    {BROKERS REDIS PIPELINE "    batch: { max_event: 3 }\n",
     "f:9:14: pipelines[0].batch.max_event: unknown key; did you mean `max_events`?\n"},
    {BROKERS REDIS PIPELINE "    xyz: 1\n",
     "f:9:5: pipelines[0].xyz: unknown key; expected one of `name`, `source`, `format`, `event_id`, `delivery`, `idempotency`, `transaction`, `canary`, `lanes`, `batch`, `retry`, `dlq`, `stages`, `outputs`\n"},
    {"brokers: b:1\n" BROKERS REDIS PIPELINE,
     "f:1:1: brokers: unknown key; did you mean `kafka.brokers`?\n"},
};

static void an_unknown_key_is_an_error_with_the_nearest_known_one(void **state)
{
	(void)state;
	check_errors(an_unknown_key_is_an_error_with_the_nearest_known_one_cases,
		     UNIT_COUNT_OF(an_unknown_key_is_an_error_with_the_nearest_known_one_cases));
}

static const struct error_case a_missing_key_is_an_error_at_what_should_hold_it_cases[] = {
    {"{}\n", "f:1:1: kafka: missing; expected a mapping (`key: value`)\n"
	     "f:1:1: pipelines: there is nothing to do; expected a pipeline, or `http.ingest`\n"},
    {BROKERS, "f:1:1: pipelines: there is nothing to do; expected a pipeline, or `http.ingest`\n"},
    {BROKERS "pipelines: []\n",
     "f:2:12: pipelines: there is nothing to do; expected a pipeline, or `http.ingest`\n"},
    {"kafka: {}\n" REDIS PIPELINE,
     "f:1:8: kafka.brokers: missing; expected `host:port`, several with commas between them, or `embedded`\n"},
    {BROKERS "redis: {}\n" PIPELINE,
     "f:2:8: redis.url: missing; expected redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - {}\n",
     "f:4:5: pipelines[0].dlq: missing; expected a mapping (`key: value`)\n"
     "f:4:5: pipelines[0].name: missing; expected a name of lower-case letters, digits, `.`, `_` and `-` that begins with a letter or digit (100 bytes at most)\n"
     "f:4:5: pipelines[0].outputs: missing; expected a mapping from names to topics, with `default` among them\n"
     "f:4:5: pipelines[0].source: missing; expected a mapping (`key: value`)\n"
     "f:4:5: pipelines[0].stages: missing; expected a list of mappings (`- key: value`), one at least\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: {}\n"
		   "    dlq: {}\n"
		   "    stages: [{}]\n"
		   "    outputs: {}\n",
     "f:5:13: pipelines[0].source.topics: missing; expected a list (`[a, b]`) of one item at least, each the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`\n"
     "f:6:10: pipelines[0].dlq.topic: missing; expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`\n"
     "f:7:14: pipelines[0].stages[0].plugin: missing; expected a string\n"
     "f:8:14: pipelines[0].outputs: there is no `default`; expected `default: topic` among the outputs, for the events whose handlers name no other\n"},
    {"http: { ingest: {}, admin: {} }\n" BROKERS REDIS PIPELINE,
     "f:1:17: http.ingest.listen: missing; expected an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080\n"
     "f:1:17: http.ingest.topic: missing; expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`\n"
     "f:1:28: http.admin.listen: missing; expected an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", tls: { cert_file: c } } }\n" BROKERS REDIS PIPELINE,
     "f:1:46: http.admin.tls.key_file: missing; expected a string\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead, redrive: {} }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:6:34: pipelines[0].dlq.redrive.every: missing; expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 1s to 720h\n"},
};

static void a_missing_key_is_an_error_at_what_should_hold_it(void **state)
{
	(void)state;
	check_errors(a_missing_key_is_an_error_at_what_should_hold_it_cases,
		     UNIT_COUNT_OF(a_missing_key_is_an_error_at_what_should_hold_it_cases));
}

static const struct error_case a_known_key_that_is_not_built_is_an_error_that_says_so_cases[] = {
    {"http: { ingest: { listen: \"127.0.0.1:1\", topic: t, ack: processed, check_duplicates: true } }\n" BROKERS
	 REDIS PIPELINE,
     "f:1:57: http.ingest.ack: `ack: processed` is known but not built in this version of weir; expected `persisted` or `accepted`\n"
     "f:1:68: http.ingest.check_duplicates: `http.ingest.check_duplicates` is known but not built in this version of weir; expected `false`, or leave the key out\n"},
    {BROKERS REDIS PIPELINE "    event_id: { plugin: x.so }\n",
     "f:9:17: pipelines[0].event_id.plugin: `event_id.plugin` is known but not built in this version of weir\n"},
    {BROKERS REDIS
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [in] }\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so, was: y, concurrency: 8, isolation: process, sandbox: require }]\n"
     "    outputs: { default: out }\n",
     "f:7:38: pipelines[0].stages[0].concurrency: `concurrency` is known but not built in this version of weir; expected `1`, or leave the key out\n"
     "f:7:65: pipelines[0].stages[0].isolation: `isolation: process` is known but not built in this version of weir; expected `inline`\n"
     "f:7:74: pipelines[0].stages[0].sandbox: `sandbox` is known but not built in this version of weir\n"},
};

static void a_known_key_that_is_not_built_is_an_error_that_says_so(void **state)
{
	(void)state;
	check_errors(a_known_key_that_is_not_built_is_an_error_that_says_so_cases,
		     UNIT_COUNT_OF(a_known_key_that_is_not_built_is_an_error_that_says_so_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unknown_key_is_an_error_with_the_nearest_known_one),
	    cmocka_unit_test(a_missing_key_is_an_error_at_what_should_hold_it),
	    cmocka_unit_test(a_known_key_that_is_not_built_is_an_error_that_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
