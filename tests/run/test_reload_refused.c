/* Reloads that are refused, that come while another is under way, or while the engine stops. */
#include "config.h"

#include "tests/run/reload_rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what is refused ---- */

static void what_is_wrong_is_rejected_with_its_place(void **state)
{
	static const struct {
		const char *stages, *said;
	} cases[] = {
	    {"{ plugin: nowhere.so }", "9:26 pipelines[0].stages[0].plugin: plugin \"nowhere.so\""},
	    {"{ plugin: passthrough.so, config: { a: 1 } }", "config.a: is an unknown key"},
	    {"{ plugin: gnu_unique.so }", "GNU unique"},
	    {"{ plugin: wants_limit.so, config: { limit: 0 } }", "must be at least 1"},
	    {"{ plugin: create_fails.so }", "the rules file /etc/rules is missing"},
	    {"{ plugin: create_crashes.so }", "plugin hostile: create()"},
	    {"{ plugin: constructor_crashes.so }", "opening it runs its constructors"},
	    {"{ plugin: selftest_fails.so }", "failed its own test: 2 and 2 are 5"},
	    {"{ plugin: passthrough.so", "not YAML"},
	};

	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		char text[512];

		snprintf(text, sizeof(text), ONE("%s"), cases[i].stages);
		rig_configure(text);
		rig_assert_result(WR_RELOAD_REJECTED);
		rig_assert_said(cases[i].said);
		assert_int_equal(rig.got.generation_after, 1);
		flow_pour(10);
		flow_await(((int64_t)i + 1) * 20);
	}
	rig_stop();
	assert_int_equal(flow_outputs_of(1), 20 * (int64_t)UNIT_COUNT_OF(cases));
}

/* It is given ten seconds. */
static void what_never_returns_in_the_probe_is_refused_at_the_deadline(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure(ONE("{ plugin: create_hangs.so }"));
	rig_assert_result(WR_RELOAD_REJECTED);
	rig_assert_said("the probe did not come to its end within 10000 ms: ");
	rig_assert_said("create()");
	assert_int_equal(rig.got.generation_after, 1);
	assert_true(rig.got.phase_us[WR_RELOAD_PROBE] >= 10 * 1000 * 1000);
	assert_int_equal(rig.got.phase_us[WR_RELOAD_LOAD], -1);
	flow_pour(10);
	flow_await(20);
	rig_stop();
	assert_int_equal(flow_outputs_of(1), 20);
}

static void what_plugins_find_wrong_comes_with_all_the_rest(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure("memory: much\n" ONE("{ plugin: passthrough.so, config: { a: 1 } }, "
					   "{ plugin: nowhere.so }"));
	rig_assert_result(WR_RELOAD_REJECTED);
	rig_assert_said("5:9 memory");
	rig_assert_said("config.a: is an unknown key");
	rig_assert_said("there is no file \"nowhere.so\"");
	rig_configure(ONE("{ plugin: passthrough.so, config: { a: 1 } }, { plugin: nowhere.so }"));
	rig_assert_result(WR_RELOAD_REJECTED);
	rig_assert_said("config.a: is an unknown key");
	rig_assert_said("there is no file \"nowhere.so\"");
	rig_stop();
}

static void what_needs_a_restart_is_told_before_anything_is_touched(void **state)
{
	char text[4096];

	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	snprintf(text, sizeof(text),
		 "instance: other\nstate_dir: %s/state\nmemory: 1GiB\nkafka: { brokers: \"b:1\" }\n"
		 "plugin_path: [" PLUGINS_DIR ", " ABI_DIR "]\n" ONE("{ plugin: create_fails.so }"),
		 rig.folder);
	rig_write_file(text);
	rig_assert_result(WR_RELOAD_REJECTED);
	rig_assert_said(
	    "1:11 instance: was changed and can't change while the engine runs: it needs a "
	    "restart\n3:9 memory:");
	assert_null(strstr(rig.texts, "create"));
	assert_int_equal(rig.got.phase_us[WR_RELOAD_PROBE], -1);
	rig_stop();
}

