/* What a lane does while it can't go on, and how it recovers: outputs, dead letters, producers, offsets. */
#include "config.h"

#include "tests/run/one_lane.h"

#include "run/lane_private.h"

#include <stdio.h>

static size_t oldest_batch_bytes(void)
{
	assert_true(wr_lane_in_flight(f.lane) > 0);
	return wr_lane_batch(f.lane, 0)->arena.used_bytes;
}

static void assert_tries_take_no_memory(void)
{
	size_t bytes;

	fixture_pass_ms(&f, 1000);
	bytes = oldest_batch_bytes();
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 1000);
	assert_int_equal(oldest_batch_bytes(), bytes);
}

static void a_refused_dead_letter_takes_no_more_memory_with_every_try(void **state)
{
	(void)state;
	f.refuses = "dlq";
	start();
	fixture_send(&f, 0, "fail", NULL);
	assert_tries_take_no_memory();
	f.refuses = NULL;
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
	assert_true(fixture_has_header(fixture_write_to(&f, "dlq", 0), "weir-event-id", "fail"));
}

static void an_emit_that_waits_takes_no_more_memory_with_every_try(void **state)
{
	(void)state;
	f.unavailable = "alerts";
	start();
	fixture_send(&f, 0, "emit", NULL);
	assert_tries_take_no_memory();
	f.unavailable = NULL;
	fixture_pass_ms(&f, 1000);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "alerts", 0), "weir-event-id", "emit/first/0"));
}

static void an_emit_that_finds_no_room_takes_no_more_memory_with_every_try(void **state)
{
	(void)state;
	start();
	f.room = 0;
	fixture_send(&f, 0, "emit", NULL);
	assert_tries_take_no_memory();
	f.room = SIZE_MAX;
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "alerts"), 2);
	assert_true(
	    fixture_has_header(fixture_write_to(&f, "alerts", 0), "weir-event-id", "emit/first/0"));
}

static void expect_ids(const char *topic, const char *const *ids, size_t count)
{
	size_t answered = 0;

	for (size_t i = 0; i < f.write_count; i++) {
		if (strcmp(f.writes[i].topic, topic) != 0 || f.writes[i].answer != WR_OK)
			continue;
		assert_true(answered < count);
		assert_true(fixture_has_header(&f.writes[i], "weir-event-id", ids[answered]));
		answered++;
	}
	assert_int_equal(answered, count);
}

static void nothing_overtakes_an_output_that_waits_for_another_try(void **state)
{
	static const char *const order[] = {"a", "b", "c", "d", "e"};

	(void)state;
	start();
	f.unavailable = "out";
	for (size_t i = 0; i < 3; i++)
		fixture_send(&f, 0, order[i], "k");
	fixture_settle(&f);
	assert_false(wr_health_ready(f.health));
	f.unavailable = NULL;
	for (size_t i = 3; i < 5; i++)
		fixture_send(&f, 0, order[i], "k");
	fixture_pass_ms(&f, 100);
	assert_int_equal(f.write_count, 0);
	fixture_pass_ms(&f, 500);
	fixture_pass_ms(&f, 200);
	expect_ids("out", order, 5);
	assert_true(wr_health_ready(f.health));
	assert_int_equal(f.partitions[0].committed, 5);
}

/* Answers come from the brokers in any order; the first of the key must be written first again. */
static void outputs_that_failed_are_written_again_in_their_order(void **state)
{
	static const char *const order[] = {"a", "b", "c"};

	(void)state;
	f.holds_acks = true;
	start();
	for (size_t i = 0; i < 3; i++)
		fixture_send(&f, 0, order[i], "k");
	fixture_settle(&f);
	for (size_t i = 3; i-- > 0;)
		fixture_answer(&f, i, WR_EUNAVAILABLE, "gone");
	fixture_pass_ms(&f, 500);
	fixture_ack(&f);
	expect_ids("out", order, 3);
}

static void a_blocked_output_holds_up_no_dead_letter_that_waits(void **state)
{
	(void)state;
	f.refuses = "dlq";
	start();
	fixture_send(&f, 0, "fail", NULL);
	fixture_send(&f, 0, "a", NULL);
	fixture_pass_ms(&f, 1000);
	f.refuses = NULL;
	f.unavailable = "out";
	fixture_send(&f, 0, "b", NULL);
	fixture_pass_ms(&f, 1000);
	assert_int_equal(fixture_written(&f, "dlq"), 1);
}

