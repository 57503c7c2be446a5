#include "config.h"

#include "tests/run/one_lane.h"

#include "base/buf.h"

#include <stdio.h>

static void output_is_written_then_its_offset_committed(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_string_equal(f.writes[0].value, "{\"id\":\"a\"}");
	assert_string_equal(f.writes[0].key, "k");
	assert_true(fixture_has_header(&f.writes[0], "weir-event-id", "a"));
	assert_true(fixture_has_header(&f.writes[0], "weir-generation", "42"));
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_int_equal(f.out, 0);
	assert_true(fixture_outcome(&f, "processed") == 1);
}

static void nothing_is_committed_before_the_ack(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 10000);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(f.partitions[0].committed, -1);
	fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void a_later_batch_never_retires_before_an_earlier_one(void **state)
{
	(void)state;
	f.conf.batch.max_events = 1;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	assert_int_equal(f.write_count, 2);
	fixture_answer(&f, 1, WR_OK, NULL);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.partitions[0].committed, -1);
	fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
}

static void a_full_window_takes_nothing(void **state)
{
	(void)state;
	f.conf.batch.max_events = 1;
	f.holds_acks = true;
	start();
	for (int i = 0; i < 10; i++)
		fixture_send(&f, 0, "x", NULL);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(wr_lane_in_flight(f.lane), 3);
	assert_int_equal(f.partitions[0].position, 3);
}

static void duplicate_is_skipped_not_run(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 200);
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_true(fixture_outcome(&f, "duplicate") == 2);
	assert_int_equal(f.partitions[0].committed, 3);
}

static void redelivery_to_the_owner_is_processed(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_LOST;
	fixture_settle(&f);
	f.assigned_count = 1;
	f.next_event = WR_SOURCE_ASSIGNED;
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 2);
}

static void reading_begins_at_the_committed_offset(void **state)
{
	(void)state;
	f.partitions[0].committed = 1;
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	start();
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_string_equal(fixture_write_to(&f, "out", 0)->value, "{\"id\":\"b\"}");
}

static void without_a_committed_offset_reading_begins_where_the_source_says(void **state)
{
	(void)state;
	f.from_latest = true;
	fixture_send(&f, 0, "a", NULL);
	start();
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 0);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void a_committed_offset_out_of_range_is_not_read_from(void **state)
{
	(void)state;
	f.partitions[0].committed = 7;
	f.offsets_fall = true;
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	f.partitions[0].low = 1;
	start();
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void partitions_astray_are_placed_anew_once_the_window_is_done(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.holds_acks = true;
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_ASTRAY;
	fixture_settle(&f);
	assert_int_equal(f.refreshes, 0);
	fixture_ack(&f);
	assert_int_equal(f.refreshes, 1);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_true(fixture_metric(&f, "weir_rebalances_total{lane=\"0\",pipeline=\"p\"} ") == 1);
}

static void a_source_in_trouble_is_not_ready(void **state)
{
	(void)state;
	start();
	fixture_settle(&f);
	assert_true(wr_health_ready(f.health));
	f.source_trouble = "the test says so";
	fixture_pass_ms(&f, 200);
	assert_false(wr_health_ready(f.health));
	f.source_trouble = NULL;
	fixture_pass_ms(&f, 200);
	assert_true(wr_health_ready(f.health));
}

static void the_last_commit_keeps_to_the_deadline_of_a_stop(void **state)
{
	static const struct {
		int64_t left_ms;
		int timeout_ms;
	} cases[] = {{60000, 5000}, {2000, 2000}, {1, 500}};

	(void)state;
	start();
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		fixture_send(&f, 0, i == 0 ? "a" : i == 1 ? "b" : "c", NULL);
		f.commit_failures_left = 1; /* so that the last one has something to say */
		fixture_settle(&f);
		wr_lane_stop(f.lane, f.clock.mono_ns + cases[i].left_ms * WR_NS_PER_MS);
		f.commit_failures_left = 0;
		fixture_settle(&f);
		assert_int_equal(f.commit_timeout_ms, cases[i].timeout_ms);
		if (i + 1 < UNIT_COUNT_OF(cases)) {
			fixture_fini(&f);
			fixture_init(&f);
			start();
		}
	}
}

static void an_unreadable_claim_is_dead_lettered(void **state)
{
	(void)state;
	f.unreadable_id = "a";
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 0);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-code", "claim-unreadable"));
}

