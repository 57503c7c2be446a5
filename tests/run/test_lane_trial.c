/* What a lane tells of the two sides of a trial: their events, their errors, and whether one is broken. */
#include "config.h"

#include "tests/run/canary_lane.h"

/* ---- counting ---- */

static void assert_counts(uint64_t stable_events, uint64_t stable_errors, uint64_t canary_events,
			  uint64_t canary_errors)
{
	struct wr_lane_trial trial = wr_lane_trial(f.lane);

	assert_int_equal(trial.stable.events, stable_events);
	assert_int_equal(trial.stable.errors, stable_errors);
	assert_int_equal(trial.canary.events, canary_events);
	assert_int_equal(trial.canary.errors, canary_errors);
}

static void both_sides_are_counted_over_the_same_time(void **state)
{
	(void)state;
	start();
	send("before", others[0]);
	fixture_settle(&f);
	assert_counts(0, 0, 0, 0);
	try();
	canary_says = WEIR_FAIL;
	send("a", ours[0]);
	send("b", others[0]);
	send("c", others[1]);
	fixture_settle(&f);
	assert_counts(2, 0, 1, 1);
	roll_back();
	send("after", ours[0]);
	fixture_settle(&f);
	assert_counts(2, 0, 1, 1);
	end();
}

static void an_event_that_is_retried_has_failed_once(void **state)
{
	(void)state;
	start();
	try();
	canary_says = stable_says = WEIR_RETRY;
	send("a", ours[0]);
	send("b", others[0]);
	fixture_settle(&f);
	assert_counts(1, 1, 1, 1);
	fixture_pass_ms(&f, 200);
	assert_counts(1, 1, 1, 1);
	assert_int_equal(fixture_written(&f, "out"), 2);
	roll_back();
	end();
}

static void what_never_came_to_a_stage_is_not_counted(void **state)
{
	(void)state;
	start();
	try();
	fixture_send_value(&f, 0, "no json");
	send("a", ours[0]);
	send("a", ours[0]); /* a duplicate */
	fixture_settle(&f);
	assert_counts(0, 0, 1, 0);
	roll_back();
	end();
}

static void an_output_that_kafka_refuses_is_an_error(void **state)
{
	(void)state;
	start();
	try();
	send("a", ours[0]);
	fixture_settle(&f);
	assert_counts(0, 0, 1, 0);
	fixture_answer(&f, 0, WR_EREFUSED, "too large");
	assert_counts(0, 0, 1, 1);
	roll_back();
	fixture_pass_ms(&f, 600);
	end();
}

static enum weir_verdict dawdle(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	(void)call;
	(void)res;
	if (stage == 0 && is_canarys(ev))
		wr_clock_fake_advance_ms(&f.clock, 20);
	return WEIR_OK;
}

static void a_call_that_overruns_its_timeout_is_an_error(void **state)
{
	(void)state;
	start();
	f.stages[0].timeout_ms = 10;
	f.handler = dawdle;
	try();
	send("a", ours[0]);
	send("b", others[0]);
	fixture_settle(&f);
	assert_counts(1, 0, 1, 1);
	roll_back();
	end();
}

static void a_trial_counts_from_nothing(void **state)
{
	(void)state;
	start();
	try();
	send("a", ours[0]);
	fixture_settle(&f);
	assert_counts(0, 0, 1, 0);
	roll_back();
	fixture_ack(&f);
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_LEFT);
	wr_program_destroy(canary);
	try();
	assert_counts(0, 0, 0, 0);
	roll_back();
	end();
}

/* ---- circuits ---- */

static void a_canary_that_fails_wholesale_does_not_hold_the_lane(void **state)
{
	struct wr_lane_trial trial;
	char id[16];

	(void)state;
	start();
	canary_says = WEIR_RETRY;
	always = true;
	try();
	for (uint32_t i = 0; i < canary->pipeline->stage_count; i++)
		canary->guards[i].circuit.threshold = 2;
	for (int i = 0; i < 2; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		send(id, ours[i]);
	}
	fixture_settle(&f);
	fixture_pass_ms(&f, 250);
	trial = wr_lane_trial(f.lane);
	assert_true(trial.canary_broken);
	assert_false(trial.stable_broken);
	send("b", others[0]);
	fixture_settle(&f);
	assert_int_equal(calls[0], 1);
	roll_back(); /* nothing waits for a circuit that nobody closes any more */
	assert_output(0, "a0", "42");
	assert_output(1, "a1", "42");
	assert_output(2, "b", "42");
	end();
}

static void try_with_few_failures(uint32_t threshold)
{
	start();
	canary_says = WEIR_RETRY;
	always = true;
	try();
	for (uint32_t i = 0; i < canary->pipeline->stage_count; i++) {
		canary->guards[i].circuit.threshold = threshold;
		canary->guards[i].policy.attempts = 50;
	}
}

static void pass_until_called(int count)
{
	for (int i = 0; calls[1] < count; i++) {
		assert_true(i < 100000);
		fixture_pass_ms(&f, 1);
	}
	fixture_pass_ms(&f, 250);
}

/* Fewer keys than the circuit asks for fill the window: nothing new comes that could open it. */
static void a_canary_whose_few_events_are_retried_in_vain_is_broken(void **state)
{
	(void)state;
	try_with_few_failures(4);
	send("a", ours[0]);
	send("b", ours[1]);
	fixture_settle(&f);
	fixture_pass_ms(&f, 1);
	assert_false(wr_lane_trial(f.lane).canary_broken);
	pass_until_called(4);
	assert_true(wr_lane_trial(f.lane).canary_broken);
	assert_false(wr_lane_trial(f.lane).stable_broken);
	roll_back();
	assert_output(0, "a", "42");
	assert_output(1, "b", "42");
	end();
}

/* It says more of the event than of the code. */
static void a_canary_with_one_bad_event_is_not_broken(void **state)
{
	(void)state;
	try_with_few_failures(4);
	send("a", ours[0]);
	fixture_settle(&f);
	pass_until_called(12);
	assert_false(wr_lane_trial(f.lane).canary_broken);
	roll_back();
	assert_output(0, "a", "42");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sides_are_counted_over_the_same_time),
	    cmocka_unit_test(an_event_that_is_retried_has_failed_once),
	    cmocka_unit_test(what_never_came_to_a_stage_is_not_counted),
	    cmocka_unit_test(an_output_that_kafka_refuses_is_an_error),
	    cmocka_unit_test(a_call_that_overruns_its_timeout_is_an_error),
	    cmocka_unit_test(a_trial_counts_from_nothing),
	    cmocka_unit_test(a_canary_that_fails_wholesale_does_not_hold_the_lane),
	    cmocka_unit_test(a_canary_whose_few_events_are_retried_in_vain_is_broken),
	    cmocka_unit_test(a_canary_with_one_bad_event_is_not_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
