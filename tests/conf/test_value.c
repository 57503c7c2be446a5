#include "tests/conf/parsing.h"

#include <stdlib.h>
#include <unistd.h>

static const struct error_case a_value_of_the_wrong_type_is_an_error_that_says_both_cases[] = {
    {"instance: 7\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found the number \"7\": put it in quotes to make it a string\n"},
    {"instance: true\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found the boolean \"true\": put it in quotes to make it a string\n"},
    {"instance:\n" BROKERS REDIS PIPELINE,
     "f:1:10: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found nothing\n"},
    {"instance: ~\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found nothing\n"},
    {"instance: [a]\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found a list\n"},
    {"instance: ''\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found the string \"\": it is empty\n"},
    {"memory: { a: 1 }\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found a mapping\n"},
    {"log: info\n" BROKERS REDIS PIPELINE,
     "f:1:6: log: expected a mapping (`key: value`); found the string \"info\"\n"},
    {"log:\n" BROKERS REDIS PIPELINE,
     "f:1:5: log: expected a mapping (`key: value`); found nothing\n"},
    {"log: []\n" BROKERS REDIS PIPELINE,
     "f:1:6: log: expected a mapping (`key: value`); found an empty list\n"},
    {"http: { ingest: yes }\n" BROKERS REDIS PIPELINE,
     "f:1:17: http.ingest: expected a mapping (`key: value`); found the string \"yes\"\n"},
    {"plugin_path: /usr/lib\n" BROKERS REDIS PIPELINE,
     "f:1:14: plugin_path: expected a list (`[a, b]`) of one item at least, each a string; found the string \"/usr/lib\"\n"},
    {"plugin_path: []\n" BROKERS REDIS PIPELINE,
     "f:1:14: plugin_path: expected a list (`[a, b]`) of one item at least, each a string; found an empty list\n"},
    {"plugin_path: [a, [b], 3, '', d]\n" BROKERS REDIS PIPELINE,
     "f:1:18: plugin_path[1]: expected a string; found a list\n"
     "f:1:23: plugin_path[2]: expected a string; found the number \"3\": put it in quotes to make it a string\n"
     "f:1:26: plugin_path[3]: expected a string; found the string \"\": it is empty\n"},
    {BROKERS REDIS PIPELINE "    lanes: two\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the string \"two\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: \"2\"\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the string \"2\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: 2.0\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the number \"2.0\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: 0x2\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the number \"0x2\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: []\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found an empty list\n"},
    {BROKERS REDIS PIPELINE "    retry: { backoff: { factor: much } }\n",
     "f:9:33: pipelines[0].retry.backoff.factor: expected a number from 1 to 100; found the string \"much\"\n"},
    {BROKERS REDIS PIPELINE "    retry: { backoff: { factor: .inf } }\n",
     "f:9:33: pipelines[0].retry.backoff.factor: expected a number from 1 to 100; found the number \".inf\"\n"},
    {BROKERS REDIS PIPELINE "    event_id: { key: yes }\n",
     "f:9:22: pipelines[0].event_id.key: expected `true`, or leave the key out; found the string \"yes\"\n"},
    {BROKERS REDIS PIPELINE "    event_id: { key: false }\n",
     "f:9:22: pipelines[0].event_id.key: expected `true`, or leave the key out; found the boolean \"false\"\n"},
    {BROKERS REDIS PIPELINE "    event_id: /eventId\n",
     "f:9:15: pipelines[0].event_id: expected a mapping (`key: value`); found the string \"/eventId\"\n"},
    {BROKERS REDIS "pipelines: { name: p }\n",
     "f:3:12: pipelines: expected a list of mappings (`- key: value`), one at least; found a mapping\n"},
    {BROKERS REDIS "pipelines: [p]\n",
     "f:3:13: pipelines[0]: expected a mapping (`key: value`); found the string \"p\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: []\n"
		   "    outputs: { default: out }\n",
     "f:7:13: pipelines[0].stages: expected a list of mappings (`- key: value`), one at least; found an empty list\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [x.so]\n"
		   "    outputs: { default: out }\n",
     "f:7:14: pipelines[0].stages[0]: expected a mapping (`key: value`); found the string \"x.so\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so, config: [1] }]\n"
		   "    outputs: { default: out }\n",
     "f:7:38: pipelines[0].stages[0].config: expected a mapping, as the plugin's schema says; found a list\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so, config: }]\n"
		   "    outputs: { default: out }\n",
     "f:7:38: pipelines[0].stages[0].config: expected a mapping, as the plugin's schema says; found nothing\n"},
    {"kafka: { brokers: b:1, create_topics: yes }\n" REDIS PIPELINE,
     "f:1:39: kafka.create_topics: expected `true` or `false`; found the string \"yes\"\n"},
    {"kafka: { brokers: b:1, create_topics: True }\n" REDIS PIPELINE,
     "f:1:39: kafka.create_topics: expected `true` or `false`; found the boolean \"True\"\n"},
    {"kafka: { brokers: b:1, create_topics: \"true\" }\n" REDIS PIPELINE,
     "f:1:39: kafka.create_topics: expected `true` or `false`; found the string \"true\"\n"},
};

