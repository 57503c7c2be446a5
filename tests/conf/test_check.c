#include "tests/conf/parsing.h"

static const struct error_case listeners_and_urls_are_checked_cases[] = {
    {"http: { admin: { listen: 8080 } }\n" BROKERS REDIS PIPELINE,
     "f:1:26: http.admin.listen: expected an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080; found the number \"8080\"\n"},
    {"http: { admin: { listen: \"example.org:80\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:26: http.admin.listen: expected an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080; found the string \"example.org:80\": the host is not an IP address\n"},
    {"http: { admin: { listen: \":80\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:26: http.admin.listen: expected an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080; found the string \":80\": write 0.0.0.0 or [::] for all addresses\n"},
    {"http: { admin: { listen: \"127.0.0.1:x\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:26: http.admin.listen: expected an address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080; found the string \"127.0.0.1:x\": the port is not a number from 0 to 65535\n"},
    {"http: { admin: { listen: \"0.0.0.0:8081\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:26: http.admin.listen: an address outside of the loopback needs a token; expected `token_file` or `token` beside it, or 127.0.0.1 or [::1]\n"},
    {"http: { admin: { listen: \"[::]:8081\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:26: http.admin.listen: an address outside of the loopback needs a token; expected `token_file` or `token` beside it, or 127.0.0.1 or [::1]\n"},
    /* A token that is wrong is one error. */
    {"http: { admin: { listen: \"0.0.0.0:8081\", token_file: /nowhere/token } }\n" BROKERS REDIS
	 PIPELINE,
     "f:1:54: http.admin.token_file: the file can't be read: No such file or directory; expected a file with the secret\n"},
    {"http: { admin: { listen: \"0.0.0.0:8081\", token: \"a b\" } }\n" BROKERS REDIS PIPELINE,
     "f:1:49: http.admin.token: expected a token of printable ASCII without spaces; found something else, not shown here\n"},
    {"http: { admin: { listen: \"127.0.0.1:1\" }, ingest: { listen: \"0.0.0.0:1\", topic: t } }\n" BROKERS
	 REDIS PIPELINE,
     "f:1:26: http.admin.listen: `http.ingest` listens on port 1 already; expected another port\n"},
    {"http: { ingest: { listen: \"127.0.0.1:1\", topic: t, max_event: 1MiB } }\n" BROKERS REDIS
	 PIPELINE,
     "f:1:63: http.ingest.max_event: an event of 1048576 bytes with its headers is more than the producer takes; expected 114112 bytes less, or `kafka.properties` with message.max.bytes of 1114112 at least\n"},
    {"http: { ingest: { listen: \"127.0.0.1:1\", topic: t, max_event: 100KiB, max_body: 99KiB } }\n" BROKERS
	 REDIS PIPELINE,
     "f:1:63: http.ingest.max_event: no event can be larger than a body; expected `max_body` or less\n"},
    {"kafka: { brokers: b:1, properties: { message.max.bytes: 500000 } }\n"
     "http: { ingest: { listen: \"127.0.0.1:1\", topic: t } }\n",
     "f:2:17: http.ingest.max_event: an event of 921600 bytes with its headers is more than the producer takes; expected 487136 bytes less, or `kafka.properties` with message.max.bytes of 987136 at least\n"},
    {BROKERS "redis: { url: localhost }\n" PIPELINE,
     "f:2:15: redis.url: expected redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]; found something else, not shown here: it begins with neither redis:// nor unix://\n"},
    {BROKERS "redis: { url: \"rediss://h\" }\n" PIPELINE,
     "f:2:15: redis.url: expected redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database]; found something else, not shown here: TLS to Redis is not supported by this version of weir\n"},
};

static void listeners_and_urls_are_checked(void **state)
{
	(void)state;
	check_errors(listeners_and_urls_are_checked_cases,
		     UNIT_COUNT_OF(listeners_and_urls_are_checked_cases));
}

