#include "config.h"

#include "core/tier.h"

#include "tests/unit.h"

static const struct wr_tiers ladder = {{5000, 60000, 600000}, 3};

static void each_attempt_takes_the_next_tier_and_the_last_repeats(void **state)
{
	(void)state;
	assert_int_equal(wr_tier_after(&ladder, 1, 0), 0);
	assert_int_equal(wr_tier_after(&ladder, 2, 0), 1);
	assert_int_equal(wr_tier_after(&ladder, 3, 0), 2);
	assert_int_equal(wr_tier_after(&ladder, 4, 0), 2);
	assert_int_equal(wr_tier_after(&ladder, UINT32_MAX, 0), 2);
}

static void what_the_handler_asks_for_is_rounded_up_to_a_tier(void **state)
{
	(void)state;
	assert_int_equal(wr_tier_after(&ladder, 3, 1), 0);
	assert_int_equal(wr_tier_after(&ladder, 1, 5000), 0);
	assert_int_equal(wr_tier_after(&ladder, 1, 5001), 1);
	assert_int_equal(wr_tier_after(&ladder, 1, INT64_MAX), 2);
}

static void a_delay_has_one_name(void **state)
{
	static const struct {
		int64_t ms;
		const char *name;
	} cases[] = {{0, "0"},         {1, "1ms"},       {1500, "1500ms"}, {5000, "5s"},
		     {90000, "90s"},   {60000, "1m"},    {600000, "10m"},  {3600000, "1h"},
		     {5400000, "90m"}, {86400000, "24h"}};
	char name[WR_TIER_NAME_BYTES];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		wr_tier_name(cases[i].ms, name);
		assert_string_equal(name, cases[i].name);
		assert_true(wr_tier_parse(cases[i].name, &ms));
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_name_of_a_delay_is_refused(void **state)
{
	static const char *const names[] = {"",
					    "s",
					    "5",
					    "60s",
					    "1000ms",
					    "05s",
					    "5S",
					    "5s ",
					    "-5s",
					    "0s",
					    "25h",
					    "1d",
					    "5us",
					    "99999999999999999999999ms",
					    "9223372036854775807h"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++)
		assert_false(wr_tier_parse(names[i], &ms));
}

static void a_topic_is_known_by_pipeline_and_delay(void **state)
{
	char topic[WR_TOPIC_BYTES], longest[300];
	int64_t ms;

	(void)state;
	assert_true(wr_retry_topic("payments", 600000, topic));
	assert_string_equal(topic, "payments.retry.10m");
	assert_true(wr_retry_topic_parse("payments", topic, &ms));
	assert_int_equal(ms, 600000);
	assert_true(wr_retry_topic_parse("payments", "payments.retry.0", &ms));
	assert_int_equal(ms, 0);
	assert_false(wr_retry_topic_parse("pay", topic, &ms));
	assert_false(wr_retry_topic_parse("payments", "payments.retry.", &ms));
	assert_false(wr_retry_topic_parse("payments", "payments.retry.5s.more", &ms));
	assert_false(wr_retry_topic_parse("payments", "payments-retry-5s", &ms));
	memset(longest, 'p', sizeof(longest));
	longest[245] = '\0';
	assert_false(wr_retry_topic(longest, 5000, topic));
	longest[240] = '\0';
	assert_true(wr_retry_topic(longest, 5000, topic));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_attempt_takes_the_next_tier_and_the_last_repeats),
	    cmocka_unit_test(what_the_handler_asks_for_is_rounded_up_to_a_tier),
	    cmocka_unit_test(a_delay_has_one_name),
	    cmocka_unit_test(what_is_no_name_of_a_delay_is_refused),
	    cmocka_unit_test(a_topic_is_known_by_pipeline_and_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
