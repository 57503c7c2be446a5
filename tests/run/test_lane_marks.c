/* Done marks and claims that change hands: where a lane reads from, what it skips, and what it takes over. */
#include "config.h"

#include "tests/faults.h"
#include "tests/run/one_lane.h"

#include "run/lane_private.h"

#include <stdio.h>

#define HELD 3 /* partitions, where there are several */

static void pass(int64_t ms)
{
	for (int64_t at = 0; at < ms; at += 100)
		fixture_pass_ms(&f, 100);
}

static void send(int partition, const char *ids)
{
	char id[2] = "";

	for (; *ids != '\0'; ids++) {
		id[0] = *ids;
		fixture_send(&f, partition, id, NULL);
	}
}

/* Somebody sets the group to another offset, and the lane gets its partition again. */
static void reassign_at(int64_t committed)
{
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	f.partitions[0].committed = committed;
	f.offsets_fall = true;
	f.assigned_count = 1;
	f.next_event = WR_SOURCE_ASSIGNED;
	fixture_settle(&f);
	pass(300);
}

static double rewinds(const char *reason)
{
	char line[128];

	snprintf(line, sizeof(line), "weir_rewinds_total{pipeline=\"p\",reason=\"%s\"} ", reason);
	return fixture_metric(&f, line);
}

static void what_is_completed_is_not_run_again_when_the_offset_goes_back(void **state)
{
	(void)state;
	start();
	send(0, "abc");
	pass(300);
	reassign_at(0);
	assert_int_equal(fixture_written(&f, "out"), 3);
	assert_int_equal(f.partitions[0].committed, 3);
	assert_true(rewinds("offset_went_back") == 1);
	send(0, "d");
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 4);
}

static void nor_when_the_group_is_gone(void **state)
{
	(void)state;
	start();
	send(0, "abc");
	pass(300);
	reassign_at(-1);
	assert_int_equal(fixture_written(&f, "out"), 3);
	assert_int_equal(f.partitions[0].committed, 3);
}

static void a_partition_that_changes_hands_before_its_first_event_is_no_rewind(void **state)
{
	(void)state;
	start();
	reassign_at(-1);
	assert_true(rewinds("offset_went_back") == 0);
	send(0, "abc");
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 3);
}

static void on_rewind_process_runs_it_again(void **state)
{
	(void)state;
	f.conf.idempotency.on_rewind = WR_ON_REWIND_PROCESS;
	start();
	send(0, "abc");
	pass(300);
	reassign_at(1);
	assert_int_equal(f.partitions[0].committed, 3);
	assert_int_equal(f.partitions[0].position, 3);
	assert_true(rewinds("offset_went_back") == 1);
}

static void what_was_jumped_over_gives_its_ids_away(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	send(0, "ab");
	fixture_settle(&f);
	/* Both are claimed and not completed; somebody moves the group over them. */
	f.next_event = WR_SOURCE_LOST;
	fixture_settle(&f);
	f.holds_acks = false;
	send(0, "a");
	reassign_at(2);
	assert_true(rewinds("offset_went_forward") == 1 || f.partitions[0].committed == 3);
	assert_true(fixture_outcome(&f, "processed") == 1);
	assert_string_equal(fixture_claim_of(&f, "a"), "C|0/in/0/2");
}

/* Who was expelled must not abandon what another one reads: the group refuses his commit. */
static void nothing_is_abandoned_before_the_group_agrees(void **state)
{
	(void)state;
	start();
	send(0, "a");
	pass(300);
	send(0, "bc");
	f.commit_failures_left = 2;
	f.offsets_fall = true;
	f.next_event = WR_SOURCE_LOST;
	fixture_settle(&f);
	f.partitions[0].committed = 3;
	f.assigned_count = 1;
	f.next_event = WR_SOURCE_ASSIGNED;
	fixture_settle(&f);
	assert_true(rewinds("offset_went_forward") == 0);
	pass(5000);
	assert_int_equal(f.commit_failures_left, 0);
	assert_true(rewinds("offset_went_forward") == 1);
}

/* All partitions are given again, each set forward by somebody over a record that was not completed. */
static void reassign_all_forward(void)
{
	f.next_event = WR_SOURCE_LOST;
	fixture_settle(&f);
	for (int i = 0; i < HELD; i++) {
		send(i, "x");
		f.partitions[i].committed = f.partitions[i].count;
	}
	f.assigned_count = HELD;
	f.next_event = WR_SOURCE_ASSIGNED;
	fixture_settle(&f);
}

static void start_with_all(void)
{
	for (int i = 0; i < HELD; i++)
		f.assigned[i] = &f.partitions[i].pub;
	f.assigned_count = HELD;
	f.offsets_fall = true;
	start();
	send(0, "abc");
	send(1, "def");
	send(2, "ghi");
	pass(300);
}

