/* A lane runs a share of the keys under another program: which keys, order over both changes, and the way back. */
#include "config.h"

#include "tests/run/canary_lane.h"

/* ---- sharing ---- */

static void a_share_of_the_keys_runs_under_the_canary(void **state)
{
	(void)state;
	start();
	try();
	send("a", ours[0]);
	send("b", others[0]);
	send("c", ours[1]);
	send("d", ours[0]);
	fixture_settle(&f);
	assert_output(0, "a", "43");
	assert_output(1, "b", "42");
	assert_output(2, "c", "43");
	assert_output(3, "d", "43");
	roll_back();
	end();
}

static void what_has_no_key_is_shared_by_its_id(void **state)
{
	(void)state;
	start();
	try();
	send(ours[0], NULL);
	send(others[0], NULL);
	fixture_settle(&f);
	assert_output(0, ours[0], "43");
	assert_output(1, others[0], "42");
	roll_back();
	end();
}

static void a_dead_letter_says_which_generation_it_was_of(void **state)
{
	(void)state;
	start();
	canary_says = WEIR_FAIL;
	try();
	send("a", ours[0]);
	send("b", others[0]);
	fixture_settle(&f);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-generation", "43"));
	assert_output(0, "b", "42");
	roll_back();
	end();
}

static void a_batch_that_was_filling_is_wholly_of_the_time_before(void **state)
{
	(void)state;
	start();
	f.conf.batch.linger_ms = 5;
	send("a", others[0]); /* goes at once, and is not acknowledged */
	fixture_settle(&f);
	send("b", ours[0]); /* waits for company */
	fixture_settle(&f);
	try();
	send("c", ours[0]);
	fixture_settle(&f);
	fixture_pass_ms(&f, 10);
	assert_output(1, "b", "42");
	assert_output(2, "c", "43");
	roll_back();
	end();
}

/* ---- order ---- */

static void at_the_begin_a_key_moves_when_none_of_its_events_is_left(void **state)
{
	(void)state;
	start();
	stable_says = WEIR_RETRY;
	send("a", ours[0]);
	fixture_settle(&f);
	try();
	send("b", ours[0]);
	send("c", ours[1]);
	fixture_settle(&f);
	assert_int_equal(calls[1], 1); /* c's; b waits behind a */
	fixture_pass_ms(&f, 200);
	assert_output(0, "a", "42");
	assert_output(1, "b", "43");
	assert_output(2, "c", "43");
	roll_back();
	end();
}

static void at_a_promotion_a_key_moves_when_none_of_its_events_is_left(void **state)
{
	(void)state;
	start();
	stable_says = WEIR_RETRY;
	try();
	send("a", others[0]);
	fixture_settle(&f);
	promote();
	send("b", others[0]);
	send("c", ours[0]);
	fixture_settle(&f);
	assert_int_equal(calls[1], 1); /* c's */
	fixture_pass_ms(&f, 200);
	assert_output(0, "a",
		      "43"); /* what waits for a retry goes over, and those behind it follow */
	assert_output(1, "b", "43");
	assert_output(2, "c", "43");
	end();
}

static void at_the_way_back_what_waits_is_run_anew_and_in_order(void **state)
{
	(void)state;
	start();
	canary_says = WEIR_RETRY;
	always = true;
	try();
	send("a", ours[0]);
	send("b", ours[0]);
	fixture_settle(&f);
	assert_int_equal(calls[1], 1);
	roll_back();
	assert_int_equal(calls[1], 1); /* no more of them */
	send("c", ours[0]);
	fixture_settle(&f);
	assert_output(0, "a", "42");
	assert_output(1, "b", "42");
	assert_output(2, "c", "42");
	assert_int_equal(fixture_written(&f, "out"), 3);
	assert_int_equal(fixture_written(&f, "dlq"), 0);
	end();
}

static void what_has_its_outcome_keeps_it_on_the_way_back(void **state)
{
	(void)state;
	start();
	try();
	send("a", ours[0]);
	fixture_settle(&f);
	roll_back();
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_RETIRING); /* not acknowledged */
	send("b", ours[0]);
	fixture_settle(&f);
	assert_output(0, "a", "43");
	assert_output(1, "b", "42");
	end();
}

