/* Without memory the functions of the host say so, and leave nothing behind. The plugins have no schema:
 * host/json_schema.h. */
#include "config.h"

#include "host/generation.h"
#include "host/instance.h"
#include "host/plugin.h"
#include "tests/conf/parsing.h"
#include "tests/faults.h"
#include "tests/host/scripted.h"

#define ROUNDS 10000 /* far more allocations than any of them makes */

static void a_plugin_is_opened_or_not_at_all(void **state)
{
	static char plugins[] = ABI_DIR;
	char *folders[] = {plugins};
	const struct wr_conf_strings path = {folders, 1};
	enum wr_code rc = WR_ENOMEM;

	(void)state;
	for (size_t count = 0; rc != WR_OK && count < ROUNDS; count++) {
		struct wr_plugin *plugin;
		struct wr_err err;

		faults_begin(count);
		rc = wr_plugin_open("misbehaves.so", &path, &plugin, &err);
		faults_end();
		assert_true(rc == WR_OK || rc == WR_ENOMEM);
		assert_int_equal(rc == WR_OK, plugin != NULL);
		wr_plugin_unref(plugin);
	}
	assert_int_equal(rc, WR_OK);
}

static void a_generation_is_made_or_not_at_all(void **state)
{
	struct parsed p = parse_valid("kafka: { brokers: embedded }\n"
				      "plugin_path: [" ABI_DIR "]\n"
				      "pipelines:\n"
				      "  - name: p\n"
				      "    source: { topics: [in] }\n"
				      "    idempotency: { store: memory }\n"
				      "    dlq: { topic: dead }\n"
				      "    outputs: { default: out }\n"
				      "    stages:\n"
				      "      - { plugin: misbehaves.so, config: { mode: x } }\n"
				      "      - { name: again, plugin: throws.so }\n");
	enum wr_code rc = WR_ENOMEM;

	(void)state;
	for (size_t count = 0; rc != WR_OK && count < ROUNDS; count++) {
		struct wr_generation *generation;

		faults_begin(count);
		rc = wr_generation_create(p.conf, 1, &generation, &p.problems);
		faults_end();
		assert_true(rc == WR_OK || rc == WR_ENOMEM);
		assert_int_equal(rc == WR_OK, generation != NULL);
		wr_generation_destroy(generation);
	}
	assert_int_equal(rc, WR_OK);
	parsed_fini(&p);
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

static struct wr_plugin *open_scripted(void)
{
	static const struct weir_plugin entry = {.magic = WEIR_MAGIC,
						 .struct_size = (uint32_t)sizeof(entry),
						 .abi_major = WEIR_ABI_MAJOR,
						 .id = "scripted",
						 .version = "1",
						 .create = scripted_create,
						 .process = scripted_call};
	struct wr_plugin *plugin;
	struct wr_err err;

	scripted_process = all_ok;
	assert_int_equal(wr_plugin_open_entry(&entry, &plugin, &err), WR_OK);
	return plugin;
}

static void instances_are_made_or_none_is(void **state)
{
	static char name[] = "p", config[] = "{}";
	struct wr_conf_output output = {.name = name};
	struct wr_conf_stage stage_conf = {.config_json = config};
	struct wr_plugin *plugin = open_scripted();
	struct wr_stage stages[2] = {{.conf = &stage_conf, .plugin = plugin, .name = "a"},
				     {.conf = &stage_conf, .plugin = plugin, .name = "b"}};
	struct wr_conf_pipeline conf = {
	    .name = name, .outputs = &output, .output_count = 1, .batch = {.max_events = 10}};
	struct wr_pipeline pipeline = {.conf = &conf, .stages = stages, .stage_count = 2};
	enum wr_code rc = WR_ENOMEM;

	(void)state;
	for (size_t count = 0; rc != WR_OK && count < ROUNDS; count++) {
		struct wr_instances *instances;
		struct wr_err err;

		faults_begin(count);
		rc = wr_instances_create(&pipeline, 0, 1, NULL, &instances, &err);
		faults_end();
		assert_true(rc == WR_OK || rc == WR_ENOMEM);
		assert_int_equal(rc == WR_OK, instances != NULL);
		wr_instances_destroy(instances);
		assert_int_equal(plugin->users, 1);
	}
	assert_int_equal(rc, WR_OK);
	wr_plugin_unref(plugin);
}

#define LARGE ((size_t)64 * 1024) /* more than any chunk of the arena that is there has left */

static int asks_without_memory(void *self, struct weir_call *call,
			       const struct weir_event *const *events,
			       struct weir_result *const *results, size_t n)
{
	static char large[LARGE];
	const struct weir_host *host = call->host;
	struct weir_record record = {.value = {large, LARGE}};

	faults_begin(0);
	assert_null(host->alloc(call, LARGE));
	assert_false(host->set_value(call, results[0], large, LARGE));
	assert_false(host->set_key(call, results[0], large, LARGE));
	assert_false(host->set_header(call, results[0], "h", large, LARGE));
	assert_false(host->emit(call, results[0], WEIR_OUTPUT_DEFAULT, &record));
	assert_true(faults_end());
	return all_ok(self, call, events, results, n);
}

static void setters_say_no(void **state)
{
	struct weir_test *test = scripted_open(asks_without_memory);

	(void)state;
	weir_test_add(test, "id", "key", "v");
	weir_test_run(test);
	assert_int_equal(weir_test_verdict(test, 0), WEIR_OK);
	assert_true(weir_test_value_is(test, 0, "v"));
	assert_int_equal(weir_test_event(test, 0)->header_count, 0);
	assert_int_equal(weir_test_emit_count(test, 0), 0);
	weir_test_close(test);
}

static int changes_a_header_and_takes_the_memory(void *self, struct weir_call *call,
						 const struct weir_event *const *events,
						 struct weir_result *const *results, size_t n)
{
	assert_true(call->host->set_header(call, results[0], "h", "v", 1));
	faults_begin(0);
	return all_ok(self, call, events, results, n);
}

static void changes_that_find_no_memory_are_tried_again(void **state)
{
	struct weir_test *test = scripted_open(changes_a_header_and_takes_the_memory);
	static struct weir_header headers[4096]; /* too many for what is left of the arena */
	struct weir_event *event;

	(void)state;
	weir_test_add(test, "id", "key", "v");
	event = weir_test_event(test, 0);
	for (size_t i = 0; i < UNIT_COUNT_OF(headers); i++)
		headers[i] = (struct weir_header){"other", {"", 0}};
	event->headers = headers;
	event->header_count = UNIT_COUNT_OF(headers);
	weir_test_run(test);
	assert_true(faults_end());
	assert_int_equal(weir_test_verdict(test, 0), WEIR_RETRY);
	assert_string_equal(weir_test_code(test, 0), "out-of-memory");
	assert_ptr_equal(event->headers, headers);
	weir_test_close(test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plugin_is_opened_or_not_at_all),
	    cmocka_unit_test(a_generation_is_made_or_not_at_all),
	    cmocka_unit_test(instances_are_made_or_none_is),
	    cmocka_unit_test(setters_say_no),
	    cmocka_unit_test(changes_that_find_no_memory_are_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
