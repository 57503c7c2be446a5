/* What the engine offers a plugin: config, outputs, metrics, log, JSON. */
#include "config.h"

#include "base/log.h"
#include "tests/host/scripted.h"

#include <stdio.h>
#include <stdlib.h>

static void (*scripted_in_create)(const struct weir_host *host);

static void *create_asks(const struct weir_host *host, const char *config_json,
			 struct weir_error *err)
{
	(void)config_json;
	(void)err;
	scripted_in_create(host);
	return (void *)(uintptr_t)host;
}

static int all_ok(void *self, struct weir_call *call, const struct weir_event *const *events,
		  struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)call;
	(void)events;
	for (size_t i = 0; i < n; i++)
		results[i]->verdict = WEIR_OK;
	return 0;
}

static struct weir_test *open_asking(void (*in_create)(const struct weir_host *host),
				     process_fn *process)
{
	static const struct weir_plugin entry = {.magic = WEIR_MAGIC,
						 .struct_size = (uint32_t)sizeof(entry),
						 .abi_major = WEIR_ABI_MAJOR,
						 .id = "asking",
						 .version = "1",
						 .create = create_asks,
						 .process = scripted_call};
	static const char *const outputs[] = {"alerts"};
	const struct weir_test_options options = {
	    .config_json = "{\"limit\": 9007199254740993, \"name\": \"a\\u0000b\", \"on\": true, "
			   "\"list\": [1.5, null, {}]}",
	    .outputs = outputs,
	    .output_count = 1,
	    .stage = "third",
	    .slot = 2,
	    .slot_count = 4};
	char error[256] = "";
	struct weir_test *test;

	scripted_in_create = in_create;
	scripted_process = process;
	test = weir_test_open_entry(&entry, &options, error, sizeof(error));
	assert_string_equal(error, "");
	return test;
}

static void asks_who_it_is(const struct weir_host *host)
{
	weir_output output = 99;

	assert_int_equal(host->size, sizeof(*host));
	assert_int_equal(host->slot, 2);
	assert_int_equal(host->slot_count, 4);
	assert_string_equal(host->stage, "third");
	assert_string_equal(host->pipeline, "test");
	assert_true(host->output(host, "alerts", &output));
	assert_int_equal(output, 1);
	assert_false(host->output(host, "nowhere", &output));
	assert_int_equal(output, WEIR_OUTPUT_DEFAULT);
	assert_true(host->output(host, "default", &output));
	assert_int_equal(output, WEIR_OUTPUT_DEFAULT);
	assert_null(host->get_extension(host, "weir.state/1"));
}

static void an_instance_knows_its_place_and_its_outputs(void **state)
{
	(void)state;
	weir_test_close(open_asking(asks_who_it_is, all_ok));
}

static void asks_for_its_config(const struct weir_host *host)
{
	struct weir_json json;

	assert_int_equal(weir_config_get(host, "/limit", &json), WEIR_JSON_INTEGER);
	assert_true(json.integer == INT64_C(9007199254740993));
	assert_int_equal(weir_config_get(host, "/name", &json), WEIR_JSON_STRING);
	assert_int_equal(json.string.size, 3);
	assert_memory_equal(json.string.data, "a\0b", 3);
	assert_int_equal(weir_config_get(host, "/on", &json), WEIR_JSON_BOOL);
	assert_true(json.boolean);
	assert_int_equal(weir_config_get(host, "/list", &json), WEIR_JSON_ARRAY);
	assert_int_equal(json.count, 3);
	assert_int_equal(weir_config_get(host, "/list/0", &json), WEIR_JSON_NUMBER);
	assert_true(json.number > 1.49 && json.number < 1.51);
	assert_int_equal(weir_config_get(host, "/list/1", &json), WEIR_JSON_NULL);
	assert_int_equal(weir_config_get(host, "/list/2", &json), WEIR_JSON_OBJECT);
	assert_int_equal(weir_config_get(host, "/list/3", &json), WEIR_JSON_MISSING);
	assert_int_equal(host->config(host, NULL, 5, &json), WEIR_JSON_OBJECT);
	assert_int_equal(host->config(host, "", 0, NULL), WEIR_JSON_MISSING);
}

static void the_config_is_read_by_pointer(void **state)
{
	(void)state;
	weir_test_close(open_asking(asks_for_its_config, all_ok));
}

static struct weir_metric *seen, *depth;

static void registers_metrics(const struct weir_host *host)
{
	assert_null(host->counter(host, "", "help"));
	assert_null(host->counter(host, NULL, "help"));
	assert_null(host->counter(host, "Upper", "help"));
	assert_null(host->counter(host, "a-b", "help"));
	seen = host->counter(host, "seen", "Events seen.");
	depth = host->gauge(host, "depth", NULL);
	assert_non_null(seen);
	assert_non_null(depth);
	assert_null(host->gauge(host, "seen_total", "another kind"));
	assert_non_null(host->counter(host, "made_total", "Named in full."));
}

static int counts(void *self, struct weir_call *call, const struct weir_event *const *events,
		  struct weir_result *const *results, size_t n)
{
	call->host->metric_add(seen, (double)n);
	call->host->metric_add(seen, -5);
	call->host->metric_set(seen, 77);
	call->host->metric_set(depth, 3);
	call->host->metric_add(depth, -1);
	return all_ok(self, call, events, results, n);
}