static void a_value_of_the_wrong_type_is_an_error_that_says_both(void **state)
{
	(void)state;
	check_errors(a_value_of_the_wrong_type_is_an_error_that_says_both_cases,
		     UNIT_COUNT_OF(a_value_of_the_wrong_type_is_an_error_that_says_both_cases));
}

static const struct error_case a_value_out_of_range_is_an_error_that_names_the_range_cases[] = {
    {BROKERS REDIS PIPELINE "    lanes: 0\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the number \"0\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: 257\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the number \"257\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: -1\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the number \"-1\"\n"},
    {BROKERS REDIS PIPELINE "    lanes: 99999999999999999999\n",
     "f:9:12: pipelines[0].lanes: expected an integer from 1 to 256; found the number \"99999999999999999999\"\n"},
    {BROKERS REDIS PIPELINE
     "    batch: { max_events: 100001, max_bytes: 1023B, linger: 61s, in_flight: 1025 }\n",
     "f:9:26: pipelines[0].batch.max_events: expected an integer from 1 to 100000; found the number \"100001\"\n"
     "f:9:45: pipelines[0].batch.max_bytes: expected a size with its unit (512KiB, 4MiB, 10MB) from 1KiB to 1GiB; found the string \"1023B\"\n"
     "f:9:60: pipelines[0].batch.linger: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1m; found the string \"61s\"\n"
     "f:9:76: pipelines[0].batch.in_flight: expected an integer from 1 to 1024; found the number \"1025\"\n"},
    {BROKERS REDIS PIPELINE
     "    retry: { attempts: 0, backoff: { initial: 25h, factor: 0.5, max: 1d } }\n",
     "f:9:24: pipelines[0].retry.attempts: expected an integer from 1 to 1000; found the number \"0\"\n"
     "f:9:47: pipelines[0].retry.backoff.initial: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 24h; found the string \"25h\"\n"
     "f:9:60: pipelines[0].retry.backoff.factor: expected a number from 1 to 100; found the number \"0.5\"\n"},
    {BROKERS REDIS PIPELINE "    idempotency: { ttl: 999ms, max_ids: 0 }\n",
     "f:9:25: pipelines[0].idempotency.ttl: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 1s to 8784h; found the string \"999ms\"\n"
     "f:9:41: pipelines[0].idempotency.max_ids: expected an integer from 1 to 1000000000; found the number \"0\"\n"},
    {"canary: { share: 100%, for: 1ms, max_error_ratio_increase: 2, min_events: 0 }\n" BROKERS REDIS
	 PIPELINE,
     "f:1:18: canary.share: expected a share in percent (10%) from 0.01% to 99%; found the string \"100%\"\n"
     "f:1:29: canary.for: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 100ms to 24h; found the string \"1ms\"\n"
     "f:1:60: canary.max_error_ratio_increase: expected a number from 0 to 1; found the number \"2\"\n"
     "f:1:75: canary.min_events: expected an integer from 1 to 1000000000; found the number \"0\"\n"},
    {"memory: 15MiB\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"15MiB\"\n"},
    {"memory: 2000TiB\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"2000TiB\"\n"},
    {"memory: 0\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the number \"0\"\n"},
};