static const struct error_case what_the_engine_owns_is_no_property_cases[] = {
    {"kafka: { brokers: b:1, properties: { group.id: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"group.id\"]: the engine owns this property: `source.group` of the pipeline says it; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { group.instance.id: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"group.instance.id\"]: the engine owns this property: `instance` says it; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { bootstrap.servers: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"bootstrap.servers\"]: the engine owns this property: `kafka.brokers` says it; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { metadata.broker.list: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"metadata.broker.list\"]: the engine owns this property: `kafka.brokers` says it; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { enable.auto.commit: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"enable.auto.commit\"]: the engine owns this property: the engine commits an offset once all that its event wrote is acknowledged; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { enable.auto.offset.store: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"enable.auto.offset.store\"]: the engine owns this property: the engine commits an offset once all that its event wrote is acknowledged; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { isolation.level: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"isolation.level\"]: the engine owns this property: the engine reads what is committed; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { transactional.id: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"transactional.id\"]: the engine owns this property: `delivery` of the pipeline decides it; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { enable.idempotence: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"enable.idempotence\"]: the engine owns this property: the engine waits for all in-sync replicas and writes idempotently; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { acks: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties.acks: the engine owns this property: the engine waits for all in-sync replicas; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { request.required.acks: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"request.required.acks\"]: the engine owns this property: the engine waits for all in-sync replicas; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { message.timeout.ms: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"message.timeout.ms\"]: the engine owns this property: the engine writes again until it succeeds or is refused for good; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { delivery.timeout.ms: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"delivery.timeout.ms\"]: the engine owns this property: the engine writes again until it succeeds or is refused for good; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { queued.max.messages.kbytes: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"queued.max.messages.kbytes\"]: the engine owns this property: it follows from `memory`; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { test.mock.num.brokers: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"test.mock.num.brokers\"]: the engine owns this property: `brokers: embedded` is the way to it; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { offset.store.method: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"offset.store.method\"]: the engine owns this property: the engine commits an offset once all that its event wrote is acknowledged; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { dr_msg_cb: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties.dr_msg_cb: the engine owns this property: the engine registers its own; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: { rebalance_cb: 1 } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties.rebalance_cb: the engine owns this property: the engine registers its own; expected it to be left out\n"},
    {"kafka:\n"
     "  brokers: b:1\n"
     "  consumer_properties:\n"
     "    partition.assignment.strategy: cooperative-sticky\n"
     "    group.id: x\n"
     "  producer_properties: { acks: 1 }\n" REDIS PIPELINE,
     "f:4:5: kafka.consumer_properties[\"partition.assignment.strategy\"]: cooperative assignment is not safe with the librdkafka that weir is built for; expected `range`, `roundrobin` or both\n"
     "f:5:5: kafka.consumer_properties[\"group.id\"]: the engine owns this property: `source.group` of the pipeline says it; expected it to be left out\n"
     "f:6:26: kafka.producer_properties.acks: the engine owns this property: the engine waits for all in-sync replicas; expected it to be left out\n"},
    {"kafka: { brokers: b:1, properties: [a] }\n" REDIS PIPELINE,
     "f:1:36: kafka.properties: expected a mapping from librdkafka's property names to values; found a list\n"},
    {"kafka: { brokers: b:1, properties: { \"\": 1, \"a\\0b\": 2, c: , d: {} } }\n" REDIS PIPELINE,
     "f:1:38: kafka.properties[\"\"]: expected the name of a property\n"
     "f:1:45: kafka.properties[\"a\\x00b\"]: expected the name of a property\n"
     "f:1:59: kafka.properties.c: expected a string, a number or a boolean as the property's value\n"
     "f:1:64: kafka.properties.d: expected a string, a number or a boolean as the property's value\n"},
};

static void what_the_engine_owns_is_no_property(void **state)
{
	(void)state;
	check_errors(what_the_engine_owns_is_no_property_cases,
		     UNIT_COUNT_OF(what_the_engine_owns_is_no_property_cases));
}

static const struct error_case topics_must_not_come_back_cases[] = {
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: in }\n",
     "f:8:25: pipelines[0].outputs.default: `in` is a topic that this pipeline reads: what it writes would come back as events; expected another topic\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out, a.b: in }\n",
     "f:8:35: pipelines[0].outputs[\"a.b\"]: `in` is a topic that this pipeline reads: what it writes would come back as events; expected another topic\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: in }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:6:19: pipelines[0].dlq.topic: `in` is a topic that this pipeline reads: dead letters would come back as events; expected another topic\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in, x, in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:5:31: pipelines[0].source.topics[2]: the topic `in` stands here twice; expected each once\n"},
};

static void topics_must_not_come_back(void **state)
{
	(void)state;
	check_errors(topics_must_not_come_back_cases,
		     UNIT_COUNT_OF(topics_must_not_come_back_cases));
}

