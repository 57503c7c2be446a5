/* From one generation to the next, with lanes that work: real plugins, real threads, a real probe; no Kafka. */
#include "config.h"

#include "tests/run/reload_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- watching ---- */

static void what_is_watched_is_applied_by_itself(void **state)
{
	struct wr_reload_list list;

	(void)state;
	rig_configure("watch: true\n" ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure("watch: true\n" ONE("{ name: two, plugin: version_two.so }"));
	while (wr_reload_generation(rig.reload) != 2)
		usleep(1000);
	rig_configure("watch: false\n" ONE("{ plugin: passthrough.so }"));
	while (wr_reload_generation(rig.reload) != 3)
		usleep(1000);
	assert_int_equal(wr_reload_generations(rig.reload, &list), WR_OK);
	assert_string_equal(list.items[0].who, "watch");
	wr_reload_list_fini(&list);
	flow_pour(1);
	flow_await(2);
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
	    RULE(what_is_watched_is_applied_by_itself),
	    RULE(many_reloads_under_load_lose_nothing_and_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