static void a_value_out_of_range_is_an_error_that_names_the_range(void **state)
{
	(void)state;
	check_errors(a_value_out_of_range_is_an_error_that_names_the_range_cases,
		     UNIT_COUNT_OF(a_value_out_of_range_is_an_error_that_names_the_range_cases));
}

static const struct error_case durations_and_sizes_need_a_unit_cases[] = {
    {"memory: 256\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the number \"256\": the unit is missing\n"},
    {"memory: 256M\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"256M\": the unit is none of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB\n"},
    {"canary: { share: 10 }\n" BROKERS REDIS PIPELINE,
     "f:1:18: canary.share: expected a share in percent (10%) from 0.01% to 99%; found the number \"10\": the unit is missing\n"},
    {"canary: { share: 10s }\n" BROKERS REDIS PIPELINE,
     "f:1:18: canary.share: expected a share in percent (10%) from 0.01% to 99%; found the string \"10s\": the unit is not %\n"},
    {"memory: lots\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"lots\"\n"},
    {"memory: 0.3KiB\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"0.3KiB\": it is not a whole number of bytes\n"},
    {"memory: 99999999999TiB\n" BROKERS REDIS PIPELINE,
     "f:1:9: memory: expected a size with its unit (512KiB, 4MiB, 10MB) from 16MiB to 1TiB; found the string \"99999999999TiB\": it is too large\n"},
    {"shutdown_timeout: 30\n" BROKERS REDIS PIPELINE,
     "f:1:19: shutdown_timeout: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1h; found the number \"30\": the unit is missing\n"},
    {"shutdown_timeout: 30 s\n" BROKERS REDIS PIPELINE,
     "f:1:19: shutdown_timeout: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1h; found the string \"30 s\": the unit is none of us, ms, s, m, h, d\n"},
    {"shutdown_timeout: soon\n" BROKERS REDIS PIPELINE,
     "f:1:19: shutdown_timeout: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1h; found the string \"soon\"\n"},
    {"shutdown_timeout: 0.5ms\n" BROKERS REDIS PIPELINE,
     "f:1:19: shutdown_timeout: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1h; found the string \"0.5ms\": it is not a whole number of milliseconds\n"},
    {"shutdown_timeout: 0.5us\n" BROKERS REDIS PIPELINE,
     "f:1:19: shutdown_timeout: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1h; found the string \"0.5us\": it is not a whole number of the least unit\n"},
    {"shutdown_timeout: -1s\n" BROKERS REDIS PIPELINE,
     "f:1:19: shutdown_timeout: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 0 to 1h; found the string \"-1s\"\n"},
};

static void durations_and_sizes_need_a_unit(void **state)
{
	(void)state;
	check_errors(durations_and_sizes_need_a_unit_cases,
		     UNIT_COUNT_OF(durations_and_sizes_need_a_unit_cases));
}

static const struct error_case an_unknown_choice_is_an_error_with_the_nearest_one_cases[] = {
    {"log: { level: warning }\n" BROKERS REDIS PIPELINE,
     "f:1:15: log.level: expected `error`, `warn`, `info` or `debug`; found the string \"warning\"; did you mean `warn`?\n"},
    {"log: { format: xml }\n" BROKERS REDIS PIPELINE,
     "f:1:16: log.format: expected `auto`, `json` or `text`; found the string \"xml\"\n"},
    {"log: { level: 3 }\n" BROKERS REDIS PIPELINE,
     "f:1:15: log.level: expected `error`, `warn`, `info` or `debug`; found the number \"3\"\n"},
    {"log: { level: [info] }\n" BROKERS REDIS PIPELINE,
     "f:1:15: log.level: expected `error`, `warn`, `info` or `debug`; found a list\n"},
    {BROKERS REDIS PIPELINE "    format: jsn\n",
     "f:9:13: pipelines[0].format: expected `json` or `raw`; found the string \"jsn\"; did you mean `json`?\n"},
    {BROKERS REDIS PIPELINE "    idempotency: { store: reddis, on_unavailable: wait }\n",
     "f:9:27: pipelines[0].idempotency.store: expected `redis`, `memory` or `none`; found the string \"reddis\"; did you mean `redis`?\n"
     "f:9:51: pipelines[0].idempotency.on_unavailable: expected `block` or `process`; found the string \"wait\"\n"},
    {BROKERS REDIS PIPELINE "    retry: { backoff: { jitter: ful } }\n",
     "f:9:33: pipelines[0].retry.backoff.jitter: expected `full`, `equal` or `none`; found the string \"ful\"; did you mean `full`?\n"},
    {BROKERS REDIS PIPELINE "    event_id: { json: /a, missing: dlg }\n",
     "f:9:36: pipelines[0].event_id.missing: expected `dlq` or `drop`; found the string \"dlg\"; did you mean `dlq`?\n"},
};

