/*
 * The model check: see world.h for what is modelled, search.h for how it is gone through. More by
 * WEIR_MODEL_HISTORIES (random histories of each wide scenario) and WEIR_MODEL_SEED (the first one's).
 */
#include "config.h"

#include "base/check.h"
#include "tests/model/scenarios.h"
#include "tests/model/search.h"
#include "tests/unit.h"

#include <inttypes.h>
#include <stdlib.h>

#define HISTORIES 1000

static uint64_t setting(const char *name, uint64_t value)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : value;
}

static void expect_kept(const struct scenario *s, const struct found *found)
{
	if (found->violation != NULL)
		found_print(stderr, s, found);
	assert_null(found->violation);
}

static void every_promise_is_kept_in_every_state_of_a_small_world(void **state)
{
	struct found found;
	uint64_t states = 0;

	(void)state;
	for (size_t i = 0; i < scenario_count; i++) {
		search_all(&scenarios[i], 0, &found);
		print_message("%9" PRIu64 " states: %s, %s\n", found.states, scenarios[i].name,
			      scenarios[i].exactly_once ? "exactly_once" : "at_least_once");
		expect_kept(&scenarios[i], &found);
		assert_true(found.complete);
		assert_true(found.ends > 0);
		states += found.states;
	}
	print_message("%9" PRIu64 " states\n", states);
	assert_true(states >= 1000000);
}

static void every_promise_is_kept_in_random_histories_of_a_wide_one(void **state)
{
	uint64_t count = setting("WEIR_MODEL_HISTORIES", HISTORIES);
	uint64_t seed = setting("WEIR_MODEL_SEED", 1);
	struct found found;

	(void)state;
	for (size_t i = 0; i < wide_scenario_count; i++) {
		search_random(&wide_scenarios[i], seed, count, &found);
		expect_kept(&wide_scenarios[i], &found);
		assert_int_equal(found.states, count);
		assert_true(found.steps > count * 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_promise_is_kept_in_every_state_of_a_small_world),
	    cmocka_unit_test(every_promise_is_kept_in_random_histories_of_a_wide_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
