#include "config.h"

#include "tests/core/placing.h"

static void without_anything_known_the_policy_decides(void **state)
{
	struct wr_placing placing = {.committed_offset = -1, .low = 10, .high = 100};
	struct wr_plan plan = place(placing);

	(void)state;
	expect(&plan, WR_PLACE_FIRST, 10, 0, true);
	placing.from_latest = true;
	plan = place(placing);
	expect(&plan, WR_PLACE_FIRST, 100, 0, true);
	assert_int_equal(plan.mark.start, 100);
}

/* A new tier is found up to half a minute after it was made, when events wait in it already. */
static void a_retry_topic_is_read_from_its_start_whatever_the_policy(void **state)
{
	struct wr_placing placing = {
	    .committed_offset = -1, .low = 10, .high = 100, .from_latest = true, .is_retry = true};
	struct wr_plan plan = place(placing);

	(void)state;
	expect(&plan, WR_PLACE_FIRST, 10, 0, true);
	placing.committed_offset = 101;
	plan = place(placing);
	expect(&plan, WR_PLACE_OUT_OF_RANGE, 10, 0, true);
	placing.committed_offset = 50;
	plan = place(placing);
	expect(&plan, WR_PLACE_FIRST, 50, 0, true);
}

static void a_commit_without_a_mark_is_gone_on_from(void **state)
{
	struct wr_plan plan =
	    place((struct wr_placing){.committed_offset = 50, .low = 10, .high = 100});

	(void)state;
	expect(&plan, WR_PLACE_FIRST, 50, 0, true);
	assert_int_equal(plan.mark.start, 50);
}

static void a_commit_out_of_range_without_a_mark_follows_what_is_there(void **state)
{
	struct wr_placing placing = {.committed_offset = 5, .low = 10, .high = 100};
	struct wr_plan plan;

	(void)state;
	placing.from_latest = true;
	plan = place(placing);
	expect(&plan, WR_PLACE_OUT_OF_RANGE, 10, 0, true);
	placing.committed_offset = 101;
	plan = place(placing);
	expect(&plan, WR_PLACE_OUT_OF_RANGE, 100, 0, true);
	placing.from_latest = false;
	plan = place(placing);
	expect(&plan, WR_PLACE_OUT_OF_RANGE, 10, 0, true);
}

static void reading_goes_on_behind_the_record_it_knows(void **state)
{
	struct wr_mark mark = completed(0, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed = &mark, .committed_offset = 50, .low = 0, .high = 100};
	struct wr_plan plan;

	(void)state;
	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_VERIFY);
	assert_int_equal(plan.verify_at, 49);
	plan = place(placing);
	expect(&plan, WR_PLACE_CONTINUED, 50, 0, false);
	assert_int_equal(plan.mark.start, 0);
}

/* Nothing is skipped, and compaction takes single records: no reason to read all again. */
static void reading_goes_on_behind_a_record_that_compaction_took(void **state)
{
	struct wr_mark mark = completed(0, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed = &mark, .committed_offset = 50, .low = 0, .high = 100};
	struct wr_plan plan;

	(void)state;
	wr_mark_place(&placing, &plan);
	wr_mark_verified(&placing, NULL, &plan);
	expect(&plan, WR_PLACE_CONTINUED, 50, 0, false);
}

/* A commit may have come after the topic was made anew. */
static void a_commit_is_no_proof_of_the_topic(void **state)
{
	struct wr_mark mark = completed(0, 50);
	struct wr_plan plan = place_in_another_topic((struct wr_placing){
	    .stored = &mark, .committed = &mark, .committed_offset = 50, .low = 0, .high = 100});

	(void)state;
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
}

static void a_mark_that_was_lost_comes_back_from_the_commit(void **state)
{
	struct wr_mark committed = completed(0, 50), older = completed(0, 40), empty = {0};
	struct wr_placing placing = {
	    .committed = &committed, .committed_offset = 50, .low = 0, .high = 100};
	const struct wr_mark *const stored[] = {NULL, &older, &empty};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(stored); i++) {
		struct wr_plan plan;

		placing.stored = stored[i];
		plan = place(placing);
		expect(&plan, WR_PLACE_CONTINUED, 50, 0, true);
		assert_int_equal(plan.mark.start, 0);
		assert_int_equal(plan.mark.last.hash, 49);
	}
}

static void a_mark_ahead_of_the_commit_skips_what_was_acked(void **state)
{
	struct wr_mark mark = completed(0, 50), committed = completed(0, 40);
	struct wr_plan plan = place((struct wr_placing){.stored = &mark,
							.committed = &committed,
							.committed_offset = 40,
							.low = 0,
							.high = 100});

	(void)state;
	expect(&plan, WR_PLACE_CONTINUED, 50, 0, false);
}

