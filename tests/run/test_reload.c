/* From one generation to the next, with lanes that work: real plugins, real threads, a real probe; no Kafka. */
#include "config.h"

#include "tests/run/reload_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what changes ---- */

static void nothing_changes_without_a_change(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	flow_pour(100);
	rig_assert_result(WR_RELOAD_UNCHANGED);
	assert_int_equal(rig.got.generation_before, 1);
	assert_int_equal(rig.got.generation_after, 1);
	flow_await(200);
	rig_stop();
	assert_int_equal(flow_outputs_of(1), 200);
}

static void events_before_and_after_are_whole_and_say_their_generation(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	flow_pour(1000);
	flow_await(500);
	rig_configure(ONE("{ plugin: passthrough.so }, { name: more, plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(rig.got.generation_before, 1);
	assert_int_equal(rig.got.generation_after, 2);
	rig_assert_said("p/passthrough kept");
	rig_assert_said("p/more added >2.0.0");
	assert_true(rig.got.drained);
	for (int i = 0; i < WR_RELOAD_PHASES; i++)
		assert_true(rig.got.phase_us[i] >= 0);
	flow_pour(1000);
	flow_await(4000);
	rig_stop();
	assert_int_equal(flow_outputs(), 4000);
	assert_true(flow_outputs_of(1) >= 500);
	assert_true(flow_outputs_of(2) >= 2000);
	assert_int_equal(flow_outputs_of(1) + flow_outputs_of(2), 4000);
}

static void what_differs_beside_the_keys_is_a_change(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig.beside = "a file: another content";
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("a file: another content");
	assert_int_equal(rig.got.generation_after, 2);
	rig.beside = NULL;
	rig_assert_result(WR_RELOAD_UNCHANGED);
	rig_stop();
}

static void replaced_code_is_told_by_its_versions(void **state)
{
	(void)state;
	rig_configure(ONE("{ name: s, plugin: process_hangs.so }"));
	rig_start();
	rig_configure(ONE("{ name: s, plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("p/s replaced 1.0.0>2.0.0");
	rig_configure(ONE("{ name: t, was: s, plugin: version_two.so, timeout: 3s }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("p/t reconfigured 2.0.0>2.0.0");
	rig_stop();
}

static void pipelines_and_lanes_come_and_go(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	flow_pour(100);
	flow_await(200);
	rig_configure("pipelines:\n" PIPE("p", "3", "{ plugin: passthrough.so }")
			  PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("pipelines[0].lanes: changed");
	rig_assert_said("pipeline q: added");
	assert_int_equal(flow_alive(), 4);
	flow_await(400);
	rig_configure("pipelines:\n" PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("pipeline p: removed");
	rig_assert_said("p/passthrough removed");
	flow_pour(50);
	flow_await(450);
	assert_int_equal(flow_alive(), 1);
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	flow_await(550); /* p goes on where it was */
	rig_stop();
	assert_int_equal(flow_outputs(), 550);
}

static void batches_of_another_size_are_taken(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	flow_pour(500);
	rig_configure(
	    "pipelines:\n  - { name: p, source: { topics: [in] }, lanes: 2, format: raw, "
	    "event_id: { key: true }, idempotency: { store: none }, dlq: { topic: dead },\n"
	    "      outputs: { default: out }, batch: { max_events: 7, in_flight: 3, linger: 0 },"
	    " stages: [{ plugin: passthrough.so }] }\n");
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("batch.max_events: changed");
	flow_pour(500);
	flow_await(2000);
	rig_stop();
	assert_int_equal(flow_outputs(), 2000);
}

static void the_last_ten_generations_are_listed(void **state)
{
	struct wr_reload_list list;

	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	for (int i = 2; i <= 13; i++) {
		char text[512];

		snprintf(text, sizeof(text), ONE("{ plugin: passthrough.so, timeout: %ds }"), i);
		rig_configure(text);
		rig_assert_result(WR_RELOAD_APPLIED);
		rig_assert_result(WR_RELOAD_UNCHANGED); /* is no generation */
	}
	assert_int_equal(wr_reload_generations(rig.reload, &list), WR_OK);
	assert_int_equal(list.count, 10);
	for (size_t i = 0; i < list.count; i++) {
		const struct wr_reload_entry *entry = &list.items[i];

		assert_int_equal(entry->number, 13 - i);
		assert_string_equal(entry->who, "test");
		assert_string_equal(entry->what, "p/passthrough reconfigured");
		assert_int_equal(entry->state, WR_RELOAD_STATE_APPLIED);
		assert_int_equal(entry->runs, i == 0);
		assert_int_equal(entry->can_return, i == 1);
		assert_true(entry->since_ms > 0);
		assert_true(i == 0 || entry->since_ms <= list.items[i - 1].since_ms);
	}
	wr_reload_list_fini(&list);
	rig_stop();
}

/* ---- watching ---- */

#define WATCHED(stages) "watch: true\n" ONE(stages)

static void await_generation(uint64_t number)
{
	while (wr_reload_generation(rig.reload) != number)
		usleep(1000);
}

static void what_is_watched_is_applied_by_itself(void **state)
{
	struct wr_reload_list list;

	(void)state;
	rig_configure("watch: true\n" ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure("watch: true\n" ONE("{ name: two, plugin: version_two.so }"));
	await_generation(2);
	rig_configure("watch: false\n" ONE("{ plugin: passthrough.so }"));
	await_generation(3);
	assert_int_equal(wr_reload_generations(rig.reload, &list), WR_OK);
	assert_string_equal(list.items[0].who, "watch");
	wr_reload_list_fini(&list);
	flow_pour(1);
	flow_await(2);
	rig_stop();
}

static const char *beside(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", rig.folder, name);
	return path;
}

static void make(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static bool is_counted(const char *sample)
{
	struct wr_buf text = WR_BUF_INIT;
	bool is;

	assert_int_equal(wr_metrics_render(rig.engine.metrics, &text), WR_OK);
	is = strstr(wr_buf_text(&text), sample) != NULL;
	wr_buf_fini(&text);
	return is;
}

/* As vim does it: a file to see whether it may, the old file renamed, the new one written, the old one removed. */
static void what_an_editor_does_is_applied(void **state)
{
	static char text[4096];
	FILE *in;

	(void)state;
	rig_configure(WATCHED("{ name: two, plugin: version_two.so }"));
	in = fopen(rig.file, "re");
	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	rig_configure(WATCHED("{ plugin: passthrough.so }"));
	rig_start();
	make(beside("4913"), "");
	assert_int_equal(unlink(beside("4913")), 0);
	make(beside(".weir.yaml.swp"), "draft");
	assert_int_equal(rename(rig.file, beside("weir.yaml~")), 0);
	make(rig.file, text);
	assert_int_equal(unlink(beside("weir.yaml~")), 0);
	assert_int_equal(unlink(beside(".weir.yaml.swp")), 0);
	await_generation(2);
	rig_stop();
}

/* Nobody applies what is only half there; its writer's end is seen. */
static void what_is_half_written_is_applied_when_it_is_whole(void **state)
{
	FILE *out;

	(void)state;
	rig_configure(WATCHED("{ plugin: passthrough.so }"));
	rig_start();
	out = fopen(rig.file, "we");
	assert_non_null(out);
	fprintf(out, "instance: t\nstate_dir: %s/state\npipelines: [", rig.folder);
	fflush(out);
	make(beside("other"), "stirs");
	while (!is_counted("weir_reloads_total{result=\"rejected\"} 1\n"))
		usleep(1000);
	assert_int_equal(wr_reload_generation(rig.reload), 1);
	rewind(out);
	fprintf(out,
		"instance: t\nstate_dir: %s/state\nkafka: { brokers: \"b:1\" }\n"
		"plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n%s",
		rig.folder, WATCHED("{ name: two, plugin: version_two.so }"));
	fclose(out);
	await_generation(2);
	rig_stop();
}

/* As in a volume of Kubernetes: the file is a link through the link ..data, which is made to lead elsewhere. */
static void a_config_map_that_is_exchanged_is_applied(void **state)
{
	(void)state;
	assert_int_equal(mkdir(beside("..1"), 0700), 0);
	assert_int_equal(mkdir(beside("..2"), 0700), 0);
	rig_configure(WATCHED("{ name: two, plugin: version_two.so }"));
	assert_int_equal(rename(rig.file, beside("..2/weir.yaml")), 0);
	rig_configure(WATCHED("{ plugin: passthrough.so }"));
	assert_int_equal(rename(rig.file, beside("..1/weir.yaml")), 0);
	assert_int_equal(symlink("..1", beside("..data")), 0);
	assert_int_equal(symlink("..data/weir.yaml", rig.file), 0);
	rig_start();
	assert_int_equal(symlink("..2", beside("..data_tmp")), 0);
	assert_int_equal(rename(beside("..data_tmp"), beside("..data")), 0);
	await_generation(2);
	rig_stop();
}

/* ---- many ---- */

static int mapped_plugins(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024];
	int count = 0;

	while (fgets(line, sizeof(line), maps) != NULL)
		count += strstr(line, "/state/plugins/") != NULL && strstr(line, "r-xp") != NULL;
	fclose(maps);
	return count;
}

static void many_reloads_under_load_lose_nothing_and_leave_nothing(void **state)
{
	static const char *const stages[] = {
	    "{ name: s, plugin: passthrough.so }", "{ name: s, plugin: version_two.so }",
	    "{ name: s, plugin: counter.so }", "{ name: s, plugin: counter.so, timeout: 5s }"};
	int reloads = getenv("WEIR_RELOADS") != NULL ? atoi(getenv("WEIR_RELOADS")) : 12;

	int before = mapped_plugins();

	(void)state;
	rig_configure(ONE("{ name: s, plugin: passthrough.so }"));
	rig_start();
	for (int i = 1; i <= reloads && i < FLOW_GENERATIONS; i++) {
		char text[512];

		flow_pour(500);
		snprintf(text, sizeof(text), ONE("%s"), stages[i % 4]);
		rig_configure(text);
		rig_assert_result(WR_RELOAD_APPLIED);
	}
	flow_await(flow_poured(2));
	assert_true(mapped_plugins() - before <= 3);
	rig_stop();
	assert_int_equal(flow_outputs(), flow_poured(2));
	assert_int_equal(flow_dead(), 0);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(nothing_changes_without_a_change),
	    RULE(events_before_and_after_are_whole_and_say_their_generation),
	    RULE(what_differs_beside_the_keys_is_a_change),
	    RULE(replaced_code_is_told_by_its_versions),
	    RULE(pipelines_and_lanes_come_and_go),
	    RULE(batches_of_another_size_are_taken),
	    RULE(the_last_ten_generations_are_listed),
	    RULE(what_is_watched_is_applied_by_itself),
	    RULE(what_an_editor_does_is_applied),
	    RULE(what_is_half_written_is_applied_when_it_is_whole),
	    RULE(a_config_map_that_is_exchanged_is_applied),
	    RULE(many_reloads_under_load_lose_nothing_and_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
