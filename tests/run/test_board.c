#include "config.h"

#include "run/board.h"
#include "tests/faults.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <sys/eventfd.h>

static struct wr_board *board;
static int wake_fd;

static int begin(void **state)
{
	(void)state;
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake_fd >= 0 && wr_board_create(&board) == WR_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	wr_board_destroy(board);
	close(wake_fd);
	return 0;
}

static bool was_woken(void)
{
	uint64_t wakes;

	return read(wake_fd, &wakes, sizeof(wakes)) == (ssize_t)sizeof(wakes);
}

static void what_was_published_last_is_seen_by_number(void **state)
{
	struct wr_board_partition partitions[2] = {
	    {.topic = "t", .id = 0, .committed = 1, .position = 5, .lag = 9},
	    {.topic = "t", .id = 1, .committed = -1, .position = -1, .lag = -1}};
	struct wr_board_snapshot snapshot = {.state = WR_BOARD_RUNNING,
					     .in_flight = 3,
					     .partitions = partitions,
					     .partition_count = 2};
	struct wr_board_lane *one = wr_board_join(board, "p", 1, wake_fd);
	struct wr_board_lane *zero = wr_board_join(board, "p", 0, wake_fd);
	struct wr_board_lane *other = wr_board_join(board, "q", 0, wake_fd);
	struct wr_board_view view;

	(void)state;
	wr_board_publish(one, &snapshot);
	snapshot.in_flight = 4;
	snapshot.partition_count = 1;
	wr_board_publish(one, &snapshot);
	partitions[0].lag = 100;
	assert_int_equal(wr_board_look(board, "p", &view), WR_OK);
	assert_int_equal(view.count, 2);
	assert_int_equal(view.numbers[0], 0);
	assert_int_equal(view.items[0].state, WR_BOARD_STARTING);
	assert_int_equal(view.items[0].partition_count, 0);
	assert_int_equal(view.items[1].in_flight, 4);
	assert_int_equal(view.items[1].partition_count, 1);
	assert_int_equal(view.items[1].partitions[0].lag, 9);
	wr_board_view_fini(&view);
	wr_board_leave(zero);
	wr_board_leave(one);
	wr_board_leave(other);
}

static void a_partition_is_held_while_a_lane_of_the_pipeline_says_so(void **state)
{
	struct wr_board_partition partition = {.topic = "t", .id = 0};
	struct wr_board_snapshot snapshot = {
	    .state = WR_BOARD_RUNNING, .partitions = &partition, .partition_count = 1};
	struct wr_board_lane *lane = wr_board_join(board, "p", 0, wake_fd);

	(void)state;
	assert_false(wr_board_holds(board, "p", "t", 0));
	wr_board_publish(lane, &snapshot);
	assert_true(wr_board_holds(board, "p", "t", 0));
	assert_false(wr_board_holds(board, "p", "t", 1));
	assert_false(wr_board_holds(board, "p", "u", 0));
	assert_false(wr_board_holds(board, "q", "t", 0));
	snapshot.state = WR_BOARD_STOPPING;
	wr_board_publish(lane, &snapshot);
	assert_false(wr_board_holds(board, "p", "t", 0));
	wr_board_leave(lane);
	assert_false(wr_board_holds(board, "p", "t", 0));
}

static void a_pipeline_that_is_not_there_has_no_lanes(void **state)
{
	struct wr_board_view view;

	(void)state;
	assert_int_equal(wr_board_look(board, "nobody", &view), WR_OK);
	assert_int_equal(view.count, 0);
	wr_board_view_fini(&view);
	assert_false(wr_board_pipeline_is_paused(board, "nobody"));
	assert_int_equal(wr_board_set_paused(board, "nobody", true, NULL), WR_ENOTFOUND);
}

static void pausing_wakes_the_lanes_of_the_pipeline_once(void **state)
{
	struct wr_board_lane *lane = wr_board_join(board, "p", 0, wake_fd);
	struct wr_board_lane *other = wr_board_join(board, "q", 0, -1);
	bool changed;

	(void)state;
	assert_int_equal(wr_board_set_paused(board, "p", true, &changed), WR_OK);
	assert_true(changed);
	assert_true(was_woken());
	assert_true(wr_board_is_paused(lane));
	assert_false(wr_board_is_paused(other));
	assert_int_equal(wr_board_set_paused(board, "p", true, &changed), WR_OK);
	assert_false(changed);
	assert_false(was_woken());
	assert_int_equal(wr_board_set_paused(board, "p", false, &changed), WR_OK);
	assert_true(changed);
	assert_true(was_woken());
	assert_false(wr_board_is_paused(lane));
	wr_board_leave(lane);
	wr_board_leave(other);
}

