#include "tests/conf/parsing.h"

#include <stdlib.h>
#include <unistd.h>

static const char full[] =
    "instance: node-a\n"
    "state_dir: /var/lib/weir\n"
    "memory: 64MiB\n"
    "log: { level: debug, format: json }\n"
    "kafka:\n"
    "  brokers: ${WEIR_TEST_BROKERS:-localhost:9092}\n"
    "  properties: { compression.type: lz4, socket.keepalive.enable: true, x: 5 }\n"
    "redis: { url: \"redis://me:p%40w@localhost:6380/3\", command_timeout: 1.5s }\n"
    "http:\n"
    "  ingest: { listen: \"[::1]:0\", topic: events, ack: accepted, linger: 0.25ms }\n"
    "  admin:  { listen: \"127.0.0.1:8081\", token: s3cret }\n"
    "plugin_path: [ /usr/lib/weir/plugins, plugins ]\n"
    "watch: false\n"
    "pipelines:\n"
    "  - name: payments\n"
    "    source: { topics: [events, more], group: event-consumers }\n"
    "    format: json\n"
    "    event_id: { header: ce_id, missing: drop }\n"
    "    delivery: at_least_once\n"
    "    idempotency: { store: redis, ttl: 48h, on_unavailable: process }\n"
    "    lanes: 2\n"
    "    batch: { max_events: 50, max_bytes: 1MB, linger: 7ms, in_flight: 3 }\n"
    "    retry: { attempts: 7, mode: inline, backoff: { initial: 1s, factor: 1.5, jitter: none } }\n"
    "    dlq: { topic: events-dlq }\n"
    "    stages:\n"
    "      - plugin: validate.so\n"
    "        config:\n"
    "          required: [/eventId, /payload]\n"
    "          a/b: { '~': 1 }\n"
    "      - name: fraud\n"
    "        plugin: fraud.so\n"
    "        timeout: 5s\n"
    "        retry: { attempts: 2 }\n"
    "    outputs: { alerts: fraud-alerts, default: processed-events }\n"
    "    transaction: { interval: 250ms }\n";

static const char least[] = "kafka: { brokers: embedded }\n"
			    "pipelines:\n"
			    "  - name: p\n"
			    "    source: { topics: [in] }\n"
			    "    idempotency: { store: memory }\n"
			    "    dlq: { topic: dead }\n"
			    "    stages: [{ plugin: passthrough.so }]\n"
			    "    outputs: { default: out }\n";

static void engine_keys_reach_their_fields(void **state)
{
	struct parsed p = parse_valid(full);
	const struct wr_conf *c = p.conf;

	(void)state;
	assert_string_equal(c->file, "f");
	assert_string_equal(c->instance, "node-a");
	assert_string_equal(c->state_dir, "/var/lib/weir");
	assert_int_equal(c->memory_bytes, 64 << 20);
	assert_int_equal(c->shutdown_timeout_ms, 30000);
	assert_int_equal(c->log_level, WR_LOG_DEBUG);
	assert_int_equal(c->log_format, WR_LOG_JSON);
	assert_string_equal(c->kafka.brokers, "localhost:9092");
	assert_false(c->kafka.embedded);
	assert_true(c->kafka.create_topics);
	assert_int_equal(c->kafka.properties.count, 3);
	assert_string_equal(c->kafka.properties.items[0].name, "compression.type");
	assert_string_equal(c->kafka.properties.items[0].value, "lz4");
	assert_string_equal(c->kafka.properties.items[1].value, "true");
	assert_string_equal(c->kafka.properties.items[2].value, "5");
	assert_int_equal(c->kafka.properties.items[1].mark.line, 7);
	assert_int_equal(c->kafka.properties.items[1].mark.column, 40);
	assert_int_equal(c->plugin_path.count, 2);
	assert_string_equal(c->plugin_path.items[1], "plugins");
	parsed_fini(&p);
}