static void an_unknown_choice_is_an_error_with_the_nearest_one(void **state)
{
	(void)state;
	check_errors(an_unknown_choice_is_an_error_with_the_nearest_one_cases,
		     UNIT_COUNT_OF(an_unknown_choice_is_an_error_with_the_nearest_one_cases));
}

static const struct error_case a_name_has_its_form_cases[] = {
    {BROKERS REDIS "pipelines:\n"
		   "  - name: pay:ments\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:4:11: pipelines[0].name: expected a name of lower-case letters, digits, `.`, `_` and `-` that begins with a letter or digit (100 bytes at most); found the string \"pay:ments\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: Payments\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:4:11: pipelines[0].name: expected a name of lower-case letters, digits, `.`, `_` and `-` that begins with a letter or digit (100 bytes at most); found the string \"Payments\"\n"},
    {BROKERS REDIS
     "pipelines:\n"
     "  - name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
     "    source: { topics: [in] }\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so }]\n"
     "    outputs: { default: out }\n",
     "f:4:11: pipelines[0].name: expected a name of lower-case letters, digits, `.`, `_` and `-` that begins with a letter or digit (100 bytes at most); found the string \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [.] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:5:24: pipelines[0].source.topics[0]: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \".\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [a, 'b c', .., \"^x\"] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:5:27: pipelines[0].source.topics[1]: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"b c\"\n"
     "f:5:34: pipelines[0].source.topics[2]: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"..\"\n"
     "f:5:38: pipelines[0].source.topics[3]: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"^x\"\n"},
    {BROKERS REDIS
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt] }\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so }]\n"
     "    outputs: { default: out }\n",
     "f:5:24: pipelines[0].source.topics[0]: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt...\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: a/b }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:6:19: pipelines[0].dlq.topic: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"a/b\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: \"\", \"a b\": x, ok: 'x y' }\n",
     "f:8:25: pipelines[0].outputs.default: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"\": it is empty\n"
     "f:8:29: pipelines[0].outputs[\"a b\"]: expected as an output's name a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit\n"
     "f:8:43: pipelines[0].outputs.ok: expected the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not `.` or `..`; found the string \"x y\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so, name: A }]\n"
		   "    outputs: { default: out }\n",
     "f:7:36: pipelines[0].stages[0].name: expected a name of lower-case letters, digits, `.`, `_` and `-` that begins with a letter or digit (100 bytes at most); found the string \"A\"\n"},
    {BROKERS REDIS PIPELINE "    event_id: { json: eventId }\n",
     "f:9:23: pipelines[0].event_id.json: expected a JSON Pointer such as /eventId (RFC 6901); found the string \"eventId\"\n"},
    {BROKERS REDIS PIPELINE "    event_id: { json: / a~ }\n",
     "f:9:23: pipelines[0].event_id.json: expected a JSON Pointer such as /eventId (RFC 6901); found the string \"/ a~\"\n"},
    {BROKERS REDIS PIPELINE "    event_id: { header: \"a b\" }\n",
     "f:9:25: pipelines[0].event_id.header: expected the name of a Kafka header, printable and without spaces; found the string \"a b\"\n"},
    {"instance: -a\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found the string \"-a\"\n"},
    {"instance: \"a\\0b\"\n" BROKERS REDIS PIPELINE,
     "f:1:11: instance: expected a name of letters, digits, `.`, `_` and `-` that begins with a letter or digit; found the string \"a\\x00b\"\n"},
    {"kafka: { brokers: \"a:1,,b:2\" }\n" REDIS PIPELINE,
     "f:1:19: kafka.brokers: expected `host:port`, several with commas between them, or `embedded`; found the string \"a:1,,b:2\"\n"},
    {"kafka: { brokers: \"a:1, embedded\" }\n" REDIS PIPELINE,
     "f:1:19: kafka.brokers: `embedded` stands alone; expected it, or a list of brokers\n"},
};

