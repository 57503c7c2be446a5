/* A lane runs a share of the keys under another program: order over both changes, counts, and the way back. */
#include "config.h"

#include "tests/run/lane_fixture.h"

#include "run/lane_private.h"

#include <stdio.h>

static struct fixture f;
static struct wr_program *stable, *canary;
static char ours[2][16], others[2][16]; /* keys that are of the share, and keys that are not */

/* What the handler says at a first attempt in the first stage, by the program that runs it. */
static enum weir_verdict stable_says, canary_says;
static bool always; /* and at all others */
static int calls[2];

static bool is_canarys(const struct weir_event *ev)
{
	return ((const struct wr_item *)(const void *)ev)->program == canary;
}

static enum weir_verdict say(struct weir_call *call, const struct weir_event *ev,
			     struct weir_result *res, int stage)
{
	enum weir_verdict verdict = is_canarys(ev) ? canary_says : stable_says;

	(void)call;
	(void)res;
	if (stage > 0)
		return WEIR_OK;
	calls[is_canarys(ev)]++;
	return ev->attempt == 1 || always ? verdict : WEIR_OK;
}

static void find_keys(void)
{
	size_t in = 0, out = 0;
	char key[16];

	for (int i = 0; in < 2 || out < 2; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		if (wr_canary_takes(WR_CANARY_ALL / 2, wr_bytes_of(key))) {
			if (in < 2)
				strcpy(ours[in++], key);
		} else if (out < 2) {
			strcpy(others[out++], key);
		}
	}
}

static void start(void)
{
	fixture_init(&f);
	find_keys();
	stable_says = canary_says = WEIR_OK;
	always = false;
	calls[0] = calls[1] = 0;
	canary = NULL;
	f.handler = say;
	f.holds_acks = true;
	f.conf.batch.linger_ms = 0;
	fixture_start(&f);
	fixture_settle(&f);
	stable = wr_lane_program(f.lane);
}

static void try(void)
{
	canary = fixture_program(&f, 43, NULL);
	atomic_store(&canary->share, WR_CANARY_ALL / 2);
	assert_null(wr_lane_adopt(f.lane, canary));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_TRIED);
	assert_int_equal(wr_program_state(stable), WR_PROGRAM_CURRENT);
	assert_ptr_equal(wr_lane_program(f.lane), stable);
}

static void promote(void)
{
	atomic_store(&canary->share, WR_CANARY_ALL);
	assert_null(wr_lane_adopt(f.lane, canary));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(canary), WR_PROGRAM_CURRENT);
	assert_ptr_equal(wr_lane_program(f.lane), canary);
}

static void roll_back(void)
{
	assert_null(wr_lane_adopt(f.lane, stable));
	fixture_settle(&f);
	assert_int_equal(wr_program_state(stable), WR_PROGRAM_CURRENT);
	assert_int_not_equal(wr_program_state(canary), WR_PROGRAM_TRIED);
}

/* Its outputs are acknowledged, so whoever is to leave has left. */
static void end(void)
{
	f.holds_acks = false;
	fixture_ack(&f);
	if (wr_lane_program(f.lane) != stable) {
		assert_int_equal(wr_program_state(stable), WR_PROGRAM_LEFT);
		wr_program_destroy(stable);
	} else if (canary != NULL) {
		assert_int_equal(wr_program_state(canary), WR_PROGRAM_LEFT);
		wr_program_destroy(canary);
	}
	fixture_fini(&f);
}

static void send(const char *id, const char *key)
{
	fixture_send(&f, 0, id, key);
}

static void assert_output(size_t n, const char *id, const char *generation)
{
	struct fixture_write *write = fixture_write_to(&f, "out", n);
	char value[64];

	snprintf(value, sizeof(value), "{\"id\":\"%s\"}", id);
	assert_string_equal(write->value, value);
	assert_true(fixture_has_header(write, "weir-generation", generation));
}

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
