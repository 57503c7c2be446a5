#include "config.h"

#include "core/mark.h"

#include "base/rng.h"
#include "tests/unit.h"

static const struct wr_fingerprint print_a = {1000, 0xa}, print_b = {2000, 0xb};

static struct wr_mark reading_from(int64_t start)
{
	return (struct wr_mark){.start = start, .next = start};
}

static void a_fresh_mark_covers_nothing(void **state)
{
	struct wr_mark mark = reading_from(5);

	(void)state;
	for (int64_t offset = 0; offset < 10; offset++) {
		assert_false(wr_mark_covers(&mark, offset));
		assert_int_equal(wr_mark_skip(&mark, offset), offset);
		assert_false(wr_mark_abandons(&mark, 0, offset));
	}
}

static void what_was_completed_is_covered(void **state)
{
	struct wr_mark mark = reading_from(5);

	(void)state;
	wr_mark_advance(&mark, 5, &print_a);
	wr_mark_advance(&mark, 6, &print_b);
	assert_int_equal(mark.next, 7);
	assert_int_equal(mark.last.hash, print_b.hash);
	assert_false(wr_mark_covers(&mark, 4));
	assert_true(wr_mark_covers(&mark, 5));
	assert_true(wr_mark_covers(&mark, 6));
	assert_false(wr_mark_covers(&mark, 7));
	assert_int_equal(wr_mark_skip(&mark, 5), 7);
}

static void offsets_that_kafka_left_out_are_no_gap(void **state)
{
	struct wr_mark mark = reading_from(5);

	(void)state;
	wr_mark_advance(&mark, 8, &print_a);
	assert_int_equal(mark.start, 5);
	assert_int_equal(mark.next, 9);
}

static void a_mark_never_goes_back(void **state)
{
	struct wr_mark mark = reading_from(5);

	(void)state;
	wr_mark_advance(&mark, 8, &print_a);
	wr_mark_advance(&mark, 7, &print_b);
	wr_mark_advance(&mark, 8, &print_b);
	assert_int_equal(mark.next, 9);
	assert_int_equal(mark.last.hash, print_a.hash);
}

static void a_gap_that_is_closed_joins_what_is_behind_it(void **state)
{
	struct wr_mark mark = {.start = 5,
			       .next = 5,
			       .others = {{0, 3, {1, 1}}, {8, 10, {2, 2}}, {12, 15, {3, 3}}},
			       .other_count = 3};

	(void)state;
	wr_mark_advance(&mark, 6, &print_a);
	assert_int_equal(mark.next, 7);
	assert_int_equal(mark.other_count, 3);
	wr_mark_advance(&mark, 7, &print_a);
	assert_int_equal(mark.start, 5);
	assert_int_equal(mark.next, 10);
	assert_int_equal(mark.last.hash, 2);
	assert_int_equal(mark.other_count, 2);
	assert_int_equal(mark.others[0].to, 3);
	assert_int_equal(mark.others[1].from, 12);
}

/* The last record of a gap may be gone: reading then meets what is completed, or jumps over it. */
static void an_interval_that_was_jumped_over_is_taken_in(void **state)
{
	struct wr_mark mark = {
	    .start = 5, .next = 7, .others = {{8, 10, {2, 2}}}, .other_count = 1};
	struct wr_mark met = mark;

	(void)state;
	wr_mark_advance(&mark, 12, &print_a);
	assert_int_equal(mark.next, 13);
	assert_int_equal(mark.last.hash, print_a.hash);
	assert_int_equal(mark.other_count, 0);
	wr_mark_advance(&met, 8, &print_a);
	assert_int_equal(met.next, 10);
	assert_int_equal(met.last.hash, 2);
	assert_int_equal(met.other_count, 0);
}

static void skipping_ends_behind_the_interval(void **state)
{
	struct wr_mark mark = {
	    .start = 5, .next = 7, .others = {{0, 3, {1, 1}}, {8, 10, {2, 2}}}, .other_count = 2};
	static const int64_t expected[] = {3, 3, 3, 3, 4, 7, 7, 7, 10, 10, 10, 11};

	(void)state;
	for (int64_t offset = 0; offset < 12; offset++)
		assert_int_equal(wr_mark_skip(&mark, offset), expected[offset]);
}

static void a_range_is_abandoned_from_its_first_to_before_its_end(void **state)
{
	struct wr_mark mark = reading_from(0);

	(void)state;
	wr_mark_abandon(&mark, 3, 5, 8);
	assert_false(wr_mark_abandons(&mark, 3, 4));
	assert_true(wr_mark_abandons(&mark, 3, 5));
	assert_true(wr_mark_abandons(&mark, 3, 7));
	assert_false(wr_mark_abandons(&mark, 3, 8));
	assert_false(wr_mark_abandons(&mark, 2, 5));
	assert_false(wr_mark_abandons(&mark, 4, 5));
}

static void an_empty_range_abandons_nothing(void **state)
{
	struct wr_mark mark = reading_from(0);

	(void)state;
	wr_mark_abandon(&mark, 3, 5, 5);
	wr_mark_abandon(&mark, 3, 6, 5);
	assert_int_equal(mark.abandoned_count, 0);
}