static void readiness_returns_when_the_blocked_window_is_given_up(void **state)
{
	(void)state;
	f.refuses = "dlq";
	start();
	fixture_send(&f, 0, "fail", NULL);
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.unavailable = "out";
	fixture_send(&f, 0, "b", NULL);
	fixture_settle(&f);
	fixture_pass_ms(&f, 500);
	assert_false(wr_health_ready(f.health));
	f.next_event = WR_SOURCE_LOST;
	fixture_pass_ms(&f, 1000);
	assert_int_equal(f.released, 1);
	assert_true(wr_health_ready(f.health));
}

static void a_producer_that_can_not_be_made_is_made_later(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.unresolved_left = 2;
	f.broken = true;
	fixture_settle(&f);
	for (int i = 0; i < 30; i++)
		fixture_pass_ms(&f, 100);
	assert_int_equal(f.sinks_made, 4);
	fixture_ack(&f);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_true(wr_health_ready(f.health));
}

static void offsets_may_go_back(void **state)
{
	(void)state;
	f.offsets_fall = true;
	start();
	for (int i = 0; i < 6; i++)
		fixture_send(&f, 0, &"abcdef"[i], NULL);
	fixture_pass_ms(&f, 200);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 6);
	/* The topic is made anew, with two records. */
	f.partitions[0].count = 0;
	f.partitions[0].position = 0;
	fixture_send(&f, 0, "x", NULL);
	fixture_send(&f, 0, "y", NULL);
	fixture_pass_ms(&f, 200);
	fixture_pass_ms(&f, 200);
	assert_int_equal(f.partitions[0].committed, 2);
	assert_int_equal(fixture_written(&f, "out"), 8);
}

static void expect_no_busy_loop(void)
{
	while (wr_lane_step(f.lane))
		;
	assert_true(wr_lane_deadline_ns(f.lane) > f.clock.mono_ns);
}

static void a_lane_that_waits_has_nothing_due(void **state)
{
	(void)state;
	f.holds_acks = true;
	start();
	expect_no_busy_loop();
	fixture_send(&f, 0, "a", NULL);
	fixture_settle(&f);
	f.broken = true; /* made anew at once, the next time not before a second has passed */
	fixture_pass_ms(&f, 200);
	fixture_settle(&f);
	f.broken = true;
	fixture_send(&f, 0, "b", NULL); /* opens a batch */
	expect_no_busy_loop();
	for (int i = 0; i < 20; i++) {
		wr_clock_fake_advance_ms(&f.clock, 100);
		expect_no_busy_loop();
	}
	assert_int_equal(f.sinks_made, 3);
}

static void a_partition_that_nothing_came_from_tells_no_lag(void **state)
{
	static const char line[] =
	    "weir_consumer_lag_events{partition=\"0\",pipeline=\"p\",topic=\"in\"} ";

	(void)state;
	fixture_send(&f, 0, "before", NULL);
	f.partitions[0].position = 1; /* committed by somebody else */
	start();
	fixture_pass_ms(&f, 1000);
	assert_true(fixture_metric(&f, line) == 0);
	f.store_down = true;
	fixture_send(&f, 0, "a", NULL);
	fixture_send(&f, 0, "b", NULL);
	fixture_pass_ms(&f, 1000);
	assert_true(fixture_metric(&f, line) == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_refused_dead_letter_takes_no_more_memory_with_every_try),
	    RULE(an_emit_that_waits_takes_no_more_memory_with_every_try),
	    RULE(an_emit_that_finds_no_room_takes_no_more_memory_with_every_try),
	    RULE(nothing_overtakes_an_output_that_waits_for_another_try),
	    RULE(outputs_that_failed_are_written_again_in_their_order),
	    RULE(a_blocked_output_holds_up_no_dead_letter_that_waits),
	    RULE(readiness_returns_when_the_blocked_window_is_given_up),
	    RULE(a_producer_that_can_not_be_made_is_made_later),
	    RULE(offsets_may_go_back),
	    RULE(a_lane_that_waits_has_nothing_due),
	    RULE(a_partition_that_nothing_came_from_tells_no_lag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
