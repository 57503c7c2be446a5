#include "config.h"

#include "core/canary.h"

#include "tests/unit.h"

#include <stdio.h>

#define TEN_PERCENT (WR_CANARY_ALL / 10)
#define KEYS 20000

static const struct wr_canary_rules rules = {60000, 0.01, 100};

static bool takes(uint32_t share, int key)
{
	char text[16];

	snprintf(text, sizeof(text), "key-%d", key);
	return wr_canary_takes(share, wr_bytes_of(text));
}

static int count_taken(uint32_t share)
{
	int taken = 0;

	for (int i = 0; i < KEYS; i++)
		taken += takes(share, i);
	return taken;
}

static void about_a_share_of_the_keys_is_taken(void **state)
{
	(void)state;
	assert_in_range(count_taken(TEN_PERCENT), KEYS / 10 - 200, KEYS / 10 + 200);
	assert_in_range(count_taken(WR_CANARY_ALL / 2), KEYS / 2 - 400, KEYS / 2 + 400);
	assert_int_equal(count_taken(0), 0);
	assert_int_equal(count_taken(WR_CANARY_ALL), KEYS);
}

static void a_key_stays_on_its_side_in_every_process(void **state)
{
	/* Written down: another version that shared otherwise would split a key between two engines. */
	static const bool taken[] = {true, false, true, false, false, true, true,  true,
				     true, true,  true, false, true,  true, false, false};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(taken); i++)
		assert_int_equal(takes(WR_CANARY_ALL / 2, (int)i), taken[i]);
}

static void a_larger_share_takes_what_a_smaller_one_takes(void **state)
{
	(void)state;
	for (int i = 0; i < KEYS; i++) {
		if (takes(TEN_PERCENT, i))
			assert_true(takes(2 * TEN_PERCENT, i));
	}
}

static enum wr_canary_verdict judge(uint64_t errors, uint64_t events, int64_t elapsed_ms)
{
	/* The other generation fails once in a hundred. */
	const struct wr_canary_facts facts = {{9000, 90}, {events, errors}, elapsed_ms, 0};

	return wr_canary_judge(&rules, &facts);
}

static void a_good_one_passes_when_its_time_is_over(void **state)
{
	(void)state;
	assert_int_equal(judge(5, 1000, 59999), WR_CANARY_GO_ON);
	assert_int_equal(judge(5, 1000, 60000), WR_CANARY_PASSED);
	assert_int_equal(judge(20, 1000, 60000), WR_CANARY_PASSED); /* 2 % are allowed */
}

static void a_worse_one_goes_when_its_time_is_over(void **state)
{
	(void)state;
	assert_int_equal(judge(21, 1000, 59999), WR_CANARY_GO_ON); /* it may be an accident */
	assert_int_equal(judge(21, 1000, 60000), WR_CANARY_WORSE);
}

static void a_clearly_worse_one_goes_at_once(void **state)
{
	(void)state;
	assert_int_equal(judge(100, 100, 1), WR_CANARY_WORSE);
	assert_int_equal(judge(60, 1000, 1), WR_CANARY_WORSE);
	assert_int_equal(judge(99, 99, 1), WR_CANARY_GO_ON); /* not before min_events */
}

static void with_too_few_events_it_waits_for_more(void **state)
{
	(void)state;
	assert_int_equal(judge(0, 99, 60000), WR_CANARY_GO_ON);
	assert_int_equal(judge(0, 100, 60001), WR_CANARY_PASSED);
	assert_int_equal(judge(0, 99, 599999), WR_CANARY_GO_ON);
	assert_int_equal(judge(0, 99, 600000), WR_CANARY_TOO_FEW);
	assert_int_equal(judge(0, 0, 600000), WR_CANARY_TOO_FEW);
}

static void one_that_fails_is_not_given_more_time_for_more_events(void **state)
{
	(void)state;
	assert_int_equal(judge(5, 99, 59999), WR_CANARY_GO_ON);
	assert_int_equal(judge(5, 99, 60000), WR_CANARY_WORSE);
}

static void an_open_circuit_of_its_own_ends_it(void **state)
{
	struct wr_canary_facts facts = {{0, 0}, {3, 3}, 1500, 999};

	(void)state;
	assert_int_equal(wr_canary_judge(&rules, &facts), WR_CANARY_GO_ON);
	facts.broken_ms = 1000;
	assert_int_equal(wr_canary_judge(&rules, &facts), WR_CANARY_BROKEN);
}

static void without_events_of_the_other_every_error_counts(void **state)
{
	const struct wr_canary_facts facts = {{0, 0}, {1000, 11}, 60000, 0};

	(void)state;
	assert_int_equal(wr_canary_judge(&rules, &facts), WR_CANARY_WORSE);
}

static void what_fails_as_often_as_the_other_passes(void **state)
{
	const struct wr_canary_facts facts = {{900, 900}, {100, 100}, 60000, 0};

	(void)state;
	assert_int_equal(wr_canary_judge(&rules, &facts), WR_CANARY_PASSED);
}

static void every_verdict_has_its_words(void **state)
{
	(void)state;
	for (int v = WR_CANARY_GO_ON; v <= WR_CANARY_TOO_FEW; v++)
		assert_true(wr_canary_verdict_text((enum wr_canary_verdict)v)[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(about_a_share_of_the_keys_is_taken),
	    cmocka_unit_test(a_key_stays_on_its_side_in_every_process),
	    cmocka_unit_test(a_larger_share_takes_what_a_smaller_one_takes),
	    cmocka_unit_test(a_good_one_passes_when_its_time_is_over),
	    cmocka_unit_test(a_worse_one_goes_when_its_time_is_over),
	    cmocka_unit_test(a_clearly_worse_one_goes_at_once),
	    cmocka_unit_test(with_too_few_events_it_waits_for_more),
	    cmocka_unit_test(one_that_fails_is_not_given_more_time_for_more_events),
	    cmocka_unit_test(an_open_circuit_of_its_own_ends_it),
	    cmocka_unit_test(without_events_of_the_other_every_error_counts),
	    cmocka_unit_test(what_fails_as_often_as_the_other_passes),
	    cmocka_unit_test(every_verdict_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