static void a_name_has_its_form(void **state)
{
	(void)state;
	check_errors(a_name_has_its_form_cases, UNIT_COUNT_OF(a_name_has_its_form_cases));
}

static const struct error_case secrets_are_checked_and_never_shown_cases[] = {
    {BROKERS "redis: { url: \"redis://:s3cr3t@h:x\" }\n" PIPELINE,
     "f:2:15: redis.url: expected redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]; found something else, not shown here: the port is not a number from 1 to 65535\n"},
    {BROKERS "redis: { url: \"s3cr3t\" }\n" PIPELINE,
     "f:2:15: redis.url: expected redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]; found something else, not shown here: it begins with neither redis:// nor unix://\n"},
    {BROKERS "redis: { url: 53137 }\n" PIPELINE,
     "f:2:15: redis.url: expected redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]; found something else, not shown here\n"},
    {BROKERS "redis: { url: \"redis://:s3cr3t@h\", password_file: /dev/null }\n" PIPELINE,
     "f:2:51: redis.password_file: the secret is given twice, here and beside it; expected one of them\n"},
    {BROKERS "redis: { url: \"redis://h\", password_file: /nowhere/s }\n" PIPELINE,
     "f:2:43: redis.password_file: the file can't be read: No such file or directory; expected a file with the secret\n"},
    {BROKERS "redis: { url: \"redis://h\", password_file: /dev/null }\n" PIPELINE,
     "f:2:43: redis.password_file: the file is empty; expected a file with the secret\n"},
    {BROKERS "redis: { url: \"redis://h\", password_file: [a] }\n" PIPELINE,
     "f:2:43: redis.password_file: expected the name of a file; found a list\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", token: \"s3 cr3t\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:48: http.admin.token: expected a token of printable ASCII without spaces; found something else, not shown here\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", token: 53137 } }\n" BROKERS REDIS PIPELINE,
     "f:1:48: http.admin.token: expected a token of printable ASCII without spaces; found something else, not shown here: put it in quotes to make it a string\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", token: \"\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:48: http.admin.token: expected a token of printable ASCII without spaces; found something else, not shown here: it is empty\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", token: [s3cr3t] } }\n" BROKERS REDIS PIPELINE,
     "f:1:48: http.admin.token: expected a token of printable ASCII without spaces; found a list\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\", token: s3cr3t, token_file: /dev/null } }\n" BROKERS
	 REDIS PIPELINE,
     "f:1:68: http.admin.token_file: the secret is given twice, here and beside it; expected one of them\n"},
    {"kafka: { brokers: b:1, properties: { sasl.password: [s3cr3t] } }\n" REDIS PIPELINE,
     "f:1:53: kafka.properties[\"sasl.password\"]: expected a string, a number or a boolean as the property's value\n"},
};

static void secrets_are_checked_and_never_shown(void **state)
{
	(void)state;
	check_errors(secrets_are_checked_and_never_shown_cases,
		     UNIT_COUNT_OF(secrets_are_checked_and_never_shown_cases));
}

static const struct error_case what_json_can_not_say_is_no_config_cases[] = {
    {BROKERS REDIS
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [in] }\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so, config: { a: .inf, b: [1, -.inf, .NaN], c: 0x10000000000000000 } }]\n"
     "    outputs: { default: out }\n",
     "f:7:43: pipelines[0].stages[0].config.a: JSON has no such number; expected a finite one, or a string in quotes\n"
     "f:7:56: pipelines[0].stages[0].config.b[1]: JSON has no such number; expected a finite one, or a string in quotes\n"
     "f:7:63: pipelines[0].stages[0].config.b[2]: JSON has no such number; expected a finite one, or a string in quotes\n"
     "f:7:73: pipelines[0].stages[0].config.c: JSON has no such number; expected a finite one, or a string in quotes\n"},
};