static void redis_and_listeners_reach_their_fields(void **state)
{
	struct parsed p = parse_valid(full);
	const struct wr_conf *c = p.conf;

	(void)state;
	assert_true(c->redis.configured);
	assert_string_equal(c->redis.host, "localhost");
	assert_int_equal(c->redis.port, 6380);
	assert_int_equal(c->redis.database, 3);
	assert_string_equal(c->redis.username, "me");
	assert_string_equal(c->redis.password, "p@w");
	assert_string_equal(c->redis.display, "redis://me@localhost:6380/3");
	assert_int_equal(c->redis.connect_timeout_ms, 2000);
	assert_int_equal(c->redis.command_timeout_ms, 1500);
	assert_true(c->ingest.listener.configured);
	assert_string_equal(c->ingest.listener.host, "::1");
	assert_int_equal(c->ingest.listener.port, 0);
	assert_null(c->ingest.listener.token);
	assert_null(c->ingest.listener.tls.cert_file);
	assert_string_equal(c->ingest.topic, "events");
	assert_int_equal(c->ingest.ack, WR_ACK_ACCEPTED);
	assert_int_equal(c->ingest.linger_us, 250);
	assert_int_equal(c->ingest.ack_timeout_ms, 10000);
	assert_int_equal(c->ingest.max_body_bytes, 8 << 20);
	assert_int_equal(c->ingest.max_event_bytes, 900 << 10);
	assert_true(c->admin.configured);
	assert_string_equal(c->admin.host, "127.0.0.1");
	assert_int_equal(c->admin.port, 8081);
	assert_string_equal(c->admin.token, "s3cret");
	parsed_fini(&p);
}

static void pipeline_keys_reach_their_fields(void **state)
{
	struct parsed p = parse_valid(full);
	const struct wr_conf_pipeline *pipe = &p.conf->pipelines[0];

	(void)state;
	assert_int_equal(p.conf->pipeline_count, 1);
	assert_string_equal(pipe->name, "payments");
	assert_int_equal(pipe->mark.line, 15);
	assert_int_equal(pipe->mark.column, 5);
	assert_int_equal(pipe->topics.count, 2);
	assert_string_equal(pipe->topics.items[0], "events");
	assert_string_equal(pipe->topics.items[1], "more");
	assert_string_equal(pipe->group, "event-consumers");
	assert_int_equal(pipe->format, WR_FORMAT_JSON);
	assert_int_equal(pipe->event_id.source, WR_ID_HEADER);
	assert_string_equal(pipe->event_id.pointer_or_name, "ce_id");
	assert_int_equal(pipe->event_id.missing, WR_ID_MISSING_DROP);
	assert_int_equal(pipe->delivery, WR_AT_LEAST_ONCE);
	assert_int_equal(pipe->idempotency.store, WR_STORE_REDIS);
	assert_int_equal(pipe->idempotency.ttl_ms, 48 * 3600 * 1000);
	assert_int_equal(pipe->idempotency.on_unavailable, WR_ON_UNAVAILABLE_PROCESS);
	assert_int_equal(pipe->lanes, 2);
	assert_int_equal(pipe->batch.max_events, 50);
	assert_int_equal(pipe->batch.max_bytes, 1000000);
	assert_int_equal(pipe->transaction.interval_ms, 250);
	assert_int_equal(pipe->batch.linger_ms, 7);
	assert_int_equal(pipe->batch.in_flight, 3);
	assert_string_equal(pipe->dlq_topic, "events-dlq");
	parsed_fini(&p);
}

static void a_stage_takes_the_retry_policy_of_its_pipeline_but_for_what_it_sets(void **state)
{
	struct parsed p = parse_valid(full);
	const struct wr_conf_pipeline *pipe = &p.conf->pipelines[0];

	(void)state;
	assert_int_equal(pipe->retry.attempts, 7);
	assert_int_equal(pipe->retry.initial_ms, 1000);
	assert_true(pipe->retry.factor == 1.5);
	assert_int_equal(pipe->retry.max_ms, 10000);
	assert_int_equal(pipe->retry.jitter, WR_JITTER_NONE);
	assert_int_equal(pipe->stage_count, 2);
	assert_memory_equal(&pipe->stages[0].retry, &pipe->retry, sizeof(pipe->retry));
	assert_int_equal(pipe->stages[1].retry.attempts, 2);
	assert_int_equal(pipe->stages[1].retry.initial_ms, 1000);
	assert_int_equal(pipe->stages[1].retry.jitter, WR_JITTER_NONE);
	parsed_fini(&p);
}

