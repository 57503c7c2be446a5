/* Whether the topic is the one that its mark is of. */
#include "config.h"

#include "tests/core/placing.h"

static void a_shorter_topic_is_a_new_one(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = -1, .low = 0, .high = 49, .from_latest = true};
	struct wr_plan plan;

	(void)state;
	plan = place_again(placing);
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
	assert_int_equal(plan.mark.start, 0);
	assert_int_equal(plan.mark.other_count, 0);
	assert_false(wr_mark_abandons(&plan.mark, 0, 49));
	assert_true(wr_mark_abandons(&plan.mark, 0, 50));
}

/* The offsets were asked for first: between them and the mark somebody who is expelled may have completed more. */
static void an_end_that_the_mark_exceeds_is_asked_for_again(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = 40, .low = 0, .high = 49, .before = {0, 49}};
	struct wr_plan plan;

	(void)state;
	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_AGAIN);
	assert_int_equal(plan.reach.next, 50);
	placing.before = (struct wr_mark_reach){1, 50}; /* of another incarnation */
	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_AGAIN);
	assert_int_equal(plan.reach.incarnation, 0);
	placing.before = plan.reach;
	placing.high = 50;
	plan = place(placing);
	expect(&plan, WR_PLACE_REWOUND, 50, 0, false);
}

/* What the group committed is asked for before the ends. */
static void a_commit_beyond_the_end_is_of_another_topic_at_once(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_plan plan = place((struct wr_placing){
	    .stored = &mark, .committed = &mark, .committed_offset = 50, .low = 0, .high = 49});

	(void)state;
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
	plan = place(
	    (struct wr_placing){.committed = &mark, .committed_offset = 50, .low = 0, .high = 49});
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
}

static void a_longer_topic_is_known_by_its_records(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = -1, .low = 0, .high = 100};
	struct wr_plan plan = place_in_another_topic(placing);

	(void)state;
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
	placing.committed_offset = 20;
	plan = place_in_another_topic(placing);
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
}

static void a_record_that_is_not_there_makes_a_new_topic(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = -1, .low = 0, .high = 100};
	struct wr_plan plan;

	(void)state;
	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_VERIFY);
	assert_int_equal(plan.verify_at, 49);
	wr_mark_verified(&placing, NULL, &plan);
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
}

static void the_same_hash_at_another_time_is_another_record(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = -1, .low = 0, .high = 100};
	struct wr_fingerprint print = print_of(49);
	struct wr_plan plan;

	(void)state;
	wr_mark_place(&placing, &plan);
	print.timestamp_ms++;
	wr_mark_verified(&placing, &print, &plan);
	expect(&plan, WR_PLACE_NEW_TOPIC, 0, 1, true);
}

static void what_retention_took_can_not_be_verified_and_need_not_be(void **state)
{
	struct wr_mark mark = completed(10, 50);
	struct wr_placing placing = {
	    .stored = &mark, .committed_offset = -1, .low = 50, .high = 100};
	struct wr_plan plan;

	(void)state;
	wr_mark_place(&placing, &plan);
	assert_int_equal(plan.place, WR_PLACE_READ);
	expect(&plan, WR_PLACE_REWOUND, 50, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_shorter_topic_is_a_new_one),
	    cmocka_unit_test(an_end_that_the_mark_exceeds_is_asked_for_again),
	    cmocka_unit_test(a_commit_beyond_the_end_is_of_another_topic_at_once),
	    cmocka_unit_test(a_longer_topic_is_known_by_its_records),
	    cmocka_unit_test(a_record_that_is_not_there_makes_a_new_topic),
	    cmocka_unit_test(the_same_hash_at_another_time_is_another_record),
	    cmocka_unit_test(what_retention_took_can_not_be_verified_and_need_not_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