static void a_dry_run_does_all_but_the_swap(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure("pipelines:\n" PIPE("p", "4", "{ plugin: version_two.so }"));
	rig_submit(true, false);
	rig_await_answer();
	assert_int_equal(rig.got.result, WR_RELOAD_APPLIED);
	assert_true(rig.got.dry_run);
	assert_int_equal(rig.got.generation_after, 1);
	assert_int_equal(rig.got.phase_us[WR_RELOAD_SWAP], -1);
	rig_assert_said("p/hostile added >2.0.0");
	rig_assert_said("p/passthrough removed");
	assert_int_equal(flow_alive(), 2);
	flow_pour(10);
	flow_await(20);
	rig_stop();
	assert_int_equal(flow_outputs_of(1), 20);
}

static void only_one_at_a_time(void **state)
{
	const struct wr_reload_request request = {.who = "second"};

	(void)state;
	rig_configure(ONE("{ plugin: process_hangs.so }"));
	rig_start();
	fclose(fopen(rig.hang_file, "we"));
	flow_pour(1); /* the lanes are in process() */
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_submit(false, false);
	assert_int_equal(wr_reload_submit(rig.reload, &request, NULL, NULL, &rig.err), WR_EFULL);
	assert_non_null(strstr(rig.err.text, "asked for by test"));
	unlink(rig.hang_file);
	rig_await_answer();
	assert_int_equal(rig.got.result, WR_RELOAD_APPLIED);
	rig_stop();
}

static enum wr_code second_try = WR_EFULL;

static void ask_again(void *arg, const struct wr_reload_answer *answer)
{
	const struct wr_reload_request request = {.who = "again"};

	(void)arg;
	(void)answer;
	second_try = wr_reload_submit(rig.reload, &request, rig_note_answer, NULL, &rig.err);
}

static void who_has_the_answer_may_ask_again_at_once(void **state)
{
	const struct wr_reload_request request = {.who = "test"};

	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig.has_answer = false;
	assert_int_equal(wr_reload_submit(rig.reload, &request, ask_again, NULL, &rig.err), WR_OK);
	rig_await_answer();
	assert_int_equal(second_try, WR_OK);
	assert_int_equal(rig.got.result, WR_RELOAD_UNCHANGED);
	rig_stop();
}

static void await_hanging(void)
{
	char in[128];

	snprintf(in, sizeof(in), "%s.in", rig.hang_file);
	while (access(in, F_OK) != 0)
		usleep(1000);
}

/* A plugin that never returns from process(), in the generation that runs. */
static void a_lane_that_does_not_come_to_the_end_of_a_batch_puts_the_old_back(void **state)
{
	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: process_hangs.so }")
			  PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_start();
	fclose(fopen(rig.hang_file, "we"));
	flow_pour(1);
	await_hanging();
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: version_two.so }")
			  PIPE("q", "1", "{ plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_ROLLED_BACK);
	rig_assert_said(
	    "pipeline p, lane 0 did not come to the end of a batch in time: a plugin has not "
	    "returned");
	assert_int_equal(rig.got.generation_after, 1);
	unlink(rig.hang_file);
	flow_pour(1);
	flow_await(4);
	assert_int_equal(flow_outputs_of(1), 4);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
}

static void a_pipeline_with_parked_events_goes_only_by_force(void **state)
{
	const struct wr_reload_request forced = {.who = "test", .force = true};

	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }")
			  PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_start();
	rig.has_parked = true;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_REJECTED);
	rig_assert_said(
	    "pipelines: pipeline q was removed: somebody waits; the reload can be forced");
	assert_int_equal(flow_alive(), 2);
	rig.has_answer = false;
	assert_int_equal(wr_reload_submit(rig.reload, &forced, rig_note_answer, NULL, &rig.err),
			 WR_OK);
	rig_await_answer();
	assert_int_equal(rig.got.result, WR_RELOAD_APPLIED);
	rig_stop();
}

static void what_is_parked_while_it_is_probed_counts_too(void **state)
{
	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }")
			  PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_start();
	rig.parks_at_look = 2;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_REJECTED);
	rig_assert_said("pipelines: pipeline q was removed: somebody waits");
	assert_int_equal(flow_alive(), 2);
	rig_stop();
}

