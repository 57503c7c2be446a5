/* The life of the instances of a lane: all are made or none is left. */
#include "config.h"

#include "host/instance.h"
#include "host/plugin.h"
#include "tests/unit.h"

#include <stdlib.h>

static int made, destroyed;

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	if (strcmp(config_json, "{\"fail\": true}") == 0) {
		weir_error_set(err, "no");
		return NULL;
	}
	made++;
	return (void *)(uintptr_t)host;
}

static int process(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	(void)call;
	(void)events;
	assert_ptr_equal(self, call->host);
	for (size_t i = 0; i < n; i++)
		results[i]->verdict = WEIR_OK;
	return 0;
}

static void destroy(void *self)
{
	assert_non_null(self);
	destroyed++;
}

static const struct weir_plugin entry = {.magic = WEIR_MAGIC,
					 .struct_size = (uint32_t)sizeof(entry),
					 .abi_major = WEIR_ABI_MAJOR,
					 .id = "x",
					 .version = "1",
					 .create = create,
					 .process = process,
					 .destroy = destroy};

static char fine[] = "{}", fails[] = "{\"fail\": true}", name[] = "p";
static struct wr_conf_output output = {.name = name};
static struct wr_conf_stage stage_confs[3];
static struct wr_stage stages[3];
static struct wr_conf_pipeline conf;
static struct wr_pipeline pipeline;
static struct wr_plugin *plugin;

static int set_up(void **state)
{
	struct wr_err err;

	(void)state;
	made = destroyed = 0;
	if (wr_plugin_open_entry(&entry, &plugin, &err) != WR_OK)
		return -1;
	for (uint32_t i = 0; i < 3; i++) {
		stage_confs[i].config_json = fine;
		stages[i] = (struct wr_stage){
		    .conf = &stage_confs[i], .plugin = plugin, .name = "s", .index = i};
	}
	conf = (struct wr_conf_pipeline){
	    .name = name, .outputs = &output, .output_count = 1, .batch = {.max_events = 10}};
	pipeline = (struct wr_pipeline){.conf = &conf, .stages = stages, .stage_count = 3};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(plugin->users, 1);
	wr_plugin_unref(plugin);
	return 0;
}

static void one_of_each_stage_is_made_and_destroyed(void **state)
{
	struct wr_instances *instances;
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_instances_create(&pipeline, 0, 1, NULL, &instances, &err), WR_OK);
	assert_int_equal(made, 3);
	assert_int_equal(plugin->users, 4);
	wr_instances_destroy(instances);
	assert_int_equal(destroyed, 3);
}

static void a_failure_leaves_none_behind(void **state)
{
	struct wr_instances *instances = (struct wr_instances *)state;
	struct wr_err err;

	stage_confs[1].config_json = fails;
	assert_int_equal(wr_instances_create(&pipeline, 0, 1, NULL, &instances, &err), WR_EREFUSED);
	assert_string_equal(err.text, "stage \"s\": the plugin x 1 could not be created: no");
	assert_null(instances);
	assert_int_equal(made, 1);
	assert_int_equal(destroyed, 1);
}

static void destroying_nothing_is_fine(void **state)
{
	(void)state;
	wr_instances_destroy(NULL);
}

static struct wr_instances *call_with;

static void process_too_many(void *arg)
{
	struct wr_event *events[11] = {arg};

	wr_instances_process(call_with, 0, events, 11, NULL, NULL, 0);
}

static void process_unknown_stage(void *arg)
{
	struct wr_event *events[1] = {arg};

	wr_instances_process(call_with, 3, events, 1, NULL, NULL, 0);
}

static void a_call_beyond_the_batch_or_the_stages_is_a_bug(void **state)
{
	struct wr_event event = {.output = 0};
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_instances_create(&pipeline, 0, 1, NULL, &call_with, &err), WR_OK);
	assert_true(aborts(process_too_many, &event));
	assert_true(aborts(process_unknown_stage, &event));
	wr_instances_destroy(call_with);
}

static void a_pipeline_without_stages_has_no_instances(void **state)
{
	struct wr_instances *instances;
	struct wr_err err;

	(void)state;
	pipeline.stage_count = 0;
	assert_int_equal(wr_instances_create(&pipeline, 0, 1, NULL, &instances, &err), WR_OK);
	assert_int_equal(made, 0);
	wr_instances_destroy(instances);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_of_each_stage_is_made_and_destroyed, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(a_failure_leaves_none_behind, set_up, tear_down),
	    cmocka_unit_test(destroying_nothing_is_fine),
	    cmocka_unit_test_setup_teardown(a_call_beyond_the_batch_or_the_stages_is_a_bug, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(a_pipeline_without_stages_has_no_instances, set_up,
					    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
