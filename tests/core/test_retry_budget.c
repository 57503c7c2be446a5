#include "config.h"

#include "core/retry_budget.h"

#include "base/clock.h"
#include "tests/unit.h"

#define S WR_NS_PER_S

static struct wr_retry_budget budget;
static int64_t wait_ns;

static int set_up(void **state)
{
	(void)state;
	wr_retry_budget_init(&budget, 0.2, 5);
	return 0;
}

static int take_all(int64_t now_ns)
{
	int taken = 0;

	while (wr_retry_budget_take(&budget, now_ns, &wait_ns))
		taken++;
	return taken;
}

static void a_quiet_stage_has_the_floor_of_each_second(void **state)
{
	(void)state;
	assert_int_equal(take_all(100 * S), 5);
	assert_int_equal(take_all(100 * S + S / 2), 0);
	assert_int_equal(take_all(101 * S), 5);
}

static void a_share_of_the_successes_comes_on_top(void **state)
{
	(void)state;
	wr_retry_budget_note_successes(&budget, 1000, 100 * S);
	assert_int_equal(take_all(100 * S), 200);
	assert_int_equal(take_all(101 * S), 5);
}

static void successes_leave_with_the_window(void **state)
{
	(void)state;
	wr_retry_budget_note_successes(&budget, 1000, 100 * S);
	assert_int_equal(take_all(109 * S), 200);
	wr_retry_budget_note_successes(&budget, 1000, 200 * S);
	assert_int_equal(take_all(210 * S), 5);
}

static void who_is_turned_away_gets_a_turn_of_its_own(void **state)
{
	int64_t first_ns;

	(void)state;
	take_all(100 * S);
	first_ns = wait_ns;
	assert_int_equal(first_ns, S / 5);
	assert_false(wr_retry_budget_take(&budget, 100 * S, &wait_ns));
	assert_int_equal(wait_ns, 2 * first_ns);
	assert_int_equal(take_all(150 * S), 5);
	assert_int_equal(wait_ns, S / 5);
}

static void a_ratio_of_zero_is_no_bound(void **state)
{
	(void)state;
	wr_retry_budget_init(&budget, 0, 5);
	for (int i = 0; i < 10000; i++)
		assert_true(wr_retry_budget_take(&budget, 100 * S, &wait_ns));
	assert_true(wr_retry_budget_used(&budget, 100 * S) == 0);
}

static void its_use_is_a_share_of_what_the_window_allows(void **state)
{
	(void)state;
	assert_true(wr_retry_budget_used(&budget, 100 * S) == 0);
	wr_retry_budget_note_successes(&budget, 250, 100 * S);
	for (int i = 0; i < 25; i++)
		assert_true(wr_retry_budget_take(&budget, 100 * S, &wait_ns));
	assert_true(wr_retry_budget_used(&budget, 100 * S) == 0.25);
}

#define RULE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_quiet_stage_has_the_floor_of_each_second),
	    RULE(a_share_of_the_successes_comes_on_top),
	    RULE(successes_leave_with_the_window),
	    RULE(who_is_turned_away_gets_a_turn_of_its_own),
	    RULE(a_ratio_of_zero_is_no_bound),
	    RULE(its_use_is_a_share_of_what_the_window_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
