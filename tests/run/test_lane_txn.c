/* Exactly once: what is written into a transaction, when it is committed, and what becomes of one that fails. */
#include "config.h"

#include "tests/run/one_lane.h"

#include "run/lane_private.h"

#include <stdio.h>

static int set_up_exactly_once(void **state)
{
	set_up(state);
	f.conf.delivery = WR_EXACTLY_ONCE;
	return 0;
}

static void outputs_and_offsets_are_committed_together_once_in_an_interval(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 50);
	fixture_send(&f, 0, "b", NULL);
	fixture_pass_ms(&f, 49);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_int_equal(f.txn_begun, 1);
	assert_int_equal(f.txn_committed, 0);
	assert_int_equal(f.partitions[0].committed, -1);
	fixture_pass_ms(&f, 1);
	assert_int_equal(f.txn_committed, 1);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_int_equal(f.commits, 1);
}

static void events_count_when_their_transaction_is_committed(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	assert_true(fixture_outcome(&f, "processed") == 0);
	fixture_pass_ms(&f, 100);
	assert_true(fixture_outcome(&f, "processed") == 1);
}

static void nothing_is_written_before_the_producer_is_ready(void **state)
{
	(void)state;
	f.txn_holds = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 5000);
	assert_int_equal(f.write_count, 0);
	assert_false(wr_health_ready(f.health));
	f.txn_holds = false;
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_true(wr_health_ready(f.health));
}

static void a_batch_that_waits_for_a_retry_is_in_no_transaction(void **state)
{
	(void)state;
	f.stages[0].retry.initial_ms = 150;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_send(&f, 0, "retry", NULL);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
	fixture_pass_ms(&f, 99);
	assert_int_equal(f.partitions[0].committed, -1);
	fixture_pass_ms(&f, 1);
	assert_int_equal(f.partitions[0].committed, 1);
	fixture_pass_ms(&f, 50);
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 3);
	assert_int_equal(f.txn_committed, 2);
}

static void it_is_not_committed_before_all_is_acknowledged(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.txn_committed, 0);
	fixture_ack(&f);
	assert_int_equal(f.txn_committed, 1);
}

static void no_more_is_written_while_it_is_committed(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_holds = true;
	fixture_pass_ms(&f, 100);
	fixture_send(&f, 0, "b", NULL);
	fixture_pass_ms(&f, 100);
	assert_int_equal(fixture_written(&f, "out"), 1);
	f.txn_holds = false;
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_int_equal(f.txn_begun, 2);
}

static void small_batches_gather_beyond_the_window_while_it_is_committed(void **state)
{
	(void)state;
	f.conf.batch.max_events = 1;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_holds = true;
	fixture_pass_ms(&f, 100);
	for (int i = 0; i < 20; i++)
		fixture_send(&f, 0, &"bcdefghijklmnopqrstuv"[i], NULL);
	fixture_settle(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), 20);
	f.txn_holds = false;
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 21);
}

static void and_until_the_next_one_has_its_first_acknowledgement(void **state)
{
	(void)state;
	f.conf.batch.max_events = 1;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	f.holds_acks = true;
	for (int i = 0; i < 20; i++)
		fixture_send(&f, 0, &"bcdefghijklmnopqrstuv"[i], NULL);
	fixture_settle(&f);
	assert_int_equal(f.txn_begun, 2);
	assert_int_equal(wr_lane_in_flight(f.lane), 20);
	fixture_answer(&f, 1, WR_OK, NULL);
	fixture_settle(&f);
	for (int i = 0; i < 20; i++)
		fixture_send(&f, 0, &"abcdefghijklmnopqrst"[i], NULL);
	fixture_settle(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), 19);
}

static void work_does_not_gather_while_it_is_committed(void **state)
{
	static const char *const names[] = {"retry1", "retry2", "retry3", "retry4", "retry5"};

	(void)state;
	f.conf.batch.max_events = 1;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_holds = true;
	fixture_pass_ms(&f, 100);
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++) /* none of them is finished */
		fixture_send(&f, 0, names[i], NULL);
	fixture_settle(&f);
	assert_int_equal(wr_lane_in_flight(f.lane), f.conf.batch.in_flight);
}

static void a_refused_commit_is_aborted_and_its_events_read_again(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_answer = WR_EREFUSED;
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.txn_aborted, 1);
	for (int i = 0; i < 10; i++)
		fixture_pass_ms(&f, 50);
	assert_int_equal(f.refreshes, 1);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_true(fixture_outcome(&f, "processed") == 1);
	assert_int_equal(f.sinks_made, 1);
}

