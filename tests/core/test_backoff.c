#include "config.h"

#include "core/backoff.h"

#include "tests/unit.h"

#include <limits.h>

static struct wr_rng rng;

static int set_up(void **state)
{
	(void)state;
	wr_rng_init(&rng, 11);
	return 0;
}

static int64_t exact(int64_t initial_ms, double factor, int64_t max_ms, unsigned attempt)
{
	const struct wr_backoff b = {initial_ms, factor, max_ms, WR_BACKOFF_EXACT};

	return wr_backoff_ms(&b, attempt, &rng);
}

static void waits_grow_by_the_factor_up_to_the_longest(void **state)
{
	static const int64_t expected[] = {200, 400, 800, 1600, 3200, 6400, 10000, 10000};

	(void)state;
	for (unsigned i = 0; i < UNIT_COUNT_OF(expected); i++)
		assert_int_equal(exact(200, 2, 10000, i + 1), expected[i]);
}

static void a_fractional_factor_is_rounded_down_at_the_end_only(void **state)
{
	(void)state;
	assert_int_equal(exact(1, 1.5, 1000, 2), 1);
	assert_int_equal(exact(1, 1.5, 1000, 3), 2);
	assert_int_equal(exact(1, 1.5, 1000, 4), 3);
	assert_int_equal(exact(1, 1.5, 1000, 5), 5);
}

static void factor_one_waits_always_the_same(void **state)
{
	(void)state;
	assert_int_equal(exact(70, 1, 1000, 1), 70);
	assert_int_equal(exact(70, 1, 1000, 1000), 70);
	assert_int_equal(exact(70, 1, 1000, UINT_MAX), 70);
}

static void an_initial_wait_over_the_longest_is_cut(void **state)
{
	(void)state;
	assert_int_equal(exact(5000, 2, 1000, 1), 1000);
}

static void no_wait_stays_none(void **state)
{
	(void)state;
	assert_int_equal(exact(0, 100, 1000, 1), 0);
	assert_int_equal(exact(0, 100, 1000, 1000), 0);
	assert_int_equal(exact(100, 2, 0, 5), 0);
	for (int jitter = WR_BACKOFF_EXACT; jitter <= WR_BACKOFF_FULL; jitter++) {
		const struct wr_backoff b = {0, 2, 1000, (enum wr_jitter)jitter};

		assert_int_equal(wr_backoff_ms(&b, 3, &rng), 0);
	}
}

static void attempt_zero_counts_as_the_first(void **state)
{
	(void)state;
	assert_int_equal(exact(200, 2, 10000, 0), 200);
}

/* Neither the power nor its way back into an integer may overflow. */
static void high_attempts_and_factors_end_at_the_longest(void **state)
{
	static const int64_t longest[] = {1, 999, 86400000, INT64_MAX / 2, INT64_MAX};
	static const double factors[] = {1.0000001, 1.5, 2, 100, 1e6, 1e300};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(longest); i++) {
		for (size_t j = 0; j < UNIT_COUNT_OF(factors); j++) {
			int64_t last = 0;

			for (unsigned attempt = 1; attempt <= 1000; attempt++) {
				int64_t ms = exact(1, factors[j], longest[i], attempt);

				assert_true(ms >= last && ms <= longest[i]);
				last = ms;
			}
			if (factors[j] >= 1.5)
				assert_true(last == longest[i]);
		}
		assert_true(exact(INT64_MAX, 2, longest[i], UINT_MAX) == longest[i]);
		assert_true(exact(3, 2, longest[i], UINT_MAX) == longest[i] || longest[i] < 3);
	}
}

/* Every value between the bounds comes, and none outside. */
static void expect_spread(enum wr_jitter jitter, int64_t wait_ms, int64_t least)
{
	const struct wr_backoff b = {wait_ms, 1, wait_ms, jitter};
	bool seen[32] = {false};

	assert_true((size_t)wait_ms < UNIT_COUNT_OF(seen));
	for (int i = 0; i < 20000; i++) {
		int64_t ms = wr_backoff_ms(&b, 1, &rng);

		assert_true(ms >= least && ms <= wait_ms);
		seen[ms] = true;
	}
	for (int64_t ms = least; ms <= wait_ms; ms++)
		assert_true(seen[ms]);
}

static void full_jitter_takes_all_from_nothing_to_the_wait(void **state)
{
	(void)state;
	for (int64_t ms = 1; ms < 32; ms++)
		expect_spread(WR_BACKOFF_FULL, ms, 0);
}

static void equal_jitter_takes_all_from_half_the_wait_to_the_wait(void **state)
{
	(void)state;
	for (int64_t ms = 1; ms < 32; ms++)
		expect_spread(WR_BACKOFF_EQUAL, ms, ms / 2);
}

static void jitter_stays_within_its_bounds_at_the_longest_wait_there_is(void **state)
{
	const struct wr_backoff full = {INT64_MAX, 2, INT64_MAX, WR_BACKOFF_FULL};
	const struct wr_backoff equal = {INT64_MAX, 2, INT64_MAX, WR_BACKOFF_EQUAL};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(wr_backoff_ms(&full, 9, &rng) >= 0);
		assert_true(wr_backoff_ms(&equal, 9, &rng) >= INT64_MAX / 2);
	}
}

static void full_jitter_has_no_favourites(void **state)
{
	enum { WAIT = 9, ROUNDS = 100000 };
	const struct wr_backoff b = {WAIT, 1, WAIT, WR_BACKOFF_FULL};
	int counts[WAIT + 1] = {0};

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		counts[wr_backoff_ms(&b, 1, &rng)]++;
	for (int i = 0; i <= WAIT; i++)
		assert_in_range(counts[i], ROUNDS / (WAIT + 1) * 9 / 10,
				ROUNDS / (WAIT + 1) * 11 / 10);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
	    RULE(waits_grow_by_the_factor_up_to_the_longest),
	    RULE(a_fractional_factor_is_rounded_down_at_the_end_only),
	    RULE(factor_one_waits_always_the_same),
	    RULE(an_initial_wait_over_the_longest_is_cut),
	    RULE(no_wait_stays_none),
	    RULE(attempt_zero_counts_as_the_first),
	    RULE(high_attempts_and_factors_end_at_the_longest),
	    RULE(full_jitter_takes_all_from_nothing_to_the_wait),
	    RULE(equal_jitter_takes_all_from_half_the_wait_to_the_wait),
	    RULE(jitter_stays_within_its_bounds_at_the_longest_wait_there_is),
	    RULE(full_jitter_has_no_favourites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