static void the_group_hears_at_once_of_all_partitions_that_are_not_read_on(void **state)
{
	int before;

	(void)state;
	start_with_all();
	before = f.commits;
	reassign_all_forward();
	assert_int_equal(f.commits, before + 1);
	assert_true(rewinds("offset_went_forward") == HELD);
}

static void all_of_them_wait_for_the_group_no_longer_than_one(void **state)
{
	int64_t before;

	(void)state;
	start_with_all();
	f.commit_times_out = true;
	before = wr_clock_mono_ns(&f.clock.clock);
	reassign_all_forward();
	assert_int_equal(wr_clock_mono_ns(&f.clock.clock) - before, WR_NS_PER_S);
	assert_true(rewinds("offset_went_forward") == 0);
	f.commit_times_out = false;
	pass(1000);
	assert_true(rewinds("offset_went_forward") == HELD);
}

static void one_that_the_group_refuses_does_not_hold_up_the_others(void **state)
{
	(void)state;
	start_with_all();
	f.commit_refused = 1u << 1;
	reassign_all_forward();
	assert_true(rewinds("offset_went_forward") == HELD - 1);
	send(0, "j");
	send(2, "k");
	pass(300);
	assert_int_equal(f.partitions[0].committed, 5);
	assert_int_equal(f.partitions[2].committed, 5);
	f.commit_refused = 0;
	send(1, "l");
	pass(1000);
	assert_int_equal(f.partitions[1].committed, 5);
}

static void another_topic_under_the_name_is_read_from_its_start(void **state)
{
	(void)state;
	start();
	send(0, "abc");
	pass(300);
	f.partitions[0].count = 0;
	send(0, "uvwxyz");
	reassign_at(3);
	assert_true(rewinds("new_topic") == 1);
	assert_int_equal(fixture_written(&f, "out"), 9);
	assert_string_equal(fixture_claim_of(&f, "u"), "C|1/in/0/0");
	assert_int_equal(f.partitions[0].committed, 6);
}

/* Its end was asked for before somebody who is expelled completed more. */
static void an_end_that_the_mark_exceeds_is_asked_for_again(void **state)
{
	(void)state;
	start();
	send(0, "abc");
	pass(300);
	f.partitions[0].metadata_size = 0;
	f.partitions[0].stale_high = 2;
	reassign_at(1);
	assert_int_equal(f.refreshes, 1);
	assert_true(rewinds("new_topic") == 0);
	assert_int_equal(fixture_written(&f, "out"), 3);
	assert_int_equal(f.partitions[0].position, 3);
}

static void a_topic_whose_end_stays_before_the_mark_is_another_one(void **state)
{
	(void)state;
	start();
	send(0, "abc");
	pass(300);
	f.partitions[0].count = 0;
	f.partitions[0].metadata_size = 0;
	send(0, "xy");
	reassign_at(1);
	assert_int_equal(f.refreshes, 1);
	assert_true(rewinds("new_topic") == 1);
	assert_int_equal(fixture_written(&f, "out"), 5);
	assert_string_equal(fixture_claim_of(&f, "x"), "C|1/in/0/0");
}

static void a_store_that_is_away_holds_up_the_assignment(void **state)
{
	(void)state;
	f.store_down = true;
	start();
	send(0, "a");
	pass(1000);
	assert_int_equal(f.partitions[0].position, 0);
	assert_int_equal(f.write_count, 0);
	f.store_down = false;
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void or_is_done_without_and_places_anew_when_it_is_back(void **state)
{
	(void)state;
	f.conf.idempotency.on_unavailable = WR_ON_UNAVAILABLE_PROCESS;
	f.store_down = true;
	start();
	send(0, "a");
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 1);
	f.store_down = false;
	pass(300);
	assert_int_equal(f.refreshes, 1);
	send(0, "b");
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_int_equal(f.partitions[0].committed, 2);
}

static void a_partition_given_up_before_its_marks_came_asks_again(void **state)
{
	(void)state;
	f.store_down = true;
	start();
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	assert_int_equal(f.released, 1);
	f.store_down = false;
	f.assigned_count = 1;
	f.next_event = WR_SOURCE_ASSIGNED;
	send(0, "a");
	fixture_settle(&f);
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void a_start_at_the_end_is_committed_at_once(void **state)
{
	(void)state;
	f.from_latest = true;
	send(0, "abc");
	start();
	pass(200);
	assert_int_equal(f.write_count, 0);
	assert_int_equal(f.partitions[0].committed, 3);
}

/* Whether an id of a partition that is not held was abandoned is asked for; without memory for the question the lane
 * does something else meanwhile, and asks later. */
static void a_question_without_memory_is_asked_later(void **state)
{
	struct wr_batch *batch;

	(void)state;
	start_with_all();
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	f.assigned_count = 1;
	f.next_event = WR_SOURCE_ASSIGNED;
	fixture_settle(&f);
	send(0, "d");
	while (wr_lane_in_flight(f.lane) == 0)
		wr_lane_step(f.lane);
	batch = wr_lane_batch(f.lane, 0);
	assert_non_null(wr_arena_alloc(&batch->claims.found_arena, 1)); /* the answer has a place */
	assert_non_null(wr_arena_alloc(&batch->arena, (size_t)16 * 1024));
	faults_begin(0);
	for (int i = 0; i < 3; i++)
		assert_false(wr_lane_step(f.lane));
	assert_true(faults_end());
	assert_int_equal(wr_lane_in_flight(f.lane), 1);
	assert_int_equal(f.query_count, 0);
	pass(300);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
	assert_int_equal(f.partitions[0].committed, 4);
}

static void a_resubmission_after_a_dead_letter_is_processed(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "fail", NULL);
	pass(300);
	assert_string_equal(fixture_claim_of(&f, "fail"), "F|0/in/0/0");
	fixture_send(&f, 0, "fail", NULL);
	pass(300);
	assert_int_equal(fixture_written(&f, "dlq"), 2);
	assert_true(fixture_outcome(&f, "duplicate") == 0);
	assert_string_equal(fixture_claim_of(&f, "fail"), "F|0/in/0/1");
	assert_true(
	    fixture_metric(&f, "weir_claims_taken_over_total{lane=\"0\",pipeline=\"p\"} ") == 1);
}