static enum wr_board_state state_of_lane(void)
{
	struct wr_board_view view;
	enum wr_board_state shown;

	assert_int_equal(wr_board_look(board, "p", &view), WR_OK);
	shown = view.items[0].state;
	wr_board_view_fini(&view);
	return shown;
}

/* It has taken events since. */
static void what_a_lane_said_of_an_earlier_pause_does_not_hold_for_the_next(void **state)
{
	const struct wr_board_snapshot paused = {.state = WR_BOARD_PAUSED};
	struct wr_board_lane *lane = wr_board_join(board, "p", 0, wake_fd);

	(void)state;
	assert_int_equal(wr_board_set_paused(board, "p", true, NULL), WR_OK);
	wr_board_publish(lane, &paused);
	assert_int_equal(wr_board_set_paused(board, "p", true, NULL), WR_OK);
	assert_int_equal(state_of_lane(), WR_BOARD_PAUSED);
	assert_int_equal(wr_board_set_paused(board, "p", false, NULL), WR_OK);
	assert_int_equal(wr_board_set_paused(board, "p", true, NULL), WR_OK);
	assert_int_equal(state_of_lane(), WR_BOARD_PAUSING);
	wr_board_publish(lane, &paused);
	assert_int_equal(state_of_lane(), WR_BOARD_PAUSED);
	assert_int_equal(wr_board_set_paused(board, "p", false, NULL), WR_OK);
	wr_board_leave(lane);
}

static void a_pause_outlives_the_lanes(void **state)
{
	struct wr_board_lane *lane = wr_board_join(board, "p", 0, wake_fd);

	(void)state;
	assert_int_equal(wr_board_set_paused(board, "p", true, NULL), WR_OK);
	wr_board_leave(lane);
	assert_int_equal(wr_board_set_paused(board, "p", false, NULL), WR_ENOTFOUND);
	lane = wr_board_join(board, "p", 0, wake_fd);
	assert_true(wr_board_is_paused(lane));
	wr_board_leave(lane);
}

static enum wr_code use_board(void)
{
	struct wr_board_partition partition = {.topic = "t"};
	const struct wr_board_snapshot snapshot = {.partitions = &partition, .partition_count = 1};
	struct wr_board *own;
	struct wr_board_lane *lane;
	struct wr_board_view view;
	enum wr_code rc = wr_board_create(&own);

	if (rc != WR_OK)
		return rc;
	lane = wr_board_join(own, "p", 0, wake_fd);
	if (lane != NULL) {
		wr_board_publish(lane, &snapshot);
		rc = wr_board_look(own, "p", &view);
		if (rc == WR_OK && (view.count != 1 || view.items[0].partition_count != 1))
			rc = WR_ENOMEM;
		if (rc == WR_OK)
			wr_board_view_fini(&view);
		wr_board_leave(lane);
	} else {
		rc = WR_ENOMEM;
	}
	wr_board_destroy(own);
	return rc;
}

static void lack_of_memory_is_survived(void **state)
{
	enum wr_code rc = WR_ENOMEM;
	bool failed = true;

	(void)state;
	for (size_t i = 0; failed; i++) {
		faults_begin(i);
		rc = use_board();
		failed = faults_end();
		assert_true(failed == (rc == WR_ENOMEM));
	}
	assert_int_equal(rc, WR_OK);
}

static void every_state_has_its_word(void **state)
{
	(void)state;
	assert_string_equal(wr_board_state_name(WR_BOARD_STARTING), "starting");
	assert_string_equal(wr_board_state_name(WR_BOARD_STOPPING), "stopping");
}

#define WITH_BOARD(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BOARD(what_was_published_last_is_seen_by_number),
	    WITH_BOARD(a_partition_is_held_while_a_lane_of_the_pipeline_says_so),
	    WITH_BOARD(a_pipeline_that_is_not_there_has_no_lanes),
	    WITH_BOARD(pausing_wakes_the_lanes_of_the_pipeline_once),
	    WITH_BOARD(what_a_lane_said_of_an_earlier_pause_does_not_hold_for_the_next),
	    WITH_BOARD(a_pause_outlives_the_lanes),
	    cmocka_unit_test(lack_of_memory_is_survived),
	    cmocka_unit_test(every_state_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