static void a_stage_has_its_plugin_its_config_as_json_and_marks(void **state)
{
	struct parsed p = parse_valid(full);
	const struct wr_conf_stage *stages = p.conf->pipelines[0].stages;

	(void)state;
	assert_null(stages[0].name);
	assert_string_equal(stages[0].plugin, "validate.so");
	assert_string_equal(stages[0].config_json,
			    "{\"required\":[\"/eventId\",\"/payload\"],\"a/b\":{\"~\":1}}");
	assert_int_equal(stages[0].timeout_ms, 0);
	assert_int_equal(stages[0].mark.line, 26);
	assert_int_equal(stages[0].mark.column, 9);
	assert_int_equal(stages[0].plugin_mark.column, 17);
	assert_int_equal(stages[0].config_mark.line, 28);
	assert_string_equal(stages[1].name, "fraud");
	assert_string_equal(stages[1].config_json, "{}");
	assert_int_equal(stages[1].timeout_ms, 5000);
	parsed_fini(&p);
}

static void a_config_keeps_the_types_of_the_core_schema(void **state)
{
	static const char text[] = BROKERS REDIS
	    "pipelines:\n"
	    "  - name: p\n"
	    "    source: { topics: [in] }\n"
	    "    dlq: { topic: dead }\n"
	    "    stages:\n"
	    "      - plugin: x.so\n"
	    "        config: { a: true, b: FALSE, c: ~, d: yes, e: 9007199254740993, f: \"5\", g: 0x1F,\n"
	    "                  h: -.5, i: [], j: {}, k: 'null', l: \"a\\0\\\"\", m: 2024-01-01, n: }\n"
	    "    outputs: { default: out }\n";
	struct parsed p = parse_valid(text);

	(void)state;
	assert_string_equal(
	    p.conf->pipelines[0].stages[0].config_json,
	    "{\"a\":true,\"b\":false,\"c\":null,\"d\":\"yes\",\"e\":9007199254740993,"
	    "\"f\":\"5\",\"g\":31,\"h\":-0.5,\"i\":[],\"j\":{},\"k\":\"null\","
	    "\"l\":\"a\\u0000\\\"\",\"m\":\"2024-01-01\",\"n\":null}");
	parsed_fini(&p);
}

static void the_place_of_every_member_of_a_config_is_known(void **state)
{
	static const struct {
		const char *pointer;
		unsigned line, column;
	} cases[] = {
	    {"", 28, 11},
	    {"/required", 28, 21},
	    {"/required/0", 28, 22},
	    {"/required/1", 28, 32},
	    {"/a~1b", 29, 16},
	    {"/a~1b/~0", 29, 23},
	    {"/required/2", 28, 21},
	    {"/required/x", 28, 21},
	    {"/none/of/it", 28, 11},
	    {"no pointer", 28, 11},
	};
	struct parsed p = parse_valid(full);
	const struct wr_conf_stage *stages = p.conf->pipelines[0].stages;
	struct wr_conf_mark mark;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		mark = wr_conf_stage_config_mark(p.conf, &stages[0], cases[i].pointer);
		if (mark.line != cases[i].line || mark.column != cases[i].column)
			fail_msg("%s is at %u:%u", cases[i].pointer, mark.line, mark.column);
	}
	mark = wr_conf_stage_config_mark(p.conf, &stages[1], "/x");
	assert_int_equal(mark.line, 30); /* without a config, the stage */
	parsed_fini(&p);
}

static void the_default_output_is_the_first(void **state)
{
	struct parsed p = parse_valid(full);
	const struct wr_conf_pipeline *pipe = &p.conf->pipelines[0];

	(void)state;
	assert_int_equal(pipe->output_count, 2);
	assert_string_equal(pipe->outputs[0].name, "default");
	assert_string_equal(pipe->outputs[0].topic, "processed-events");
	assert_string_equal(pipe->outputs[1].name, "alerts");
	assert_string_equal(pipe->outputs[1].topic, "fraud-alerts");
	assert_int_equal(pipe->outputs[1].mark.line, 34);
	assert_int_equal(pipe->outputs[1].mark.column, 24);
	parsed_fini(&p);
}