#define TWO_TOPICS                              \
	"pipelines:\n"                          \
	"  - name: p\n"                         \
	"    source: { topics: [in, other] }\n" \
	"    dlq: { topic: dead }\n"            \
	"    outputs: { default: out }\n"

static const struct error_case the_order_of_keys_needs_one_topic_and_ranges_cases[] = {
    {BROKERS REDIS TWO_TOPICS "    retry: { mode: key }\n"
			      "    stages: [{ plugin: x.so }, { plugin: y.so, name: b }]\n",
     "f:8:20: pipelines[0].retry.mode: `key` keeps the order of one source topic, and this pipeline reads 2; expected `topic` or `inline`, or a pipeline for each topic\n"},
    {BROKERS REDIS TWO_TOPICS "    stages: [{ plugin: x.so, retry: { mode: key } }]\n",
     "f:8:45: pipelines[0].stages[0].retry.mode: `key` keeps the order of one source topic, and this pipeline reads 2; expected `topic` or `inline`, or a pipeline for each topic\n"},
    {"kafka: { brokers: b, consumer_properties: { partition.assignment.strategy: roundrobin } }\n" REDIS PIPELINE
     "    retry: { mode: key }\n",
     "f:9:20: pipelines[0].retry.mode: `key` needs partitions of equal numbers in one lane, and `partition.assignment.strategy` is set otherwise; expected `range` there, which is the default\n"},
    {"kafka: { brokers: b, properties: { partition.assignment.strategy: \"roundrobin,range\" } }\n" REDIS PIPELINE
     "    retry: { mode: key }\n",
     "f:9:20: pipelines[0].retry.mode: `key` needs partitions of equal numbers in one lane, and `partition.assignment.strategy` is set otherwise; expected `range` there, which is the default\n"},
};

static void the_order_of_keys_needs_one_topic_and_ranges(void **state)
{
	(void)state;
	check_errors(the_order_of_keys_needs_one_topic_and_ranges_cases,
		     UNIT_COUNT_OF(the_order_of_keys_needs_one_topic_and_ranges_cases));
}

static const struct error_case pipelines_and_stages_are_told_apart_cases[] = {
    {BROKERS REDIS PIPELINE "  - name: p\n"
			    "    source: { topics: [in] }\n"
			    "    dlq: { topic: dead }\n"
			    "    stages: [{ plugin: x.so }]\n"
			    "    outputs: { default: out }\n",
     "f:9:11: pipelines[1].name: pipelines[0] has the name `p` already; expected one of its own\n"
     "f:10:24: pipelines[1].source.topics[0]: pipelines[0] reads `in` in the same group `p`, so each would get a part of the events; expected another `source.group`\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: q\n"
		   "    source: { topics: [x, in], group: p }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:10:24: pipelines[1].source.topics[0]: pipelines[0] reads `in` in the same group `p`, so each would get a part of the events; expected another `source.group`\n"},
    {BROKERS REDIS
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [in] }\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so, name: a }, { plugin: y.so }, { plugin: z.so, name: a }]\n"
     "    outputs: { default: out }\n",
     "f:7:81: pipelines[0].stages[2].name: stages[0] has the name `a` already; expected one of its own\n"},
};

static void pipelines_and_stages_are_told_apart(void **state)
{
	(void)state;
	check_errors(pipelines_and_stages_are_told_apart_cases,
		     UNIT_COUNT_OF(pipelines_and_stages_are_told_apart_cases));
}

