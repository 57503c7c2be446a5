#include "config.h"

#include "redis/backoff.h"

#include "tests/unit.h"

static void each_failure_doubles_the_wait_up_to_five_seconds(void **state)
{
	static const int64_t full_ms[] = {50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
	struct wr_redis_backoff backoff;
	int64_t wait_ms;
	uint64_t seed;
	size_t i;

	(void)state;
	for (seed = 0; seed < 200; seed++) {
		wr_redis_backoff_init(&backoff, seed);
		for (i = 0; i < UNIT_COUNT_OF(full_ms); i++) {
			wait_ms = wr_redis_backoff_next_ms(&backoff);
			assert_in_range(wait_ms, full_ms[i] / 2, full_ms[i]);
		}
	}
}

static void a_success_begins_anew(void **state)
{
	struct wr_redis_backoff backoff;
	int i;

	(void)state;
	wr_redis_backoff_init(&backoff, 1);
	for (i = 0; i < 20; i++)
		wr_redis_backoff_next_ms(&backoff);
	wr_redis_backoff_reset(&backoff);
	assert_in_range(wr_redis_backoff_next_ms(&backoff), 25, 50);
}

static void two_lanes_do_not_come_at_once(void **state)
{
	struct wr_redis_backoff one, two;
	int i, same = 0;

	(void)state;
	wr_redis_backoff_init(&one, 1);
	wr_redis_backoff_init(&two, 2);
	for (i = 0; i < 50; i++)
		same += wr_redis_backoff_next_ms(&one) == wr_redis_backoff_next_ms(&two);
	assert_true(same < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_failure_doubles_the_wait_up_to_five_seconds),
	    cmocka_unit_test(a_success_begins_anew),
	    cmocka_unit_test(two_lanes_do_not_come_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