static void a_group_that_went_back_skips_what_is_completed(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_plan plan = place_of_100(&mark, 20);

	(void)state;
	expect(&plan, WR_PLACE_REWOUND, 50, 0, false);
}

/* Whatever the policy says: the mark is the better memory. */
static void a_group_that_is_gone_goes_on_from_the_mark(void **state)
{
	struct wr_mark mark = completed(10, 50);

	(void)state;
	for (int from_latest = 0; from_latest < 2; from_latest++) {
		struct wr_plan plan = place((struct wr_placing){.stored = &mark,
								.committed_offset = -1,
								.low = 0,
								.high = 100,
								.from_latest = from_latest});

		expect(&plan, WR_PLACE_REWOUND, 50, 0, false);
	}
}

/* It was placed, and then given up before anything of it was completed. */
static void what_was_never_committed_is_simply_read(void **state)
{
	struct wr_mark mark = completed(0, 0), from_latest = completed(100, 100);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = -1, .low = 0, .high = 100};
	struct wr_plan plan = place(placing);

	(void)state;
	expect(&plan, WR_PLACE_CONTINUED, 0, 0, false);
	placing.stored = &from_latest;
	placing.from_latest = true;
	plan = place(placing);
	expect(&plan, WR_PLACE_CONTINUED, 100, 0, false);
	placing.from_latest = false; /* the group stood there once */
	plan = place(placing);
	assert_int_equal(plan.reason, WR_PLACE_REWOUND);
	assert_int_equal(plan.position, 0);
}

static void a_commit_beyond_the_end_goes_on_from_the_mark(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_plan plan = place_of_100(&mark, 101);

	(void)state;
	expect(&plan, WR_PLACE_REWOUND, 50, 0, false);
}

static void going_forward_abandons_what_is_jumped_over(void **state)
{
	struct wr_mark mark = completed(0, 50);
	struct wr_plan plan = place_of_100(&mark, 80);

	(void)state;
	expect(&plan, WR_PLACE_ABANDONED, 80, 0, true);
	assert_int_equal(plan.mark.start, 80);
	assert_true(wr_mark_covers(&plan.mark, 49));
	assert_false(wr_mark_covers(&plan.mark, 50));
	assert_false(wr_mark_abandons(&plan.mark, 0, 49));
	assert_true(wr_mark_abandons(&plan.mark, 0, 50));
	assert_true(wr_mark_abandons(&plan.mark, 0, 79));
	assert_false(wr_mark_abandons(&plan.mark, 0, 80));
}

static void records_that_retention_took_are_abandoned(void **state)
{
	struct wr_mark mark = completed(0, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed = &mark, .committed_offset = 50, .low = 70, .high = 100};
	struct wr_plan plan = place(placing);

	(void)state;
	expect(&plan, WR_PLACE_OUT_OF_RANGE, 70, 0, true);
	assert_true(wr_mark_abandons(&plan.mark, 0, 50));
	assert_false(wr_mark_abandons(&plan.mark, 0, 70));
	placing.committed = NULL;
	placing.committed_offset = -1;
	plan = place(placing);
	expect(&plan, WR_PLACE_OUT_OF_RANGE, 70, 0, true);
}

/* Forward from 50 to 80, on to 90, back to 0. */
static struct wr_plan forward_and_back(int64_t back_to)
{
	struct wr_mark mark = completed(0, 50);
	struct wr_fingerprint print = print_of(89);
	struct wr_plan plan = place_of_100(&mark, 80);

	mark = plan.mark;
	wr_mark_advance(&mark, 89, &print);
	return place((struct wr_placing){
	    .stored = &mark, .committed_offset = back_to, .low = 0, .high = 100});
}

static void going_back_reads_what_was_jumped_over_and_nothing_else(void **state)
{
	struct wr_plan plan = forward_and_back(0);
	struct wr_fingerprint print;

	(void)state;
	expect(&plan, WR_PLACE_REWOUND, 50, 1, true);
	assert_int_equal(plan.mark.start, 0);
	for (int64_t offset = 0; offset < 100; offset++)
		assert_int_equal(wr_mark_covers(&plan.mark, offset),
				 offset < 50 || (offset >= 80 && offset < 90));
	print = print_of(79);
	wr_mark_advance(&plan.mark, 79, &print);
	assert_int_equal(plan.mark.next, 90);
	assert_int_equal(plan.mark.last.hash, 89);
}

static void what_is_abandoned_stays_so(void **state)
{
	struct wr_plan plan = forward_and_back(0);

	(void)state;
	for (int64_t offset = 0; offset < 110; offset++) {
		bool done = offset < 50 || (offset >= 80 && offset < 90);

		assert_int_equal(wr_mark_abandons(&plan.mark, 0, offset), !done);
		assert_false(wr_mark_abandons(&plan.mark, 1, offset));
	}
}