static void a_duplicate_of_a_dead_letter_that_is_not_committed_is_skipped(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "fail", NULL);
	fixture_settle(&f);
	fixture_send(&f, 0, "fail", NULL);
	pass(300);
	fixture_ack(&f);
	pass(300);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
}

static void a_duplicate_with_another_payload_is_counted_apart(void **state)
{
	(void)state;
	f.conf.idempotency.check_payload = true;
	start();
	fixture_send_value(&f, 0, "{\"id\":\"a\",\"n\":1}");
	fixture_send_value(&f, 0, "{\"id\":\"a\",\"n\":1}");
	fixture_send_value(&f, 0, "{\"id\":\"a\",\"n\":2}");
	pass(300);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_true(fixture_outcome(&f, "duplicate") == 1);
	assert_true(fixture_outcome(&f, "payload_mismatch") == 1);
}

static void a_stop_waits_for_its_marks_but_not_for_a_store_that_is_away(void **state)
{
	struct mark *mark;

	(void)state;
	start();
	send(0, "ab");
	fixture_settle(&f);
	wr_lane_stop(f.lane, f.clock.mono_ns + 5 * WR_NS_PER_S);
	fixture_settle(&f);
	assert_true(wr_lane_has_left(f.lane));
	mark = marks_find(&f.marks, wr_bytes_of("in/0"));
	assert_non_null(mark);
	assert_int_equal(mark->next, 2);
}

static void a_window_takes_no_more_than_its_memory(void **state)
{
	(void)state;
	f.budget.window = 60;
	f.conf.batch.max_events = 1;
	f.holds_acks = true;
	start();
	send(0, "abcdefgh");
	fixture_settle(&f);
	assert_true(wr_lane_in_flight(f.lane) >= 1 && wr_lane_in_flight(f.lane) < 3);
	f.holds_acks = false;
	fixture_ack(&f);
	pass(300);
	assert_int_equal(f.partitions[0].committed, 8);
	pass(300);
	assert_true(
	    fixture_metric(
		&f, "weir_memory_budget_bytes{lane=\"0\",part=\"window\",pipeline=\"p\"} ") == 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(what_is_completed_is_not_run_again_when_the_offset_goes_back),
	    RULE(nor_when_the_group_is_gone),
	    RULE(a_partition_that_changes_hands_before_its_first_event_is_no_rewind),
	    RULE(on_rewind_process_runs_it_again),
	    RULE(what_was_jumped_over_gives_its_ids_away),
	    RULE(nothing_is_abandoned_before_the_group_agrees),
	    RULE(the_group_hears_at_once_of_all_partitions_that_are_not_read_on),
	    RULE(all_of_them_wait_for_the_group_no_longer_than_one),
	    RULE(one_that_the_group_refuses_does_not_hold_up_the_others),
	    RULE(another_topic_under_the_name_is_read_from_its_start),
	    RULE(an_end_that_the_mark_exceeds_is_asked_for_again),
	    RULE(a_topic_whose_end_stays_before_the_mark_is_another_one),
	    RULE(a_store_that_is_away_holds_up_the_assignment),
	    RULE(or_is_done_without_and_places_anew_when_it_is_back),
	    RULE(a_partition_given_up_before_its_marks_came_asks_again),
	    RULE(a_start_at_the_end_is_committed_at_once),
	    RULE(a_question_without_memory_is_asked_later),
	    RULE(a_resubmission_after_a_dead_letter_is_processed),
	    RULE(a_duplicate_of_a_dead_letter_that_is_not_committed_is_skipped),
	    RULE(a_duplicate_with_another_payload_is_counted_apart),
	    RULE(a_stop_waits_for_its_marks_but_not_for_a_store_that_is_away),
	    RULE(a_window_takes_no_more_than_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
