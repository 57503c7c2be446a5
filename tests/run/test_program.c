/* What a lane runs under one generation: made whole or not at all. */
#include "config.h"

#include "run/program.h"

#include "host/plugin.h"
#include "tests/faults.h"
#include "tests/unit.h"

static int instances;

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)host;
	(void)err;
	if (strcmp(config_json, "{\"fail\":1}") == 0)
		return NULL;
	instances++;
	return &instances;
}

static void destroy(void *self)
{
	(*(int *)self)--;
}

static int process(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	(void)self;
	(void)call;
	(void)events;
	(void)results;
	(void)n;
	return 0;
}

static const struct weir_plugin entry = {
    .magic = WEIR_MAGIC,
    .struct_size = (uint32_t)sizeof(struct weir_plugin),
    .abi_major = WEIR_ABI_MAJOR,
    .id = "counted",
    .version = "1",
    .create = create,
    .process = process,
    .destroy = destroy,
};

static char name[] = "p", json[] = "{}", failing[] = "{\"fail\":1}", dlq[] = "dead";
static char default_name[] = "default", default_topic[] = "out", alerts[] = "alerts";
static struct wr_conf_output outputs[] = {{.name = default_name, .topic = default_topic},
					  {.name = alerts, .topic = alerts}};
static struct wr_conf_stage conf_stages[2];
static struct wr_conf_pipeline conf;
static struct wr_stage stages[2];
static struct wr_pipeline pipeline;
static struct wr_plugin *plugin;
static struct wr_metrics *metrics;

static int set_up(void **state)
{
	struct wr_err err;

	(void)state;
	conf_stages[0] = conf_stages[1] =
	    (struct wr_conf_stage){.config_json = json, .retry = {.attempts = 2, .factor = 2}};
	conf = (struct wr_conf_pipeline){.name = name,
					 .dlq_topic = dlq,
					 .outputs = outputs,
					 .output_count = 2,
					 .stages = conf_stages,
					 .stage_count = 2,
					 .batch = {.max_events = 3}};
	assert_int_equal(wr_plugin_open_entry(&entry, &plugin, &err), WR_OK);
	stages[0] = (struct wr_stage){&conf_stages[0], plugin, "first", 0};
	stages[1] = (struct wr_stage){&conf_stages[1], plugin, "second", 1};
	pipeline = (struct wr_pipeline){&conf, stages, 2, 42};
	assert_int_equal(wr_metrics_create(&metrics), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_metrics_destroy(metrics);
	wr_plugin_unref(plugin);
	assert_int_equal(instances, 0);
	return 0;
}

static enum wr_code make(struct wr_program **program_r, struct wr_err *err)
{
	const struct wr_program_options options = {&pipeline, 1, 4, metrics};

	return wr_program_create(&options, program_r, err);
}

static void it_knows_its_generation_and_has_all_instances(void **state)
{
	struct wr_program *program;
	struct wr_err err;

	(void)state;
	assert_int_equal(make(&program, &err), WR_OK);
	assert_string_equal(program->generation, "42");
	assert_ptr_equal(program->conf, &conf);
	assert_int_equal(instances, 2);
	assert_int_equal(program->batches, 0);
	wr_program_destroy(program);
	wr_program_destroy(NULL);
}

static void a_plugin_that_is_not_created_leaves_nothing(void **state)
{
	struct wr_program *program;
	struct wr_err err;

	(void)state;
	conf_stages[1].config_json = failing;
	assert_int_equal(make(&program, &err), WR_EREFUSED);
	assert_null(program);
	assert_non_null(strstr(err.text, "stage \"second\""));
	assert_int_equal(instances, 0);
}

static void without_memory_it_is_not_made(void **state)
{
	struct wr_program *program;
	struct wr_err err;
	bool failed = true;
	size_t n = 0;

	(void)state;
	for (; failed; n++) {
		enum wr_code rc;

		faults_begin(n);
		rc = make(&program, &err);
		failed = faults_end();
		/* without a metric it goes on, uncounted */
		assert_true(rc == WR_OK || (rc == WR_ENOMEM && failed && program == NULL));
		wr_program_destroy(program);
		assert_int_equal(instances, 0);
	}
	assert_true(n > 5);
}

/* ---- topics ---- */

static struct wr_sink_topic *const topics[] = {(void *)&outputs[0], (void *)&outputs[1],
					       (void *)&conf};
static const char *unknown;

static enum wr_code topic(struct wr_sink *sink, const char *topic_name,
			  struct wr_sink_topic **topic_r, struct wr_err *err)
{
	(void)sink;
	*topic_r = NULL;
	if (unknown != NULL && strcmp(topic_name, unknown) == 0)
		return wr_err_set(err, WR_EINVAL, "no topic %s", topic_name);
	*topic_r = topics[strcmp(topic_name, "out") == 0      ? 0
			  : strcmp(topic_name, "alerts") == 0 ? 1
							      : 2];
	return WR_OK;
}

static const struct wr_sink_ops sink_ops = {.topic = topic};

static void it_finds_its_topics_in_the_sink(void **state)
{
	struct wr_sink sink = {.ops = &sink_ops};
	struct wr_program *program;
	struct wr_err err;

	(void)state;
	assert_int_equal(make(&program, &err), WR_OK);
	assert_int_equal(wr_program_resolve(program, &sink, &err), WR_OK);
	assert_ptr_equal(program->outputs[0], topics[0]);
	assert_ptr_equal(program->outputs[1], topics[1]);
	assert_ptr_equal(program->dlq, topics[2]);
	for (int i = 0; i < 3; i++) {
		unknown = i == 0 ? "out" : i == 1 ? "alerts" : "dead";
		assert_int_equal(wr_program_resolve(program, &sink, &err), WR_EINVAL);
		assert_non_null(strstr(err.text, unknown));
	}
	unknown = NULL;
	wr_program_destroy(program);
}

static void destroy_under_a_batch(void *arg)
{
	struct wr_program *program = arg;

	program->batches = 1;
	wr_program_destroy(program);
}

static void it_is_not_destroyed_under_a_batch(void **state)
{
	struct wr_program *program;
	struct wr_err err;

	(void)state;
	assert_int_equal(make(&program, &err), WR_OK);
	assert_true(aborts(destroy_under_a_batch, program));
	wr_program_destroy(program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(it_knows_its_generation_and_has_all_instances, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(a_plugin_that_is_not_created_leaves_nothing, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(without_memory_it_is_not_made, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(it_finds_its_topics_in_the_sink, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(it_is_not_destroyed_under_a_batch, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