static void an_unknown_commit_goes_on_from_what_is_committed(bool was_done)
{
	f.is_unsure = was_done;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_answer = WR_EUNKNOWN;
	fixture_pass_ms(&f, 100);
	for (int i = 0; i < 20; i++)
		fixture_pass_ms(&f, 100);
	assert_int_equal(f.sinks_made, 2);
	assert_int_equal(f.refreshes, 1);
	assert_int_equal(fixture_written(&f, "out"), was_done ? 1 : 2);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void a_commit_that_was_done_unknown_to_all_repeats_nothing(void **state)
{
	(void)state;
	an_unknown_commit_goes_on_from_what_is_committed(true);
}

static void a_commit_that_was_not_done_unknown_to_all_loses_nothing(void **state)
{
	(void)state;
	an_unknown_commit_goes_on_from_what_is_committed(false);
}

static void a_refused_output_aborts_and_its_event_is_dead_lettered(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	fixture_answer(&f, 0, WR_EREFUSED, "too large");
	f.holds_acks = false;
	for (int i = 0; i < 10; i++)
		fixture_pass_ms(&f, 50);
	assert_int_equal(f.txn_aborted, 1);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-class", "output-rejected"));
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-message", "too large"));
	/* Written once and aborted; then only the other one. */
	assert_int_equal(fixture_written(&f, "out"), 3);
}

/* Refused in an order that is not theirs, on two partitions. */
static void each_of_many_refused_outputs_is_found_again(void **state)
{
	char id[16];

	(void)state;
	f.holds_acks = true;
	f.assigned[1] = &f.partitions[1].pub;
	f.assigned_count = 2;
	f.conf.batch.max_events = 20;
	start();
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "e%d", i);
		fixture_send(&f, i % 2, id, NULL);
	}
	fixture_settle(&f);
	assert_int_equal(f.write_count, 20);
	for (size_t i = 0; i < 20; i++) /* 0, 7, 14, 1, ...: all but three */
		fixture_answer(&f, i * 7 % 20, i < 17 ? WR_EREFUSED : WR_OK, "too large");
	f.holds_acks = false;
	for (int i = 0; i < 20; i++)
		fixture_pass_ms(&f, 50);
	assert_int_equal(f.txn_aborted, 1);
	assert_int_equal(f.partitions[0].committed, 10);
	assert_int_equal(f.partitions[1].committed, 10);
	assert_int_equal(fixture_written(&f, "dlq"), 17);
	assert_int_equal(fixture_written(&f, "out"), 20 + 3);
}

static void a_revocation_commits_before_it_releases(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_holds = true;
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	assert_int_equal(f.released, 0);
	f.txn_holds = false;
	fixture_settle(&f);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void lost_partitions_abort_what_was_written_for_them(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_LOST;
	fixture_settle(&f);
	assert_int_equal(f.txn_aborted, 1);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.partitions[0].committed, -1);
}

static void a_commit_that_never_ends_does_not_hold_partitions_for_ever(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.txn_holds = true;
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	fixture_pass_ms(&f, 10000);
	assert_int_equal(f.released, 0);
	fixture_pass_ms(&f, 5001);
	assert_int_equal(f.released, 1);
	assert_false(f.sink_exists && f.sinks_made == 1);
}

static void a_stop_commits_what_was_written(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	wr_lane_stop(f.lane, f.clock.mono_ns + 5 * WR_NS_PER_S);
	fixture_settle(&f);
	assert_true(wr_lane_has_left(f.lane));
	assert_int_equal(f.partitions[0].committed, 1);
}

static void drops_alone_commit_their_offsets(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "drop", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.write_count, 0);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void an_idle_lane_opens_no_transaction(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 10; i++)
		fixture_pass_ms(&f, 100);
	assert_int_equal(f.txn_begun, 0);
}

static void f_is_written_after_the_commit_and_never_before(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "fail", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_string_equal(fixture_claim_of(&f, "fail"), "C|0/in/0/0");
	f.txn_answer = WR_EREFUSED;
	fixture_pass_ms(&f, 100);
	assert_string_equal(fixture_claim_of(&f, "fail"), "C|0/in/0/0");
	for (int i = 0; i < 10; i++)
		fixture_pass_ms(&f, 50);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_string_equal(fixture_claim_of(&f, "fail"), "F|0/in/0/0");
}

static void a_dead_letter_that_is_refused_does_not_hold_up_those_before_it(void **state)
{
	(void)state;
	f.holds_acks = true;
	f.conf.batch.max_events = 1;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "fail", NULL);
	fixture_settle(&f);
	for (int i = 0; i < 40; i++) {
		for (size_t w = 0; w < f.write_count; w++) {
			bool dead = strcmp(f.writes[w].topic, "dlq") == 0;

			if (!f.writes[w].answered)
				fixture_answer(&f, w, dead ? WR_EREFUSED : WR_OK, "too large");
		}
		fixture_pass_ms(&f, 100);
	}
	assert_int_equal(f.partitions[0].committed, 1);
	assert_false(wr_health_ready(f.health));
	f.holds_acks = false;
	for (int i = 0; i < 20; i++)
		fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_true(wr_health_ready(f.health));
}