static void without_a_store_everything_is_processed(void **state)
{
	(void)state;
	f.conf.idempotency.store = WR_STORE_NONE;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 2);
}

static void a_refused_output_is_dead_lettered_and_the_others_stand(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	fixture_answer(&f, 0, WR_EREFUSED, "MSG_SIZE_TOO_LARGE");
	fixture_answer(&f, 1, WR_OK, NULL);
	fixture_settle(&f);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-class", "output-rejected"));
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-event-id", "a"));
	assert_int_equal(f.partitions[0].committed, -1);
	fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_true(fixture_outcome(&f, "dead_lettered") == 1);
	assert_true(fixture_outcome(&f, "processed") == 1);
}

static void a_refused_emit_makes_one_dead_letter(void **state)
{
	(void)state;
	f.refuses = "alerts";
	start();
	fixture_send(&f, 0, "emit", NULL);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_int_equal(fixture_written(&f, "out"), 0);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void a_refused_dead_letter_stops_the_commits_and_readiness(void **state)
{
	(void)state;
	f.refuses = "dlq";
	start();
	assert_true(wr_health_ready(f.health));
	fixture_send(&f, 0, "fail", NULL);
	fixture_send(&f, 0, "good", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 60000);
	assert_int_equal(f.partitions[0].committed, -1);
	assert_false(wr_health_ready(f.health));
	f.refuses = NULL;
	fixture_pass_ms(&f, 1000);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_true(wr_health_ready(f.health));
}

static void a_write_that_fails_for_now_is_tried_until_it_succeeds(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_answer(&f, 0, WR_EUNAVAILABLE, "UNKNOWN_TOPIC_OR_PART");
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_false(wr_health_ready(f.health));
	fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_true(wr_health_ready(f.health));
	assert_int_equal(f.partitions[0].committed, 1);
	assert_true(fixture_outcome(&f, "processed") == 1);
}

static void a_full_sink_is_backpressure(void **state)
{
	(void)state;
	f.holds_acks = true;
	f.room = 3;
	start();
	for (int i = 0; i < 8; i++) {
		char id[8];

		snprintf(id, sizeof(id), "e%d", i);
		fixture_send(&f, 0, id, NULL);
	}
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.write_count, 3);
	for (int i = 0; i < 3; i++)
		fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.write_count, 8);
	assert_int_equal(f.partitions[0].committed, 8);
}

static void a_store_that_is_down_blocks_and_work_resumes_by_itself(void **state)
{
	(void)state;
	start();
	f.store_down = true;
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 10000);
	assert_int_equal(f.write_count, 0);
	assert_false(wr_health_ready(f.health));
	f.store_down = false;
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_true(wr_health_ready(f.health));
}

static void on_unavailable_process_lets_events_through(void **state)
{
	(void)state;
	f.conf.idempotency.on_unavailable = WR_ON_UNAVAILABLE_PROCESS;
	start();
	f.store_down = true;
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 200);
	assert_int_equal(fixture_written(&f, "out"), 2);
	assert_true(wr_health_ready(f.health));
}

static void a_revocation_finishes_commits_and_releases(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	fixture_send(&f, 0, "b", NULL);
	f.next_event = WR_SOURCE_REVOKING;
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.released, 0);
	fixture_ack(&f);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_int_equal(f.out, 0);
}

static void a_revocation_waits_for_a_retry_that_is_due_soon(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "retry1", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	assert_int_equal(f.released, 0);
	fixture_pass_ms(&f, 100);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void a_revocation_does_not_wait_for_a_retry_that_is_due_late(void **state)
{
	(void)state;
	f.stages[0].retry.initial_ms = f.stages[0].retry.max_ms = 3000;
	start();
	fixture_send(&f, 0, "retry1", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.partitions[0].committed, -1);
	assert_int_equal(f.out, 0);
	fixture_pass_ms(&f, 5000);
	assert_int_equal(f.write_count, 0);
}

static void a_revocation_ends_by_its_deadline(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_REVOKING;
	fixture_settle(&f);
	fixture_pass_ms(&f, 9000);
	assert_int_equal(f.released, 0);
	fixture_pass_ms(&f, 2000);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.partitions[0].committed, -1);
	assert_int_equal(f.out, 1); /* its bytes are still lent to the sink */
	fixture_ack(&f);
	assert_int_equal(f.out, 0);
	assert_int_equal(f.partitions[0].committed, -1);
}