static void metrics_are_exported_with_their_labels(void **state)
{
	struct weir_test *test = open_asking(registers_metrics, counts);
	const char *text;

	(void)state;
	weir_test_add(test, "id", NULL, "v");
	weir_test_add(test, "id", NULL, "v");
	weir_test_run(test);
	text = weir_test_metrics(test);
	assert_non_null(strstr(text, "# HELP weir_plugin_seen_total Events seen.\n"));
	assert_non_null(strstr(text, "weir_plugin_seen_total{"));
	assert_non_null(strstr(text, "plugin=\"asking\""));
	assert_non_null(strstr(text, "stage=\"third\""));
	assert_non_null(strstr(text, "pipeline=\"test\""));
	assert_non_null(strstr(text, "} 2\n"));
	assert_null(strstr(text, "77"));
	assert_non_null(strstr(text, "weir_plugin_made_total{"));
	weir_test_close(test);
}

static void registers_too_many(const struct weir_host *host)
{
	char name[32];
	int count = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "metric_%d", i);
		count += host->counter(host, name, "help") != NULL;
	}
	assert_int_equal(count, 64);
}

static void metrics_are_bounded(void **state)
{
	(void)state;
	weir_test_close(open_asking(registers_too_many, all_ok));
}

static char logged[8192];

static void keep_line(void *arg, const char *line, size_t size)
{
	(void)arg;
	snprintf(logged, sizeof(logged), "%.*s", (int)size, line);
}

static void logs(const struct weir_host *host)
{
	char long_text[4096];

	host->log(host, WEIR_LOG_WARN, "rules\nreloaded \xff");
	assert_non_null(strstr(logged, "\"rules reloaded ?\""));
	assert_non_null(strstr(logged, "\"third\""));
	assert_non_null(strstr(logged, "\"asking\""));
	assert_non_null(strstr(logged, "\"test\""));
	logged[0] = '\0';
	host->log(host, WEIR_LOG_DEBUG, "not at this level");
	host->log(host, (enum weir_log_level)99, "no level at all");
	assert_string_equal(logged, "");
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	host->log(host, WEIR_LOG_ERROR, long_text);
	assert_true(strlen(logged) > 2048 && strlen(logged) < 2048 + 512);
}

static void a_log_line_says_whose_it_is(void **state)
{
	(void)state;
	wr_log_set_format(WR_LOG_JSON);
	wr_log_set_level(WR_LOG_INFO);
	wr_log_set_sink(keep_line, NULL);
	weir_test_close(open_asking(logs, all_ok));
	wr_log_set_sink(NULL, NULL);
}

static void asks_nothing(const struct weir_host *host)
{
	(void)host;
}

static int looks_up(void *self, struct weir_call *call, const struct weir_event *const *events,
		    struct weir_result *const *results, size_t n)
{
	struct weir_json json;
	struct weir_event copy = *events[0];

	assert_int_equal(weir_json_get(call, events[0], "/a/1", &json), WEIR_JSON_STRING);
	assert_memory_equal(json.string.data, "x", 1);
	assert_int_equal(weir_json_get(call, events[1], "/a/1", &json), WEIR_JSON_MISSING);
	assert_int_equal(weir_json_get(call, events[1], "", &json), WEIR_JSON_MISSING);
	assert_int_equal(weir_json_get(call, events[2], "", &json), WEIR_JSON_MISSING);
	assert_int_equal(weir_json_get(call, events[0], "/a", &json), WEIR_JSON_ARRAY);
	assert_int_equal(json.count, 2);
	/* a copy is none of the engine's events, though its bytes are */
	assert_int_equal(weir_json_get(call, &copy, "/a", &json), WEIR_JSON_MISSING);
	/* the value is looked up as it came, not as it was set */
	assert_true(call->host->set_value(call, results[0], "{}", 2));
	assert_int_equal(weir_json_get(call, events[0], "/a", &json), WEIR_JSON_ARRAY);
	return all_ok(self, call, events, results, n);
}

static void json_is_looked_up_in_the_event(void **state)
{
	struct weir_test *test = open_asking(asks_nothing, looks_up);

	(void)state;
	weir_test_add(test, "id", NULL, "{\"a\": [1, \"x\"]}");
	weir_test_add(test, "id", NULL, "{\"a\": [1, \"x\"]");
	weir_test_add(test, "id", NULL, NULL);
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	weir_test_close(test);
}

static int allocates(void *self, struct weir_call *call, const struct weir_event *const *events,
		     struct weir_result *const *results, size_t n)
{
	for (size_t size = 0; size < 100000; size += 997) {
		char *memory = call->host->alloc(call, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 16, 0);
		memset(memory, 'x', size);
	}
	assert_null(call->host->alloc(call, (size_t)64 * 1024 * 1024 + 1));
	return all_ok(self, call, events, results, n);
}

static struct weir_call *kept;

static int keeps_the_call(void *self, struct weir_call *call,
			  const struct weir_event *const *events,
			  struct weir_result *const *results, size_t n)
{
	kept = call;
	return all_ok(self, call, events, results, n);
}

static void memory_is_aligned_and_bounded(void **state)
{
	struct weir_test *test = open_asking(asks_nothing, allocates);

	(void)state;
	weir_test_add(test, "id", NULL, "v");
	weir_test_run(test);
	weir_test_close(test);
}

static void a_call_that_is_over_offers_nothing(void **state)
{
	struct weir_test *test = open_asking(asks_nothing, keeps_the_call);

	(void)state;
	weir_test_add(test, "id", NULL, "v");
	weir_test_run(test);
	assert_null(kept->host->alloc(kept, 1));
	assert_false(kept->host->begin(kept, 0));
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_instance_knows_its_place_and_its_outputs),
	    cmocka_unit_test(the_config_is_read_by_pointer),
	    cmocka_unit_test(metrics_are_exported_with_their_labels),
	    cmocka_unit_test(metrics_are_bounded),
	    cmocka_unit_test(a_log_line_says_whose_it_is),
	    cmocka_unit_test(json_is_looked_up_in_the_event),
	    cmocka_unit_test(memory_is_aligned_and_bounded),
	    cmocka_unit_test(a_call_that_is_over_offers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
