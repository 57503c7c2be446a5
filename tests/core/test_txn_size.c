#include "config.h"

#include "core/txn_size.h"

#include "tests/unit.h"

#define LONGEST 10000

static void without_trouble_there_is_no_limit(void **state)
{
	struct wr_txn_size size = {0};

	(void)state;
	wr_txn_size_begin(&size);
	for (int i = 0; i < 100; i++) {
		assert_true(wr_txn_size_admits(&size, 1000));
		assert_false(wr_txn_size_add(&size, 1000));
	}
	wr_txn_size_committed(&size, LONGEST - 1, LONGEST);
	assert_int_equal(size.limit, 0);
	assert_int_equal(wr_txn_size_of_batch(&size, 1000), 1000);
}

static void too_long_halves_what_was_held_down_to_one_event(void **state)
{
	struct wr_txn_size size = {0};
	uint32_t expected[] = {500, 250, 125, 62, 31, 15, 7, 3, 1, 1};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(expected); i++) {
		uint32_t events = wr_txn_size_of_batch(&size, 1000);

		wr_txn_size_begin(&size);
		assert_true(wr_txn_size_admits(&size, events));
		wr_txn_size_add(&size, events);
		wr_txn_size_too_long(&size);
		assert_int_equal(size.limit, expected[i]);
	}
}

static void a_smaller_one_than_allowed_halves_what_it_held(void **state)
{
	struct wr_txn_size size = {.limit = 100};

	(void)state;
	wr_txn_size_begin(&size);
	wr_txn_size_add(&size, 10);
	wr_txn_size_too_long(&size);
	assert_int_equal(size.limit, 5);
}

static void a_batch_that_was_larger_than_the_limit_halves_the_limit(void **state)
{
	struct wr_txn_size size = {.limit = 100};

	(void)state;
	wr_txn_size_begin(&size);
	assert_true(wr_txn_size_admits(&size, 1000));
	assert_true(wr_txn_size_add(&size, 1000));
	wr_txn_size_too_long(&size);
	assert_int_equal(size.limit, 50);
}

/* Only offsets were in it: fewer events would not have made it faster. */
static void one_without_events_says_nothing_of_their_number(void **state)
{
	struct wr_txn_size size = {.limit = 0};

	(void)state;
	wr_txn_size_begin(&size);
	wr_txn_size_too_long(&size);
	assert_int_equal(size.limit, 0);
	size.limit = 100;
	wr_txn_size_too_long(&size);
	assert_int_equal(size.limit, 100);
}

static void batches_join_as_long_as_they_fit(void **state)
{
	struct wr_txn_size size = {.limit = 100};

	(void)state;
	wr_txn_size_begin(&size);
	assert_false(wr_txn_size_add(&size, 60));
	assert_false(wr_txn_size_admits(&size, 41));
	assert_true(wr_txn_size_admits(&size, 40));
	assert_true(wr_txn_size_add(&size, 40));
	assert_false(wr_txn_size_admits(&size, 0));
}

static void what_ends_early_at_its_limit_lets_it_grow_until_there_is_none(void **state)
{
	struct wr_txn_size size = {.limit = 1};
	uint32_t before;
	int steps = 0;

	(void)state;
	do {
		before = size.limit;
		wr_txn_size_begin(&size);
		wr_txn_size_add(&size, before);
		wr_txn_size_committed(&size, LONGEST / 4, LONGEST);
		assert_true(size.limit == 0 ||
			    (size.limit > before && size.limit <= before + before / 8 + 1));
	} while (size.limit > 0 && ++steps < 1000);
	assert_int_equal(size.limit, 0);
	assert_in_range(steps, 50, 150);
}

static void what_ends_late_or_below_its_limit_changes_nothing(void **state)
{
	struct wr_txn_size size = {.limit = 100};

	(void)state;
	wr_txn_size_begin(&size);
	wr_txn_size_add(&size, 100);
	wr_txn_size_committed(&size, LONGEST / 4 + 1, LONGEST);
	assert_int_equal(size.limit, 100);
	wr_txn_size_begin(&size);
	wr_txn_size_add(&size, 49);
	wr_txn_size_committed(&size, 1, LONGEST);
	assert_int_equal(size.limit, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_trouble_there_is_no_limit),
	    cmocka_unit_test(too_long_halves_what_was_held_down_to_one_event),
	    cmocka_unit_test(a_smaller_one_than_allowed_halves_what_it_held),
	    cmocka_unit_test(a_batch_that_was_larger_than_the_limit_halves_the_limit),
	    cmocka_unit_test(one_without_events_says_nothing_of_their_number),
	    cmocka_unit_test(batches_join_as_long_as_they_fit),
	    cmocka_unit_test(what_ends_early_at_its_limit_lets_it_grow_until_there_is_none),
	    cmocka_unit_test(what_ends_late_or_below_its_limit_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