static void a_pipeline_without_parked_events_goes(void **state)
{
	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }")
			  PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_start();
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_true(rig.looks >= 2);
	rig_stop();
}

/* ---- stopping ---- */

#define PATIENT \
	"{ plugin: retries.so, config: { fails: true }, retry: { backoff: { initial: 1h, max: 1h } } }"

static int64_t stop_within_ms(int64_t ms)
{
	int64_t began = wr_clock_mono_ns(&wr_clock_real);

	wr_reload_stop(rig.reload, began + ms * WR_NS_PER_MS);
	wr_reload_close(rig.reload);
	rig.reload = NULL;
	return (wr_clock_mono_ns(&wr_clock_real) - began) / WR_NS_PER_S;
}

static void a_lane_that_goes_keeps_no_stop_waiting(void **state)
{
	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", PATIENT)
			  PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_start();
	flow_pour(1);
	flow_await_taken(2);
	rig_configure("pipelines:\n" PIPE("q", "1", "{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_false(rig.got.drained); /* it has 30 s for the retry */
	rig_assert_said("pipeline p, lane 0");
	assert_true(stop_within_ms(100) < 20);
}

/* The next one need not wait for it. */
static void a_generation_that_does_not_drain_is_told_and_holds_up_nobody(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	flow_acknowledge(false);
	flow_pour(10);
	flow_await(20);
	for (int i = 1; i < 3; i++) {
		char text[512];

		snprintf(text, sizeof(text), ONE("{ plugin: passthrough.so, timeout: %ds }"), i);
		rig_configure(text);
		rig_assert_result(WR_RELOAD_APPLIED);
		assert_int_equal(rig.got.generation_after, i + 1);
		if (i == 1) {
			assert_false(rig.got.drained);
			assert_int_equal(rig.got.phase_us[WR_RELOAD_DRAIN], -1);
			rig_assert_said("pipeline p, lane 1: batches of the former generation are "
					"in flight");
		}
	}
	flow_acknowledge(true);
	flow_pour(10);
	flow_await(40);
	rig_stop();
	assert_int_equal(flow_outputs_of(1), 20);
	assert_int_equal(flow_outputs_of(3), 20);
}

static void a_stop_ends_the_probe_that_is_under_way(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure(ONE("{ plugin: create_hangs.so }"));
	rig_submit(false, false);
	while (wr_reload_submit(rig.reload, &(struct wr_reload_request){.who = "t"}, NULL, NULL,
				&rig.err) == WR_EFULL &&
	       strstr(rig.err.text, "\"probe\"") == NULL)
		usleep(1000);
	wr_reload_stop(rig.reload, wr_clock_mono_ns(&wr_clock_real) + 100 * WR_NS_PER_MS);
	rig_await_answer();
	assert_int_equal(rig.got.result, WR_RELOAD_REJECTED);
	rig_assert_said("the engine is stopping");
	wr_reload_close(rig.reload);
	rig.reload = NULL;
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_is_wrong_is_rejected_with_its_place),
	    RULE(what_never_returns_in_the_probe_is_refused_at_the_deadline),
	    RULE(what_plugins_find_wrong_comes_with_all_the_rest),
	    RULE(what_needs_a_restart_is_told_before_anything_is_touched),
	    RULE(a_dry_run_does_all_but_the_swap),
	    RULE(only_one_at_a_time),
	    RULE(who_has_the_answer_may_ask_again_at_once),
	    RULE(a_lane_that_does_not_come_to_the_end_of_a_batch_puts_the_old_back),
	    RULE(a_pipeline_with_parked_events_goes_only_by_force),
	    RULE(what_is_parked_while_it_is_probed_counts_too),
	    RULE(a_pipeline_without_parked_events_goes),
	    RULE(a_lane_that_goes_keeps_no_stop_waiting),
	    RULE(a_generation_that_does_not_drain_is_told_and_holds_up_nobody),
	    RULE(a_stop_ends_the_probe_that_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