static void what_is_left_out_has_its_default(void **state)
{
	struct parsed p = parse_valid(least);
	const struct wr_conf *c = p.conf;
	const struct wr_conf_pipeline *pipe = &c->pipelines[0];
	char host[256];

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	assert_string_equal(c->instance, host);
	assert_int_equal(c->memory_bytes, 256 << 20);
	assert_int_equal(c->log_level, WR_LOG_INFO);
	assert_int_equal(c->log_format, -1);
	assert_true(c->kafka.embedded);
	assert_false(c->redis.configured);
	assert_false(c->ingest.listener.configured);
	assert_false(c->admin.configured);
	assert_int_equal(c->plugin_path.count, 1);
	assert_string_equal(c->plugin_path.items[0], WR_PLUGINDIR);
	assert_string_equal(pipe->group, "p");
	assert_int_equal(pipe->event_id.source, WR_ID_JSON);
	assert_string_equal(pipe->event_id.pointer_or_name, "/eventId");
	assert_int_equal(pipe->event_id.missing, WR_ID_MISSING_DLQ);
	assert_int_equal(pipe->idempotency.max_ids, 1000000);
	assert_int_equal(pipe->lanes, 1);
	assert_int_equal(pipe->batch.max_events, 1000);
	assert_int_equal(pipe->batch.max_bytes, 4 << 20);
	assert_int_equal(pipe->transaction.interval_ms, 100);
	assert_int_equal(pipe->batch.linger_ms, 5);
	assert_int_equal(pipe->batch.in_flight, 16);
	assert_int_equal(pipe->retry.attempts, 4);
	assert_int_equal(pipe->retry.initial_ms, 200);
	assert_true(pipe->retry.factor == 2);
	assert_int_equal(pipe->retry.max_ms, 10000);
	assert_int_equal(pipe->retry.jitter, WR_JITTER_FULL);
	parsed_fini(&p);
}

static void a_pipelines_canary_is_the_engines_but_for_what_it_sets(void **state)
{
	struct parsed p;
	char text[2048];

	(void)state;
	p = parse_valid(least);
	assert_false(p.conf->canary.configured);
	assert_false(p.conf->pipelines[0].canary.configured);
	assert_int_equal(p.conf->pipelines[0].canary.share, 100000);
	parsed_fini(&p);
	snprintf(text, sizeof(text), "%s\ncanary: { share: 0.5%%, min_events: 7 }\n", least);
	p = parse_valid(text);
	assert_true(p.conf->pipelines[0].canary.configured);
	assert_int_equal(p.conf->pipelines[0].canary.share, 5000);
	parsed_fini(&p);
	snprintf(
	    text, sizeof(text),
	    "canary: { share: 0.5%%, min_events: 7 }\n%s    canary: { share: 20%%, for: 2s }\n",
	    least);
	p = parse_valid(text);
	assert_int_equal(p.conf->canary.share, 5000);
	assert_int_equal(p.conf->pipelines[0].canary.share, 200000);
	assert_int_equal(p.conf->pipelines[0].canary.for_ms, 2000);
	assert_int_equal(p.conf->pipelines[0].canary.min_events, 7);
	parsed_fini(&p);
}

static void a_file_is_loaded_under_the_name_it_was_given(void **state)
{
	char name[] = "/tmp/weir-test-conf-XXXXXX";
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_conf *conf;
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, least, strlen(least)), strlen(least));
	close(fd);
	assert_int_equal(wr_conf_load(name, &conf, &problems), WR_OK);
	assert_string_equal(conf->file, name);
	wr_conf_destroy(conf);
	unlink(name);
	assert_int_equal(wr_conf_load(name, &conf, &problems), WR_ENOTFOUND);
	assert_null(conf);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].file, name);
	assert_int_equal(problems.items[0].line, 0);
	assert_string_equal(problems.items[0].text,
			    "the file can't be opened: No such file or directory");
	wr_problems_fini(&problems);
	assert_int_equal(wr_conf_load("/", &conf, &problems), WR_EIO);
	assert_string_equal(problems.items[0].text, "the file can't be read: Is a directory");
	wr_problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(engine_keys_reach_their_fields),
	    cmocka_unit_test(redis_and_listeners_reach_their_fields),
	    cmocka_unit_test(pipeline_keys_reach_their_fields),
	    cmocka_unit_test(a_stage_takes_the_retry_policy_of_its_pipeline_but_for_what_it_sets),
	    cmocka_unit_test(a_stage_has_its_plugin_its_config_as_json_and_marks),
	    cmocka_unit_test(a_config_keeps_the_types_of_the_core_schema),
	    cmocka_unit_test(the_place_of_every_member_of_a_config_is_known),
	    cmocka_unit_test(the_default_output_is_the_first),
	    cmocka_unit_test(what_is_left_out_has_its_default),
	    cmocka_unit_test(a_pipelines_canary_is_the_engines_but_for_what_it_sets),
	    cmocka_unit_test(a_file_is_loaded_under_the_name_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