static void lost_partitions_commit_nothing(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.next_event = WR_SOURCE_LOST;
	fixture_settle(&f);
	assert_int_equal(f.released, 1);
	fixture_ack(&f);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.partitions[0].committed, -1);
}

static void a_broken_sink_is_made_anew_and_the_window_read_again(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	f.broken = true;
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.sinks_made, 2);
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 4);
	fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_true(fixture_outcome(&f, "processed") == 2);
}

static void a_failed_commit_is_repeated(void **state)
{
	(void)state;
	f.commit_failures_left = 3;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	for (int i = 0; i < 5; i++)
		fixture_pass_ms(&f, 100);
	assert_int_equal(f.partitions[0].committed, 1);
}

static void only_one_commit_is_under_way(void **state)
{
	(void)state;
	f.commit_waits = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 200);
	fixture_send(&f, 0, "b", NULL);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.commits, 1);
	f.commit_waits = false;
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
}

static void a_batch_waits_for_company_only_while_others_are_in_flight(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	assert_int_equal(f.write_count, 1);
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	assert_int_equal(f.write_count, 1);
	fixture_pass_ms(&f, 5);
	assert_int_equal(f.write_count, 2);
}

static void a_record_has_the_time_of_its_writing(void **state)
{
	int64_t sent_ms;

	(void)state;
	f.unavailable = "out";
	fixture_begin(&f, fixture_by_id);
	sent_ms = wr_clock_wall_ms(&f.clock.clock);
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "fail", NULL);
	fixture_settle(&f);
	f.unavailable = NULL;
	for (int i = 0; i < 20 && fixture_written(&f, "out") == 0; i++)
		fixture_pass_ms(&f, 100);
	assert_true(fixture_write_to(&f, "out", 0)->timestamp_ms > sent_ms);
	assert_int_equal(fixture_write_to(&f, "out", 0)->timestamp_ms,
			 wr_clock_wall_ms(&f.clock.clock));
	assert_in_range(fixture_write_to(&f, "dlq", 0)->timestamp_ms, sent_ms,
			wr_clock_wall_ms(&f.clock.clock));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(output_is_written_then_its_offset_committed),
	    RULE(nothing_is_committed_before_the_ack),
	    RULE(a_later_batch_never_retires_before_an_earlier_one),
	    RULE(a_full_window_takes_nothing),
	    RULE(duplicate_is_skipped_not_run),
	    RULE(redelivery_to_the_owner_is_processed),
	    RULE(reading_begins_at_the_committed_offset),
	    RULE(without_a_committed_offset_reading_begins_where_the_source_says),
	    RULE(a_committed_offset_out_of_range_is_not_read_from),
	    RULE(partitions_astray_are_placed_anew_once_the_window_is_done),
	    RULE(a_source_in_trouble_is_not_ready),
	    RULE(the_last_commit_keeps_to_the_deadline_of_a_stop),
	    RULE(an_unreadable_claim_is_dead_lettered),
	    RULE(without_a_store_everything_is_processed),
	    RULE(a_refused_output_is_dead_lettered_and_the_others_stand),
	    RULE(a_refused_emit_makes_one_dead_letter),
	    RULE(a_refused_dead_letter_stops_the_commits_and_readiness),
	    RULE(a_write_that_fails_for_now_is_tried_until_it_succeeds),
	    RULE(a_full_sink_is_backpressure),
	    RULE(a_store_that_is_down_blocks_and_work_resumes_by_itself),
	    RULE(on_unavailable_process_lets_events_through),
	    RULE(a_revocation_finishes_commits_and_releases),
	    RULE(a_revocation_waits_for_a_retry_that_is_due_soon),
	    RULE(a_revocation_does_not_wait_for_a_retry_that_is_due_late),
	    RULE(a_revocation_ends_by_its_deadline),
	    RULE(lost_partitions_commit_nothing),
	    RULE(a_broken_sink_is_made_anew_and_the_window_read_again),
	    RULE(a_failed_commit_is_repeated),
	    RULE(only_one_commit_is_under_way),
	    RULE(a_record_has_the_time_of_its_writing),
	    RULE(a_batch_waits_for_company_only_while_others_are_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
