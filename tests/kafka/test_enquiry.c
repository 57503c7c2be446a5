#include "config.h"

#include "kafka/enquiry.h"
#include "tests/unit.h"

static bool fit(int64_t low, int64_t high)
{
	rd_kafka_topic_partition_list_t *lows = rd_kafka_topic_partition_list_new(2);
	rd_kafka_topic_partition_list_t *highs = rd_kafka_topic_partition_list_new(2);
	bool fits;

	rd_kafka_topic_partition_list_add(lows, "in", 0)->offset = 0;
	rd_kafka_topic_partition_list_add(highs, "in", 0)->offset = 7;
	rd_kafka_topic_partition_list_add(lows, "in", 1)->offset = low;
	rd_kafka_topic_partition_list_add(highs, "in", 1)->offset = high;
	fits = wr_enquiry_edges_fit(lows, highs);
	rd_kafka_topic_partition_list_destroy(lows);
	rd_kafka_topic_partition_list_destroy(highs);
	return fits;
}

static void an_empty_partition_and_a_full_one_fit(void **state)
{
	(void)state;
	assert_true(fit(0, 0));
	assert_true(fit(1000, 1000));
	assert_true(fit(0, 1000));
}

/* Trimmed up to 1000 when its beginning was asked for, and another one when its end was. */
static void a_topic_made_anew_between_two_answers_does_not(void **state)
{
	(void)state;
	assert_false(fit(1000, 0));
	assert_false(fit(1000, 999));
}

static void an_offset_that_is_none_does_not(void **state)
{
	(void)state;
	assert_false(fit(RD_KAFKA_OFFSET_INVALID, 3));
	assert_false(fit(0, RD_KAFKA_OFFSET_INVALID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_partition_and_a_full_one_fit),
	    cmocka_unit_test(a_topic_made_anew_between_two_answers_does_not),
	    cmocka_unit_test(an_offset_that_is_none_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
