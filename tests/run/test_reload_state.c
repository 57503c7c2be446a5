/* What goes over from the instances of one generation to those of the next. */
#include "config.h"

#include "tests/run/reload_rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void state_goes_over_to_the_new_instances(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: counter.so }"));
	rig_start();
	flow_pour(100);
	flow_await(200);
	rig_configure(ONE("{ plugin: counter.so, timeout: 9s }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("p/counter reconfigured 1.0.0>1.0.0 carried over: 2 instances");
	flow_pour(1);
	flow_await(202);
	/* every new instance knows what both old ones have counted of the key */
	assert_int_equal(flow_last_count(0), 201);
	assert_int_equal(flow_last_count(1), 201);
	rig_configure(
	    "pipelines:\n" PIPE("p", "1", "{ plugin: counter.so, name: renamed, was: counter }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("p/renamed reconfigured 1.0.0>1.0.0 carried over: 2 instances");
	flow_pour(1);
	flow_await(203);
	assert_int_equal(flow_last_count(0), 203);
	/* lanes that come begin with it too, and then each counts what it gets */
	rig_configure("pipelines:\n" PIPE("p", "3", "{ plugin: counter.so, name: renamed }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("carried over: 1 instance,");
	flow_await(203 + 1 + 102);
	assert_int_equal(flow_last_count(0), 203);
	assert_int_equal(flow_last_count(1), 204);
	assert_int_equal(flow_last_count(2), 305);
	rig_stop();
	assert_int_equal(flow_outputs(), 306);
}

/* Until a metric's line stands in what is shown; its value is published a few times a second. */
static void await_metric(const char *line)
{
	bool is_there = false;

	for (int tries = 0; tries < 30000 && !is_there; tries++) {
		struct wr_buf text = WR_BUF_INIT;

		assert_int_equal(wr_metrics_render(rig.engine.metrics, &text), WR_OK);
		assert_non_null(wr_buf_text(&text));
		is_there = strstr(text.data, line) != NULL;
		wr_buf_fini(&text);
		usleep(1000);
	}
	assert_true(is_there);
}

#define WAITING(retries)                                                                   \
	"{ plugin: counter.so }, { name: r, plugin: retries.so, config: { fails: " retries \
	" }, retry: { attempts: 100, backoff: { initial: 500ms, max: 500ms } } }"

/* Also the one that waits and the ones behind it: they go on with the new code, and none is counted twice. */
static void what_waits_for_a_retry_holds_up_no_state(void **state)
{
	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", WAITING("true")));
	rig_start();
	flow_pour(10);
	await_metric("weir_parked_events{lane=\"0\",pipeline=\"p\"} 1");
	rig_configure("pipelines:\n" PIPE("p", "1", WAITING("false")));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_assert_said("carried over: 1 instance");
	flow_await(10);
	assert_int_equal(flow_last_count(0), 10);
	rig_stop();
	assert_int_equal(flow_outputs_of(2), 10);
}

/* A plugin that does not take the counter's state ends a reload so, and the counter counts on. */
static void refuse_state(const char *plugin, enum wr_reload_result result)
{
	char text[512];

	rig_configure(ONE("{ name: s, plugin: counter.so }"));
	rig_start();
	flow_pour(10);
	flow_await(20);
	snprintf(text, sizeof(text), ONE("{ name: s, plugin: %s }"), plugin);
	rig_configure(text);
	rig_assert_result(result);
	rig_assert_said("this state is not mine");
	assert_int_equal(rig.got.generation_after, 1);
	flow_pour(1);
	flow_await(22);
	assert_int_equal(flow_last_count(0), 11);
}

static void a_state_that_the_probe_refuses_rejects(void **state)
{
	(void)state;
	refuse_state("state_refused.so", WR_RELOAD_REJECTED);
	rig_stop();
}

static void a_state_that_is_refused_at_the_swap_puts_the_old_back(void **state)
{
	(void)state;
	refuse_state("state_refused_late.so", WR_RELOAD_ROLLED_BACK);
	assert_int_equal(flow_outputs_of(1), 22);
	rig_stop();
}

static void what_one_alone_can_hold_changes_hands(void **state)
{
	(void)state;
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: exclusive.so }"));
	rig_start();
	assert_int_equal(access(rig.exclusive_file, F_OK), 0);
	rig_configure("pipelines:\n" PIPE("p", "1", "{ plugin: exclusive.so, timeout: 9s }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(access(rig.exclusive_file, F_OK), 0);
	/* two lanes can't both have it: the old one has it again */
	rig_configure("pipelines:\n" PIPE("p", "2", "{ plugin: exclusive.so }"));
	rig_assert_result(WR_RELOAD_ROLLED_BACK);
	rig_assert_said("could not be activated: somebody holds it");
	assert_int_equal(access(rig.exclusive_file, F_OK), 0);
	flow_pour(5);
	flow_await(5);
	assert_int_equal(flow_outputs_of(2), 5);
	rig_stop();
	assert_int_equal(access(rig.exclusive_file, F_OK), -1);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(state_goes_over_to_the_new_instances),
	    RULE(what_waits_for_a_retry_holds_up_no_state),
	    RULE(a_state_that_the_probe_refuses_rejects),
	    RULE(a_state_that_is_refused_at_the_swap_puts_the_old_back),
	    RULE(what_one_alone_can_hold_changes_hands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