static void what_json_can_not_say_is_no_config(void **state)
{
	(void)state;
	check_errors(what_json_can_not_say_is_no_config_cases,
		     UNIT_COUNT_OF(what_json_can_not_say_is_no_config_cases));
}

/* A temporary file with this content, by its name. */
static void write_file(char *name, const char *content, size_t size)
{
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, size), size);
	close(fd);
}

#define NAME "/tmp/weir-test-secret-XXXXXX"

static void a_secret_comes_from_a_file_without_its_newline(void **state)
{
	static const char *const contents[] = {"s3cr3t", "s3cr3t\n", "s3cr3t\r\n"};
	char name[] = NAME, text[1024];
	struct parsed p;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(contents); i++) {
		strcpy(name, NAME);
		write_file(name, contents[i], strlen(contents[i]));
		snprintf(text, sizeof(text),
			 BROKERS
			 "redis: { url: \"redis://h\", password_file: %s }\n"
			 "http: { admin: { listen: \"0.0.0.0:1\", token_file: %s } }\n" PIPELINE,
			 name, name);
		p = parse_valid(text);
		unlink(name);
		assert_string_equal(p.conf->redis.password, "s3cr3t");
		assert_string_equal(p.conf->admin.token, "s3cr3t");
		parsed_fini(&p);
	}
}

static void a_file_of_a_bad_secret_is_refused(void **state)
{
	static char large[4097];
	const struct {
		const char *content;
		size_t size;
		const char *error;
	} cases[] = {
	    {"", 0, "the file is empty; expected a file with the secret"},
	    {"\n\n", 2, "the file is empty; expected a file with the secret"},
	    {"a\0b", 3, "the file holds a NUL byte; expected a file with the secret"},
	    {"s3 cr3t", 7, "expected the file to hold a token of printable ASCII without spaces"},
	    {large, sizeof(large),
	     "the file holds more than 4 KiB; expected a file with the secret"},
	};
	char name[] = NAME, text[1024];
	struct parsed p;
	size_t i;

	(void)state;
	memset(large, 'a', sizeof(large));
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		strcpy(name, NAME);
		write_file(name, cases[i].content, cases[i].size);
		snprintf(
		    text, sizeof(text),
		    "http: { admin: { listen: \"127.0.0.1:1\", token_file: %s } }\n" BROKERS REDIS
			PIPELINE,
		    name);
		p = parse(text);
		unlink(name);
		assert_int_equal(p.problems.count, 1);
		assert_string_equal(p.problems.items[0].path, "http.admin.token_file");
		assert_int_equal(p.problems.items[0].column, 53);
		assert_string_equal(p.problems.items[0].text, cases[i].error);
		parsed_fini(&p);
	}
}

static void no_error_shows_a_secret(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(secrets_are_checked_and_never_shown_cases); i++) {
		const char *errors = secrets_are_checked_and_never_shown_cases[i].errors;

		assert_null(strstr(errors, "cr3t"));
		assert_null(strstr(errors, "53137"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_of_the_wrong_type_is_an_error_that_says_both),
	    cmocka_unit_test(a_value_out_of_range_is_an_error_that_names_the_range),
	    cmocka_unit_test(durations_and_sizes_need_a_unit),
	    cmocka_unit_test(an_unknown_choice_is_an_error_with_the_nearest_one),
	    cmocka_unit_test(a_name_has_its_form),
	    cmocka_unit_test(secrets_are_checked_and_never_shown),
	    cmocka_unit_test(what_json_can_not_say_is_no_config),
	    cmocka_unit_test(a_secret_comes_from_a_file_without_its_newline),
	    cmocka_unit_test(a_file_of_a_bad_secret_is_refused),
	    cmocka_unit_test(no_error_shows_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