static void claims_that_are_under_way_meet_the_program_that_is_left(void **state)
{
	(void)state;
	start();
	try();
	f.store_down = true;
	send("a", ours[0]);
	fixture_settle(&f);
	assert_int_equal(calls[1], 0);
	roll_back();
	f.store_down = false;
	fixture_pass_ms(&f, 10);
	assert_int_equal(calls[1], 0);
	assert_output(0, "a", "42");
	end();
}

static enum weir_verdict change_and_retry(struct weir_call *call, const struct weir_event *ev,
					  struct weir_result *res, int stage)
{
	static const char changed[] = "{\"changed\":true}";
	struct weir_record record = {.size = sizeof(record)};

	if (!is_canarys(ev)) {
		assert_int_equal(ev->attempt, 1);
		calls[0] += stage == 0;
		return WEIR_OK;
	}
	if (stage == 1)
		return WEIR_RETRY;
	record.value = (struct weir_bytes){changed, sizeof(changed) - 1};
	assert_true(call->host->set_value(call, res, changed, sizeof(changed) - 1));
	assert_true(call->host->emit(call, res, 1, &record));
	return WEIR_OK;
}

static void what_the_canary_has_done_to_an_event_is_undone_on_the_way_back(void **state)
{
	(void)state;
	start();
	f.handler = change_and_retry;
	try();
	send("a", ours[0]);
	fixture_settle(&f);
	fixture_pass_ms(&f, 150); /* its second attempt */
	roll_back();
	assert_int_equal(calls[0], 1); /* it went through both stages */
	assert_output(0, "a", "42");
	assert_int_equal(fixture_written(&f, "alerts"), 0);
	end();
}

static void a_program_of_a_third_generation_takes_over_from_both(void **state)
{
	struct wr_program *third;

	(void)state;
	start();
	canary_says = WEIR_RETRY;
	always = true;
	try();
	send("a", ours[0]);
	fixture_settle(&f);
	third = fixture_program(&f, 44, NULL);
	wr_lane_adopt(f.lane, third);
	fixture_settle(&f);
	send("b", ours[0]);
	fixture_settle(&f);
	assert_output(0, "a", "44");
	assert_output(1, "b", "44");
	f.holds_acks = false;
	fixture_ack(&f);
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_LEFT);
	wr_program_destroy(canary);
	end();
}

static void a_window_that_is_dropped_is_shared_anew(void **state)
{
	(void)state;
	start();
	canary_says = WEIR_RETRY;
	try();
	send("a", ours[0]);
	fixture_settle(&f);
	f.broken = true;
	f.holds_acks = false;
	fixture_pass_ms(&f, 300);
	fixture_pass_ms(&f, 2000);
	assert_int_equal(f.sinks_made, 2);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_output(0, "a", "43");
	roll_back();
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_share_of_the_keys_runs_under_the_canary),
	    cmocka_unit_test(what_has_no_key_is_shared_by_its_id),
	    cmocka_unit_test(a_dead_letter_says_which_generation_it_was_of),
	    cmocka_unit_test(a_batch_that_was_filling_is_wholly_of_the_time_before),
	    cmocka_unit_test(at_the_begin_a_key_moves_when_none_of_its_events_is_left),
	    cmocka_unit_test(at_a_promotion_a_key_moves_when_none_of_its_events_is_left),
	    cmocka_unit_test(at_the_way_back_what_waits_is_run_anew_and_in_order),
	    cmocka_unit_test(what_has_its_outcome_keeps_it_on_the_way_back),
	    cmocka_unit_test(claims_that_are_under_way_meet_the_program_that_is_left),
	    cmocka_unit_test(what_the_canary_has_done_to_an_event_is_undone_on_the_way_back),
	    cmocka_unit_test(a_program_of_a_third_generation_takes_over_from_both),
	    cmocka_unit_test(a_window_that_is_dropped_is_shared_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
