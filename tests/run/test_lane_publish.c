/* What a lane shows on the board, and how it is paused there. */
#include "config.h"

#include "tests/run/lane_fixture.h"

static struct fixture f;
static struct wr_board_view view;

static int begin(void **state)
{
	(void)state;
	fixture_init(&f);
	f.holds_acks = true;
	return 0;
}

static int end(void **state)
{
	(void)state;
	wr_board_view_fini(&view);
	fixture_fini(&f);
	return 0;
}

static void start(void)
{
	fixture_start(&f);
	fixture_settle(&f);
}

/* After the lane has kept house. */
static const struct wr_board_snapshot *look(void)
{
	fixture_pass_ms(&f, 250);
	wr_board_view_fini(&view);
	assert_int_equal(wr_board_look(f.board, f.conf.name, &view), WR_OK);
	assert_int_equal(view.count, 1);
	return &view.items[0];
}

static void set_paused(bool paused)
{
	assert_int_equal(wr_board_set_paused(f.board, f.conf.name, paused, NULL), WR_OK);
	fixture_settle(&f);
}

static void a_lane_shows_where_it_stands(void **state)
{
	const struct wr_board_snapshot *lane;

	(void)state;
	start();
	fixture_send(&f, 0, "a", "k");
	fixture_send(&f, 0, "b", "k");
	lane = look();
	assert_int_equal(lane->state, WR_BOARD_RUNNING);
	assert_int_equal(lane->generation, 42);
	assert_int_equal(lane->in_flight, 1);
	assert_int_equal(lane->window, 3);
	assert_int_equal(lane->partition_count, 1);
	assert_string_equal(lane->partitions[0].topic, "in");
	assert_int_equal(lane->partitions[0].position, 2);
	assert_int_equal(lane->partitions[0].lag, 2);
	assert_int_equal(lane->counts.taken, 2);
	assert_int_equal(lane->counts.processed, 0);
	fixture_ack(&f);
	lane = look();
	assert_int_equal(lane->in_flight, 0);
	assert_int_equal(lane->partitions[0].committed, 2);
	assert_int_equal(lane->partitions[0].lag, 0);
	assert_int_equal(lane->counts.processed, 2);
}

static void a_paused_lane_finishes_what_it_has_and_takes_nothing(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	set_paused(true);
	fixture_send(&f, 0, "b", "k");
	assert_int_equal(look()->state, WR_BOARD_PAUSING);
	fixture_ack(&f);
	assert_int_equal(look()->state, WR_BOARD_PAUSED);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(f.partitions[0].committed, 1);
	assert_int_equal(f.released, 0);
}

static void what_was_taken_but_not_sent_on_its_way_is_finished_too(void **state)
{
	(void)state;
	f.conf.batch.linger_ms = 3600000;
	start();
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	fixture_send(&f, 0, "b", "k"); /* waits for company in an open batch */
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 1);
	set_paused(true);
	assert_int_equal(fixture_written(&f, "out"), 2);
	fixture_ack(&f);
	assert_int_equal(look()->state, WR_BOARD_PAUSED);
	assert_int_equal(f.partitions[0].committed, 2);
}

static void a_resumed_lane_goes_on_where_it_was(void **state)
{
	(void)state;
	start();
	set_paused(true);
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	assert_int_equal(fixture_written(&f, "out"), 0);
	set_paused(false);
	assert_int_equal(fixture_written(&f, "out"), 1);
	assert_int_equal(look()->state, WR_BOARD_RUNNING);
}

static void a_paused_lane_stops_as_any_other(void **state)
{
	(void)state;
	start();
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	set_paused(true);
	wr_lane_stop(f.lane, f.clock.mono_ns + 10 * WR_NS_PER_S);
	fixture_settle(&f);
	assert_false(wr_lane_has_left(f.lane));
	assert_int_equal(look()->state, WR_BOARD_STOPPING);
	fixture_ack(&f);
	assert_true(wr_lane_has_left(f.lane));
	assert_int_equal(f.partitions[0].committed, 1);
}

static bool down; /* what the stage depends on */

static enum weir_verdict depend(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	(void)call, (void)ev, (void)res, (void)stage;
	return down ? WEIR_RETRY : WEIR_OK;
}

static void a_lane_shows_the_circuits_that_are_open(void **state)
{
	const struct wr_board_snapshot *lane;
	double open_s;

	(void)state;
	f.handler = depend;
	f.holds_acks = false;
	f.stages[0].retry.circuit_failures = 1;
	f.stages[0].retry.probe_initial_ms = f.stages[0].retry.probe_max_ms = 10000;
	down = true;
	start();
	assert_int_equal(look()->circuit_count, 0);
	fixture_send(&f, 0, "a", "k");
	fixture_settle(&f);
	lane = look();
	assert_int_equal(lane->circuit_count, 1);
	assert_string_equal(lane->circuits[0].stage, "first");
	assert_int_equal(lane->circuits[0].generation, 42);
	assert_true(lane->circuits[0].probe_s > 0 && lane->circuits[0].probe_s <= 10);
	open_s = lane->circuits[0].open_s;
	assert_true(look()->circuits[0].open_s > open_s);
	down = false;
	for (int i = 0; i < 100; i++)
		fixture_pass_ms(&f, 200);
	assert_int_equal(look()->circuit_count, 0);
	assert_int_equal(fixture_written(&f, "out"), 1);
}

static void a_lane_without_partitions_is_idle(void **state)
{
	(void)state;
	f.assigned_count = 0;
	start();
	assert_int_equal(look()->state, WR_BOARD_IDLE);
}

static void a_lane_that_has_not_joined_its_group_is_starting(void **state)
{
	(void)state;
	f.next_event = WR_SOURCE_NONE;
	start();
	assert_int_equal(look()->state, WR_BOARD_STARTING);
}

#define WITH_LANE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LANE(a_lane_shows_where_it_stands),
	    WITH_LANE(a_paused_lane_finishes_what_it_has_and_takes_nothing),
	    WITH_LANE(what_was_taken_but_not_sent_on_its_way_is_finished_too),
	    WITH_LANE(a_resumed_lane_goes_on_where_it_was),
	    WITH_LANE(a_paused_lane_stops_as_any_other),
	    WITH_LANE(a_lane_shows_the_circuits_that_are_open),
	    WITH_LANE(a_lane_without_partitions_is_idle),
	    WITH_LANE(a_lane_that_has_not_joined_its_group_is_starting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