static void ranges_that_touch_become_one(void **state)
{
	struct wr_mark mark = reading_from(0);

	(void)state;
	wr_mark_abandon(&mark, 1, 5, 8);
	wr_mark_abandon(&mark, 1, 20, 25);
	wr_mark_abandon(&mark, 2, 0, 30);
	wr_mark_abandon(&mark, 0, 0, 30);
	wr_mark_abandon(&mark, 1, 8, 10);
	assert_int_equal(mark.abandoned_count, 4);
	wr_mark_abandon(&mark, 1, 9, 20);
	assert_int_equal(mark.abandoned_count, 3);
	assert_int_equal(mark.abandoned[1].incarnation, 1);
	assert_int_equal(mark.abandoned[1].from, 5);
	assert_int_equal(mark.abandoned[1].to, 25);
	wr_mark_abandon(&mark, 1, 0, WR_MARK_OPEN);
	assert_int_equal(mark.abandoned_count, 3);
	assert_true(wr_mark_abandons(&mark, 1, INT64_MAX - 1));
}

static void without_room_the_closest_neighbours_become_one(void **state)
{
	struct wr_mark mark = reading_from(0);

	(void)state;
	for (int64_t i = 0; i < WR_MARK_ABANDONED_MAX; i++)
		wr_mark_abandon(&mark, 1, i * 10, i * 10 + (i == 7 ? 6 : 5));
	assert_int_equal(mark.abandoned_count, WR_MARK_ABANDONED_MAX);
	wr_mark_abandon(&mark, 2, 0, 5);
	assert_int_equal(mark.abandoned_count, WR_MARK_ABANDONED_MAX);
	assert_true(wr_mark_abandons(&mark, 1, 78));
	assert_false(wr_mark_abandons(&mark, 1, 68));
	assert_true(wr_mark_abandons(&mark, 2, 4));
	assert_int_equal(mark.forgotten, 0);
}

static void without_neighbours_the_oldest_incarnation_is_abandoned_whole(void **state)
{
	struct wr_mark mark = reading_from(0);

	(void)state;
	for (uint32_t i = 0; i <= WR_MARK_ABANDONED_MAX; i++)
		wr_mark_abandon(&mark, i + 3, 10, 20);
	assert_int_equal(mark.abandoned_count, WR_MARK_ABANDONED_MAX);
	assert_int_equal(mark.forgotten, 4);
	assert_true(wr_mark_abandons(&mark, 0, 0));
	assert_true(wr_mark_abandons(&mark, 3, 30));
	assert_false(wr_mark_abandons(&mark, 4, 30));
	wr_mark_abandon(&mark, 2, 0, 5);
	assert_int_equal(mark.abandoned_count, WR_MARK_ABANDONED_MAX);
}

/* Against a bitmap: never less is abandoned than was asked for; exactly that while there is room. */
static void abandoned_ranges_are_a_set(void **state)
{
	struct wr_rng rng;

	(void)state;
	wr_rng_init(&rng, 1);
	for (int round = 0; round < 200; round++) {
		struct wr_mark mark = reading_from(0);
		bool expected[3][200] = {{false}};
		int count = (int)wr_rng_upto(&rng, 100);
		bool exact = true;

		for (int i = 0; i < count; i++) {
			uint32_t incarnation = (uint32_t)wr_rng_upto(&rng, 2);
			int64_t from = (int64_t)wr_rng_upto(&rng, 190);
			int64_t to = from + (int64_t)wr_rng_upto(&rng, 3);

			if (mark.abandoned_count == WR_MARK_ABANDONED_MAX)
				exact = false;
			wr_mark_abandon(&mark, incarnation, from, to);
			for (int64_t o = from; o < to; o++)
				expected[incarnation][o] = true;
		}
		for (uint32_t incarnation = 0; incarnation < 3; incarnation++) {
			for (int64_t o = 0; o < 200; o++) {
				bool abandons = wr_mark_abandons(&mark, incarnation, o);

				assert_true(abandons || !expected[incarnation][o]);
				assert_true(!exact || abandons == expected[incarnation][o]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fresh_mark_covers_nothing),
	    cmocka_unit_test(what_was_completed_is_covered),
	    cmocka_unit_test(offsets_that_kafka_left_out_are_no_gap),
	    cmocka_unit_test(a_mark_never_goes_back),
	    cmocka_unit_test(a_gap_that_is_closed_joins_what_is_behind_it),
	    cmocka_unit_test(an_interval_that_was_jumped_over_is_taken_in),
	    cmocka_unit_test(skipping_ends_behind_the_interval),
	    cmocka_unit_test(a_range_is_abandoned_from_its_first_to_before_its_end),
	    cmocka_unit_test(an_empty_range_abandons_nothing),
	    cmocka_unit_test(ranges_that_touch_become_one),
	    cmocka_unit_test(without_room_the_closest_neighbours_become_one),
	    cmocka_unit_test(without_neighbours_the_oldest_incarnation_is_abandoned_whole),
	    cmocka_unit_test(abandoned_ranges_are_a_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