static void a_transaction_that_takes_too_long_is_aborted(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 9999);
	assert_int_equal(f.txn_aborted, 0);
	fixture_pass_ms(&f, 1);
	assert_int_equal(f.txn_aborted, 1);
}

static double limit(void)
{
	return fixture_metric(&f, "weir_transaction_limit_events{lane=\"0\",pipeline=\"p\"} ");
}

/* The broker takes one record in so much time. */
static void take_slowly(int64_t ms)
{
	for (int64_t passed = 0; passed < ms; passed += 100)
		fixture_pass_ms(&f, 100);
	for (size_t i = 0; i < f.write_count; i++) {
		if (!f.writes[i].answered) {
			fixture_answer(&f, i, WR_OK, NULL);
			break;
		}
	}
	fixture_settle(&f);
}

/* A batch of four can't be written in the 10 s that a transaction has: one event can. */
static void a_slow_broker_gets_smaller_transactions_until_one_ends_in_time(void **state)
{
	char id[16];

	(void)state;
	f.holds_acks = true;
	start();
	assert_true(limit() == 0);
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "e%d", i);
		fixture_send(&f, 0, id, NULL);
	}
	fixture_settle(&f);
	for (int i = 0; i < 30 && f.partitions[0].committed < 8; i++)
		take_slowly(6000);
	assert_int_equal(f.partitions[0].committed, 8);
	assert_in_range(f.txn_committed, 4, 8);
	assert_in_range(f.txn_aborted, 3, 6);
	assert_true(limit() == 1 || limit() == 2);
	assert_true(fixture_outcome(&f, "processed") == 8);
}

static void transactions_grow_again_when_they_end_early(void **state)
{
	char id[16];

	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 10000);
	assert_true(limit() == 1);
	f.holds_acks = false;
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "e%d", i);
		fixture_send(&f, 0, id, NULL);
	}
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 201);
	assert_true(limit() > f.conf.batch.max_events);
	/* Batches have their full size again, and share a transaction. */
	assert_true(f.txn_committed < 50);
}

/* Each event takes 5 ms. */
static enum weir_verdict slowly(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	(void)call;
	(void)res;
	(void)stage;
	wr_clock_fake_advance_ms(&f.clock, 5);
	/* What the batch before this one made is on its way. */
	assert_true(fixture_written(&f, "out") >= (size_t)ev->offset / 4 * 4);
	return WEIR_OK;
}

static void a_slow_stage_leaves_room_between_its_batches(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f",
					    "g", "h", "i", "j", "k", "l"};

	(void)state;
	f.handler = slowly;
	fixture_start(&f);
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++)
		fixture_send(&f, 0, names[i], NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 12);
}

int main(void)
{
#define EXACTLY(name) cmocka_unit_test_setup_teardown(name, set_up_exactly_once, tear_down)
	const struct CMUnitTest tests[] = {
	    EXACTLY(outputs_and_offsets_are_committed_together_once_in_an_interval),
	    EXACTLY(events_count_when_their_transaction_is_committed),
	    EXACTLY(nothing_is_written_before_the_producer_is_ready),
	    EXACTLY(a_batch_that_waits_for_a_retry_is_in_no_transaction),
	    EXACTLY(it_is_not_committed_before_all_is_acknowledged),
	    EXACTLY(no_more_is_written_while_it_is_committed),
	    EXACTLY(small_batches_gather_beyond_the_window_while_it_is_committed),
	    EXACTLY(and_until_the_next_one_has_its_first_acknowledgement),
	    EXACTLY(work_does_not_gather_while_it_is_committed),
	    EXACTLY(a_refused_commit_is_aborted_and_its_events_read_again),
	    EXACTLY(a_commit_that_was_done_unknown_to_all_repeats_nothing),
	    EXACTLY(a_commit_that_was_not_done_unknown_to_all_loses_nothing),
	    EXACTLY(a_refused_output_aborts_and_its_event_is_dead_lettered),
	    EXACTLY(each_of_many_refused_outputs_is_found_again),
	    EXACTLY(a_revocation_commits_before_it_releases),
	    EXACTLY(lost_partitions_abort_what_was_written_for_them),
	    EXACTLY(a_commit_that_never_ends_does_not_hold_partitions_for_ever),
	    EXACTLY(a_stop_commits_what_was_written),
	    EXACTLY(drops_alone_commit_their_offsets),
	    EXACTLY(an_idle_lane_opens_no_transaction),
	    EXACTLY(f_is_written_after_the_commit_and_never_before),
	    EXACTLY(a_dead_letter_that_is_refused_does_not_hold_up_those_before_it),
	    EXACTLY(a_transaction_that_takes_too_long_is_aborted),
	    EXACTLY(a_slow_broker_gets_smaller_transactions_until_one_ends_in_time),
	    EXACTLY(transactions_grow_again_when_they_end_early),
	    EXACTLY(a_slow_stage_leaves_room_between_its_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
