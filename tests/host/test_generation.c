/* A configuration and its plugins become a generation, or problems with file, line and column. */
#include "config.h"

#include "host/generation.h"
#include "host/plugin.h"
#include "tests/conf/parsing.h"

#define HEAD                                            \
	"kafka: { brokers: embedded }\n"                \
	"plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n" \
	"pipelines:\n"                                  \
	"  - name: p\n"                                 \
	"    source: { topics: [in] }\n"                \
	"    idempotency: { store: memory }\n"          \
	"    dlq: { topic: dead }\n"                    \
	"    outputs: { default: out }\n"               \
	"    stages:\n"

static struct parsed parsed;
static struct wr_generation *generation;

static enum wr_code make(const char *text)
{
	parsed = parse_valid(text);
	return wr_generation_create(parsed.conf, 7, &generation, &parsed.problems);
}

static void drop(void)
{
	wr_generation_destroy(generation);
	generation = NULL;
	parsed_fini(&parsed);
}

/* The problems of a configuration, "f:line:column: path: text" a line. */
static void refused(const char *text, const char *lines)
{
	assert_int_equal(make(text), WR_EINVAL);
	assert_null(generation);
	wr_buf_clear(&parsed.buf);
	assert_int_equal(wr_problems_render(&parsed.problems, &parsed.buf), WR_OK);
	assert_string_equal(wr_buf_text(&parsed.buf), lines);
	drop();
}

static void stages_have_their_plugins_and_names(void **state)
{
	const struct wr_pipeline *pipeline;

	(void)state;
	assert_int_equal(make(HEAD "      - plugin: passthrough.so\n"
				   "      - { name: again, plugin: passthrough.so }\n"
				   "      - { plugin: wants_limit.so, config: { limit: 3 } }\n"),
			 WR_OK);
	assert_int_equal(generation->number, 7);
	assert_int_equal(generation->pipeline_count, 1);
	pipeline = &generation->pipelines[0];
	assert_int_equal(pipeline->generation, 7);
	assert_int_equal(pipeline->stage_count, 3);
	assert_string_equal(pipeline->stages[0].name, "passthrough");
	assert_string_equal(pipeline->stages[1].name, "again");
	assert_string_equal(pipeline->stages[2].name, "hostile");
	assert_int_equal(pipeline->stages[2].index, 2);
	drop();
}

static void a_file_named_twice_is_opened_once(void **state)
{
	(void)state;
	assert_int_equal(make(HEAD "      - plugin: passthrough.so\n"
				   "      - { name: again, plugin: passthrough.so }\n"),
			 WR_OK);
	assert_ptr_equal(generation->pipelines[0].stages[0].plugin,
			 generation->pipelines[0].stages[1].plugin);
	assert_int_equal(generation->pipelines[0].stages[0].plugin->users, 2);
	drop();
}

static void every_problem_is_told_with_its_place(void **state)
{
	(void)state;
	refused(
	    HEAD "      - plugin: /nowhere/x.so\n"
		 "      - plugin: wants_limit.so\n"
		 "        config:\n"
		 "          limit: 0\n"
		 "          limits: [1]\n"
		 "      - { name: third, plugin: wants_limit.so }\n",
	    "f:10:17: pipelines[0].stages[0].plugin: plugin \"/nowhere/x.so\": there is no file "
	    "\"/nowhere/x.so\"\n"
	    "f:13:18: pipelines[0].stages[1].config.limit: must be at least 1 (stage \"hostile\", "
	    "plugin hostile 1.0.0)\n"
	    "f:14:19: pipelines[0].stages[1].config.limits: is an unknown key; known here: limit "
	    "(stage \"hostile\", plugin hostile 1.0.0)\n"
	    "f:15:9: pipelines[0].stages[2].config: the required \"limit\" is missing (stage "
	    "\"third\", plugin hostile 1.0.0)\n");
}

static void two_stages_of_one_name_are_refused(void **state)
{
	(void)state;
	refused(
	    HEAD "      - plugin: passthrough.so\n"
		 "      - plugin: passthrough.so\n"
		 "      - { name: passthrough, plugin: passthrough.so }\n",
	    "f:11:9: pipelines[0].stages[1].name: the stage name \"passthrough\" is taken by the "
	    "stage on line 10; a stage without a name has its plugin's id: give it a name\n"
	    "f:12:9: pipelines[0].stages[2].name: the stage name \"passthrough\" is taken by the "
	    "stage on line 10; give it another\n");
}

static void pipelines_may_use_the_same_stage_names(void **state)
{
	(void)state;
	assert_int_equal(make(HEAD "      - plugin: passthrough.so\n"
				   "  - name: q\n"
				   "    source: { topics: [in2] }\n"
				   "    idempotency: { store: memory }\n"
				   "    dlq: { topic: dead }\n"
				   "    outputs: { default: out }\n"
				   "    stages: [{ plugin: passthrough.so }]\n"),
			 WR_OK);
	assert_int_equal(generation->pipeline_count, 2);
	assert_string_equal(generation->pipelines[1].stages[0].name, "passthrough");
	drop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stages_have_their_plugins_and_names),
	    cmocka_unit_test(a_file_named_twice_is_opened_once),
	    cmocka_unit_test(every_problem_is_told_with_its_place),
	    cmocka_unit_test(two_stages_of_one_name_are_refused),
	    cmocka_unit_test(pipelines_may_use_the_same_stage_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
