/* Plugins are tried in a child: whatever they do there, the engine gets a verdict in time. */
#include "config.h"

#include "host/probe.h"
#include "tests/conf/parsing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define SOON_MS 5000       /* for what never ends */
#define PATIENTLY_MS 60000 /* for what ends by itself */

static char folder[64], text[2048];
static struct wr_plugin_store *store;
static struct wr_plugin_set *set;
static struct parsed parsed;
static struct wr_probe_request request;
static struct wr_err err;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(wr_plugin_store_open(folder, &store, &err), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_probe_request_fini(&request);
	wr_plugin_set_drop(set);
	wr_plugin_store_close(store);
	parsed_fini(&parsed);
	set = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

/* A request for one stage of that plugin, with a config. */
static void ask(const char *plugin, const char *config)
{
	snprintf(text, sizeof(text),
		 BROKERS "plugin_path: [" ABI_DIR ", " PLUGINS_DIR "]\n"
			 "pipelines:\n  - name: p\n    source: { topics: [in] }\n"
			 "    idempotency: { store: memory }\n    dlq: { topic: dead }\n"
			 "    outputs: { default: out }\n"
			 "    stages: [{ name: s, plugin: %s, config: %s }]\n",
		 plugin, config);
	parsed = parse_valid(text);
	assert_int_equal(wr_plugin_store_take(store, parsed.conf, &set, &parsed.problems), WR_OK);
	assert_int_equal(wr_probe_request_init(&request, &err), WR_OK);
	assert_int_equal(wr_probe_request_conf(&request, "f", wr_bytes_of(text), folder, set),
			 WR_OK);
	assert_int_equal(wr_probe_request_stage(&request, 0, 0), WR_OK);
}

static void refused(const char *plugin, const char *config, int64_t deadline_ms,
		    const char *sentence)
{
	ask(plugin, config);
	assert_int_equal(wr_probe_run(WEIR, &request, "f", deadline_ms, NULL, &parsed.problems),
			 WR_EINVAL);
	assert_true(parsed.problems.count > 0);
	if (strstr(parsed.problems.items[0].text, sentence) == NULL)
		fail_msg("%s", parsed.problems.items[0].text);
}

static void a_good_plugin_passes(void **state)
{
	(void)state;
	ask("wants_limit.so", "{ limit: 3 }");
	assert_int_equal(wr_probe_run(WEIR, &request, "f", PATIENTLY_MS, NULL, &parsed.problems),
			 WR_OK);
	assert_int_equal(parsed.problems.count, 0);
}

static void a_config_against_the_schema_is_told_with_its_place(void **state)
{
	(void)state;
	refused("wants_limit.so", "{ limit: 0 }", PATIENTLY_MS, "must be at least 1");
	assert_int_equal(parsed.problems.items[0].line, 9);
	assert_int_equal(parsed.problems.items[0].column, 66);
	assert_string_equal(parsed.problems.items[0].path, "pipelines[0].stages[0].config.limit");
}

static void a_create_that_fails_is_told(void **state)
{
	(void)state;
	refused("create_fails.so", "{}", PATIENTLY_MS, "the rules file /etc/rules is missing");
	assert_int_equal(parsed.problems.items[0].line, 9);
	assert_string_equal(parsed.problems.items[0].path, "pipelines[0].stages[0]");
}

static void a_constructor_that_hangs_is_named_at_the_deadline(void **state)
{
	(void)state;
	refused("constructor_hangs.so", "{}", SOON_MS,
		"did not come to its end within 5000 ms: plugin \"constructor_hangs.so\"");
}

static void a_constructor_that_crashes_is_named(void **state)
{
	(void)state;
	refused("constructor_crashes.so", "{}", PATIENTLY_MS,
		"crashed (signal 6, Aborted): plugin \"constructor_crashes.so\": opening it");
}

static void a_constructor_that_ends_the_process_is_no_pass(void **state)
{
	(void)state;
	refused("constructor_exits.so", "{}", PATIENTLY_MS,
		"ended the process: plugin \"constructor_exits.so\"");
}

static void a_constructor_that_babbles_is_cut_short(void **state)
{
	(void)state;
	refused("constructor_babbles.so", "{}", PATIENTLY_MS, "");
	assert_true(parsed.problems.count <= 201);
}

static void a_create_that_hangs_is_named_with_its_stage(void **state)
{
	(void)state;
	refused("create_hangs.so", "{}", SOON_MS, "5000 ms: stage \"s\", plugin hostile: create()");
}

static void a_probe_that_is_given_up_ends_and_blames_nobody(void **state)
{
	const _Atomic bool given_up = true;

	(void)state;
	ask("create_hangs.so", "{}");
	assert_int_equal(
	    wr_probe_run(WEIR, &request, "f", PATIENTLY_MS, &given_up, &parsed.problems),
	    WR_ECLOSED);
	assert_int_equal(parsed.problems.count, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_create_that_crashes_is_named_with_its_stage(void **state)
{
	(void)state;
	refused(
	    "create_crashes.so", "{}", PATIENTLY_MS,
	    ": stage \"s\", plugin hostile: create()" /* a sanitizer makes an exit of the crash */);
}

static void a_plugin_that_fails_its_own_test_is_refused(void **state)
{
	(void)state;
	refused("selftest_fails.so", "{}", PATIENTLY_MS,
		"stage \"s\": the plugin hostile 1.0.0 failed its own test: 2 and 2 are 5");
}

static void give_state(struct wr_state *state, const char *stage)
{
	struct wr_state_blob blob = {.version = 1, .slot_count = 1, .data = WR_BUF_INIT};

	assert_int_equal(wr_buf_append_text(&blob.data, "bytes"), WR_OK);
	state->blobs = calloc(1, sizeof(blob));
	state->blobs[0] = blob;
	state->count = 1;
	assert_int_equal(wr_probe_request_state(&request, "p", stage, state), WR_OK);
}

static void a_state_that_is_not_loaded_is_told(void **state)
{
	struct wr_state saved;

	(void)state;
	ask("state_refused.so", "{}");
	give_state(&saved, "s");
	assert_int_equal(wr_probe_run(WEIR, &request, "f", PATIENTLY_MS, NULL, &parsed.problems),
			 WR_EINVAL);
	assert_non_null(strstr(parsed.problems.items[0].text, "this state is not mine"));
	wr_state_fini(&saved);
}

static void the_state_of_another_stage_is_none_of_its_business(void **state)
{
	struct wr_state saved;

	(void)state;
	ask("state_refused.so", "{}");
	give_state(&saved, "other");
	assert_int_equal(wr_probe_run(WEIR, &request, "f", PATIENTLY_MS, NULL, &parsed.problems),
			 WR_OK);
	wr_state_fini(&saved);
}

static void without_a_program_there_is_no_verdict(void **state)
{
	(void)state;
	ask("wants_limit.so", "{ limit: 3 }");
	assert_int_equal(
	    wr_probe_run("/nowhere/weir", &request, "f", PATIENTLY_MS, NULL, &parsed.problems),
	    WR_EIO);
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void nothing_of_the_child_is_left(void **state)
{
	int before;

	(void)state;
	ask("create_crashes.so", "{}");
	before = open_descriptors();
	wr_probe_run(WEIR, &request, "f", PATIENTLY_MS, NULL, &parsed.problems);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_good_plugin_passes),
	    RULE(a_config_against_the_schema_is_told_with_its_place),
	    RULE(a_create_that_fails_is_told),
	    RULE(a_constructor_that_hangs_is_named_at_the_deadline),
	    RULE(a_constructor_that_crashes_is_named),
	    RULE(a_constructor_that_ends_the_process_is_no_pass),
	    RULE(a_constructor_that_babbles_is_cut_short),
	    RULE(a_create_that_hangs_is_named_with_its_stage),
	    RULE(a_probe_that_is_given_up_ends_and_blames_nobody),
	    RULE(a_create_that_crashes_is_named_with_its_stage),
	    RULE(a_plugin_that_fails_its_own_test_is_refused),
	    RULE(a_state_that_is_not_loaded_is_told),
	    RULE(the_state_of_another_stage_is_none_of_its_business),
	    RULE(without_a_program_there_is_no_verdict),
	    RULE(nothing_of_the_child_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
