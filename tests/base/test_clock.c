#include "config.h"

#include "base/clock.h"
#include "tests/unit.h"

#include <time.h>

static void a_fake_clock_stands_until_it_is_told(void **state)
{
	struct wr_clock_fake fake;
	int64_t start;

	(void)state;
	wr_clock_fake_init(&fake, 1000);
	start = wr_clock_mono_ns(&fake.clock);
	assert_int_equal(wr_clock_wall_ms(&fake.clock), 1000);
	assert_int_equal(wr_clock_mono_ns(&fake.clock), start);
	wr_clock_fake_advance_ms(&fake, 7);
	assert_int_equal(wr_clock_wall_ms(&fake.clock), 1007);
	assert_int_equal(wr_clock_mono_ns(&fake.clock), start + 7 * WR_NS_PER_MS);
}

static void the_real_clock_is_the_machines(void **state)
{
	int64_t first = wr_clock_mono_ns(&wr_clock_real), wall_s = time(NULL);
	int64_t wall_ms = wr_clock_wall_ms(&wr_clock_real);

	(void)state;
	assert_true(first > 0);
	assert_true(wr_clock_mono_ns(&wr_clock_real) >= first);
	assert_true(wall_ms / 1000 >= wall_s - 1 && wall_ms / 1000 <= wall_s + 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fake_clock_stands_until_it_is_told),
	    cmocka_unit_test(the_real_clock_is_the_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
