#include "config.h"

#include "base/check.h"
#include "tests/unit.h"

struct thing {
	uint32_t magic;
	int value;
};

static void check_it(void *thing_arg)
{
	struct thing *thing = thing_arg;

	WR_CHECK(thing, 42);
}

static void assert_it(void *value)
{
	WR_ASSERT(*(int *)value == 1);
}

static void a_live_object_passes_and_any_other_aborts(void **state)
{
	struct thing thing = {42, 0};

	(void)state;
	check_it(&thing);
	assert_true(aborts(check_it, NULL));
	thing.magic = 0;
	assert_true(aborts(check_it, &thing));
}

static void a_broken_invariant_aborts(void **state)
{
	int value = 1;

	(void)state;
	assert_it(&value);
	value = 2;
	assert_true(aborts(assert_it, &value));
}

static void a_member_leads_to_its_container(void **state)
{
	struct thing thing = {42, 0};

	(void)state;
	assert_ptr_equal(WR_CONTAINER_OF(&thing.value, struct thing, value), &thing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_live_object_passes_and_any_other_aborts),
	    cmocka_unit_test(a_broken_invariant_aborts),
	    cmocka_unit_test(a_member_leads_to_its_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