static void reading_in_a_gap_goes_on_there(void **state)
{
	struct wr_plan plan = forward_and_back(60);
	struct wr_fingerprint print = print_of(64);
	struct wr_mark mark;

	(void)state;
	expect(&plan, WR_PLACE_REWOUND, 60, 1, true);
	assert_int_equal(plan.mark.start, 60);
	mark = plan.mark;
	wr_mark_advance(&mark, 64, &print);
	plan = place((struct wr_placing){.stored = &plan.mark,
					 .committed = &mark,
					 .committed_offset = 65,
					 .low = 0,
					 .high = 100});
	expect(&plan, WR_PLACE_CONTINUED, 65, 1, true);
	assert_int_equal(plan.mark.start, 60);
	assert_int_equal(plan.mark.other_count, 2);
}

static void before_the_first_record_ever_read_a_new_incarnation_reads(void **state)
{
	struct wr_mark mark = completed(50, 80);
	struct wr_plan plan = place_of_100(&mark, 20);

	(void)state;
	expect(&plan, WR_PLACE_REWOUND, 20, 1, true);
	assert_int_equal(wr_mark_skip(&plan.mark, 50), 80);
}

static void a_wanted_reprocessing_processes_all_again(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = 20, .low = 0, .high = 100, .reprocess = true};
	struct wr_plan plan = place(placing);

	(void)state;
	expect(&plan, WR_PLACE_REWOUND, 20, 1, true);
	for (int64_t offset = 20; offset < 100; offset++) {
		assert_false(wr_mark_covers(&plan.mark, offset));
		assert_true(wr_mark_abandons(&plan.mark, 0, offset));
	}
	assert_false(wr_mark_abandons(&plan.mark, 0, 19));
	placing.committed_offset = -1;
	plan = place(placing);
	expect(&plan, WR_PLACE_REWOUND, 0, 1, true);
	placing.low = 30;
	plan = place(placing);
	expect(&plan, WR_PLACE_REWOUND, 30, 1, true);
}

/* The engine's own commit behind the mark is no wish of anybody. */
static void a_crash_is_no_wanted_reprocessing(void **state)
{
	struct wr_mark mark = completed(0, 50), committed = completed(0, 40);
	struct wr_plan plan = place((struct wr_placing){.stored = &mark,
							.committed = &committed,
							.committed_offset = 40,
							.low = 0,
							.high = 100,
							.reprocess = true});

	(void)state;
	expect(&plan, WR_PLACE_CONTINUED, 50, 0, false);
}

/* The record to compare with is the last of all that is completed, not only of the interval that is read. */
static void the_highest_completed_record_is_verified(void **state)
{
	struct wr_plan plan = forward_and_back(0);
	struct wr_placing placing = {
	    .stored = &plan.mark, .committed_offset = 0, .low = 0, .high = 100};
	struct wr_plan again;

	(void)state;
	wr_mark_place(&placing, &again);
	assert_int_equal(again.place, WR_PLACE_VERIFY);
	assert_int_equal(again.verify_at, 89);
	placing.high = 89;
	again = place_again(placing);
	assert_int_equal(again.reason, WR_PLACE_NEW_TOPIC);
}

/* The new topic was begun, and nothing of it was committed yet. */
static void a_commit_of_an_earlier_incarnation_says_nothing(void **state)
{
	struct wr_mark old = completed(0, 50), mark = {.incarnation = 1,
						       .start = 0,
						       .next = 5,
						       .last = print_of(4),
						       .abandoned = {{0, 50, WR_MARK_OPEN}},
						       .abandoned_count = 1};
	struct wr_plan plan = place((struct wr_placing){
	    .stored = &mark, .committed = &old, .committed_offset = 50, .low = 0, .high = 100});

	(void)state;
	expect(&plan, WR_PLACE_CONTINUED, 5, 1, false);
}

static void
a_stored_mark_of_an_earlier_incarnation_is_abandoned_but_for_what_it_completed(void **state)
{
	struct wr_mark stored = completed(0, 50), committed = completed(0, 5);
	struct wr_plan plan;

	(void)state;
	committed.incarnation = 2;
	plan = place((struct wr_placing){.stored = &stored,
					 .committed = &committed,
					 .committed_offset = 5,
					 .low = 0,
					 .high = 100});
	expect(&plan, WR_PLACE_CONTINUED, 5, 2, true);
	assert_false(wr_mark_abandons(&plan.mark, 0, 49));
	assert_true(wr_mark_abandons(&plan.mark, 0, 50));
	assert_false(wr_mark_covers(&plan.mark, 20));
}