static const struct error_case keys_that_need_each_other_are_checked_cases[] = {
    {BROKERS PIPELINE,
     "f:3:5: pipelines[0].idempotency.store: `redis`, which is the default, needs to know where Redis is; expected a section `redis` with a `url`, or `memory` or `none` here\n"},
    {"kafka: { brokers: embedded }\n" REDIS PIPELINE,
     "f:4:5: pipelines[0].idempotency.store: `redis` can't stand beside an embedded broker: its topics begin anew at every start, and claims from before would swallow new events; expected `memory` or `none`\n"},
    {"kafka: { brokers: embedded }\n"
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [in] }\n"
     "    idempotency: { store: redis }\n"
     "    delivery: exactly_once\n"
     "    dlq: { topic: dead }\n"
     "    stages: [{ plugin: x.so }]\n"
     "    outputs: { default: out }\n",
     "f:5:27: pipelines[0].idempotency.store: `redis` can't stand beside an embedded broker: its topics begin anew at every start, and claims from before would swallow new events; expected `memory` or `none`\n"
     "f:6:15: pipelines[0].delivery: an embedded broker has no transactions; expected `at_least_once`\n"},
    {BROKERS REDIS PIPELINE "    retry: { circuit: { probe: { max: 100ms } } }\n",
     "f:9:32: pipelines[0].retry.circuit.probe: `initial` is longer than `max`; expected it to be at most as long\n"},
    {BROKERS REDIS PIPELINE "    retry: { backoff: { initial: 11s } }\n",
     "f:9:23: pipelines[0].retry.backoff: `initial` is longer than `max`; expected it to be at most as long\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead }\n"
		   "    stages: [{ plugin: x.so, retry: { backoff: { max: 100ms } } }]\n"
		   "    outputs: { default: out }\n",
     "f:7:48: pipelines[0].stages[0].retry.backoff: `initial` is longer than `max`; expected it to be at most as long\n"},
    {BROKERS REDIS PIPELINE "    event_id: { json: /a, header: b }\n",
     "f:9:15: pipelines[0].event_id: the id is told in 2 ways; expected one of `json`, `header` and `key`\n"},
    {BROKERS REDIS PIPELINE "    event_id: { json: /a, header: b, key: true }\n",
     "f:9:15: pipelines[0].event_id: the id is told in 3 ways; expected one of `json`, `header` and `key`\n"},
    {BROKERS REDIS PIPELINE "    format: raw\n"
			    "    event_id: { json: /a }\n",
     "f:10:23: pipelines[0].event_id.json: values are not parsed with `format: raw`; expected `format: json`, or `header` or `key` here\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead, redrive: { every: 5ms, max: 0, classes: [late] } }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:6:43: pipelines[0].dlq.redrive.every: expected a duration with its unit (5ms, 1.5s, 10m, 48h) from 1s to 720h; found the string \"5ms\"\n"
     "f:6:53: pipelines[0].dlq.redrive.max: expected an integer from 1 to 1000; found the number \"0\"\n"
     "f:6:66: pipelines[0].dlq.redrive.classes[0]: expected a class of dead letters: permanent, exhausted, timeout, crash, decode, poison, no-stage or output-rejected; found the string \"late\"\n"},
    {BROKERS REDIS "pipelines:\n"
		   "  - name: p\n"
		   "    source: { topics: [in] }\n"
		   "    dlq: { topic: dead, redrive: { every: 5m, classes: [exhuasted, no_stage] } }\n"
		   "    stages: [{ plugin: x.so }]\n"
		   "    outputs: { default: out }\n",
     "f:6:57: pipelines[0].dlq.redrive.classes[0]: expected a class of dead letters: permanent, exhausted, timeout, crash, decode, poison, no-stage or output-rejected; found the string \"exhuasted\"; did you mean `exhausted`?\n"
     "f:6:68: pipelines[0].dlq.redrive.classes[1]: expected a class of dead letters: permanent, exhausted, timeout, crash, decode, poison, no-stage or output-rejected; found the string \"no_stage\"; did you mean `no-stage`?\n"},
    {"kafka: { brokers: embedded }\n"
     "pipelines:\n"
     "  - name: p\n"
     "    source: { topics: [in] }\n"
     "    idempotency: { store: memory }\n"
     "    dlq: { topic: dead, redrive: { every: 5m } }\n"
     "    stages: [{ plugin: x.so }]\n"
     "    outputs: { default: out }\n",
     "f:6:34: pipelines[0].dlq.redrive: an embedded broker has no transactions, which this needs; expected it to be left out\n"},
};

static void keys_that_need_each_other_are_checked(void **state)
{
	(void)state;
	check_errors(keys_that_need_each_other_are_checked_cases,
		     UNIT_COUNT_OF(keys_that_need_each_other_are_checked_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(listeners_and_urls_are_checked),
	    cmocka_unit_test(what_the_engine_owns_is_no_property),
	    cmocka_unit_test(topics_must_not_come_back),
	    cmocka_unit_test(pipelines_and_stages_are_told_apart),
	    cmocka_unit_test(the_order_of_keys_needs_one_topic_and_ranges),
	    cmocka_unit_test(keys_that_need_each_other_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
