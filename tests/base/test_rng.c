#include "config.h"

#include "base/rng.h"
#include "tests/unit.h"

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct wr_rng a, b, c;
	bool differs = false;
	int i;

	(void)state;
	wr_rng_init(&a, 7);
	wr_rng_init(&b, 7);
	wr_rng_init(&c, 8);
	for (i = 0; i < 100; i++) {
		uint64_t x = wr_rng_next(&a);

		assert_true(x == wr_rng_next(&b));
		differs = differs || x != wr_rng_next(&c);
	}
	assert_true(differs);
}

static void the_generator_is_xoshiro256_starstar(void **state)
{
	/* the first numbers of the authors' reference from the state 1, 2, 3, 4 */
	static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
	struct wr_rng rng = {{1, 2, 3, 4}};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(expected); i++)
		assert_true(wr_rng_next(&rng) == expected[i]);
}

static void upto_stays_in_bounds_and_reaches_both_ends(void **state)
{
	unsigned hits[7] = {0}, i;
	struct wr_rng rng;

	(void)state;
	wr_rng_init(&rng, 1);
	for (i = 0; i < 70000; i++) {
		uint64_t x = wr_rng_upto(&rng, 6);

		assert_true(x <= 6);
		hits[x]++;
	}
	for (i = 0; i < 7; i++)
		assert_in_range(hits[i], 9500, 10500);
}

static void the_ends_of_the_range_work(void **state)
{
	struct wr_rng rng;

	(void)state;
	wr_rng_init(&rng, 1);
	assert_true(wr_rng_upto(&rng, 0) == 0);
	assert_true(wr_rng_upto(&rng, UINT64_MAX) != wr_rng_upto(&rng, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_seed_gives_the_same_numbers),
	    cmocka_unit_test(the_generator_is_xoshiro256_starstar),
	    cmocka_unit_test(upto_stays_in_bounds_and_reaches_both_ends),
	    cmocka_unit_test(the_ends_of_the_range_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