/* Forward to 80 and on to 90, and the mark of it lost: the commit alone says so. */
static void a_jump_that_only_the_commit_knows_is_abandoned(void **state)
{
	struct wr_mark stored = completed(0, 50), committed = completed(80, 90);
	struct wr_plan plan = place((struct wr_placing){.stored = &stored,
							.committed = &committed,
							.committed_offset = 90,
							.low = 0,
							.high = 100});

	(void)state;
	expect(&plan, WR_PLACE_ABANDONED, 90, 0, true);
	assert_int_equal(plan.mark.start, 80);
	assert_true(wr_mark_abandons(&plan.mark, 0, 50));
	assert_true(wr_mark_abandons(&plan.mark, 0, 79));
	assert_false(wr_mark_abandons(&plan.mark, 0, 80));
}

static void a_restart_goes_anywhere(void **state)
{
	struct wr_mark mark = completed(10, 50);

	(void)state;
	wr_mark_restart(&mark, 80);
	assert_int_equal(mark.incarnation, 1);
	assert_int_equal(mark.next, 80);
	assert_true(wr_mark_covers(&mark, 49));
	assert_true(wr_mark_abandons(&mark, 0, 50));
	wr_mark_restart(&mark, 0);
	assert_int_equal(mark.incarnation, 2);
	assert_int_equal(mark.next, 0);
	assert_int_equal(mark.other_count, 0);
	assert_true(wr_mark_abandons(&mark, 1, 0));
	assert_true(wr_mark_abandons(&mark, 1, 99));
}

/* Many jumps: the lowest intervals are forgotten first. */
static void too_many_intervals_forget_the_lowest(void **state)
{
	struct wr_mark mark = {0};

	(void)state;
	for (int64_t i = 0; i < WR_MARK_OTHERS_MAX + 5; i++) {
		struct wr_placing placing = {
		    .stored = &mark, .committed_offset = i * 10, .low = 0, .high = 1000};
		struct wr_plan plan = place(placing);
		struct wr_fingerprint print = print_of(i * 10);

		assert_int_equal(plan.position, i * 10);
		mark = plan.mark;
		wr_mark_advance(&mark, i * 10, &print);
	}
	assert_int_equal(mark.other_count, WR_MARK_OTHERS_MAX);
	assert_false(wr_mark_covers(&mark, 30));
	assert_true(wr_mark_covers(&mark, 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_anything_known_the_policy_decides),
	    cmocka_unit_test(a_commit_without_a_mark_is_gone_on_from),
	    cmocka_unit_test(a_retry_topic_is_read_from_its_start_whatever_the_policy),
	    cmocka_unit_test(a_commit_out_of_range_without_a_mark_follows_what_is_there),
	    cmocka_unit_test(reading_goes_on_behind_the_record_it_knows),
	    cmocka_unit_test(reading_goes_on_behind_a_record_that_compaction_took),
	    cmocka_unit_test(a_commit_is_no_proof_of_the_topic),
	    cmocka_unit_test(a_mark_that_was_lost_comes_back_from_the_commit),
	    cmocka_unit_test(a_mark_ahead_of_the_commit_skips_what_was_acked),
	    cmocka_unit_test(a_group_that_went_back_skips_what_is_completed),
	    cmocka_unit_test(a_group_that_is_gone_goes_on_from_the_mark),
	    cmocka_unit_test(what_was_never_committed_is_simply_read),
	    cmocka_unit_test(a_commit_beyond_the_end_goes_on_from_the_mark),
	    cmocka_unit_test(going_forward_abandons_what_is_jumped_over),
	    cmocka_unit_test(records_that_retention_took_are_abandoned),
	    cmocka_unit_test(going_back_reads_what_was_jumped_over_and_nothing_else),
	    cmocka_unit_test(what_is_abandoned_stays_so),
	    cmocka_unit_test(reading_in_a_gap_goes_on_there),
	    cmocka_unit_test(before_the_first_record_ever_read_a_new_incarnation_reads),
	    cmocka_unit_test(a_wanted_reprocessing_processes_all_again),
	    cmocka_unit_test(a_crash_is_no_wanted_reprocessing),
	    cmocka_unit_test(the_highest_completed_record_is_verified),
	    cmocka_unit_test(a_commit_of_an_earlier_incarnation_says_nothing),
	    cmocka_unit_test(
		a_stored_mark_of_an_earlier_incarnation_is_abandoned_but_for_what_it_completed),
	    cmocka_unit_test(a_jump_that_only_the_commit_knows_is_abandoned),
	    cmocka_unit_test(a_restart_goes_anywhere),
	    cmocka_unit_test(too_many_intervals_forget_the_lowest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
