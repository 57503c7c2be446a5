#include "config.h"

#include "kafka/topic_limits.h"
#include "tests/unit.h"

static void a_limit_is_unknown_until_it_is_set(void **state)
{
	struct wr_topic_limits *limits;

	(void)state;
	assert_int_equal(wr_topic_limits_create(&limits), WR_OK);
	assert_int_equal(wr_topic_limits_get(limits, "a"), -1);
	wr_topic_limits_set(limits, "a", 10);
	assert_int_equal(wr_topic_limits_get(limits, "a"), 10);
	assert_int_equal(wr_topic_limits_get(limits, "b"), -1);
	wr_topic_limits_destroy(limits);
}

static void a_limit_may_change(void **state)
{
	struct wr_topic_limits *limits;

	(void)state;
	assert_int_equal(wr_topic_limits_create(&limits), WR_OK);
	wr_topic_limits_set(limits, "a", 10);
	wr_topic_limits_set(limits, "b", 20);
	wr_topic_limits_set(limits, "a", 30);
	assert_int_equal(wr_topic_limits_get(limits, "a"), 30);
	assert_int_equal(wr_topic_limits_get(limits, "b"), 20);
	wr_topic_limits_destroy(limits);
}

static void nothing_knows_no_limit(void **state)
{
	(void)state;
	assert_int_equal(wr_topic_limits_get(NULL, "a"), -1);
	wr_topic_limits_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_limit_is_unknown_until_it_is_set),
	    cmocka_unit_test(a_limit_may_change),
	    cmocka_unit_test(nothing_knows_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
