#include "config.h"

#include "kafka/topics.h"

#include "tests/kafka/mock.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define PATTERN "^p\\.retry\\."

static struct mock m;

static struct wr_topic_filter filter_of(const char *pattern)
{
	static char *names[] = {(char *)(uintptr_t) "in"};
	const struct wr_conf_strings topics = {names, 1};
	struct wr_topic_filter filter;
	struct wr_err err;

	assert_int_equal(wr_topic_filter_init(&filter, &topics, pattern, true, &err), WR_OK);
	return filter;
}

static rd_kafka_resp_err_t ask(const char *pattern, struct wr_topic_list *list_r)
{
	struct wr_topic_filter filter = filter_of(pattern);
	rd_kafka_resp_err_t error = wr_topic_list_ask(&filter, m.rk, TIMEOUT_MS, list_r);

	wr_topic_filter_fini(&filter);
	return error;
}

static int32_t partitions_of(const struct wr_topic_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].name, name) == 0)
			return list->items[i].partitions;
	}
	return 0;
}

static void topics_are_told_by_name_and_by_pattern(void **state)
{
	struct wr_topic_list list;

	(void)state;
	assert_int_equal(ask(PATTERN, &list), RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(list.count, 2);
	assert_int_equal(partitions_of(&list, "in"), 3);
	assert_int_equal(partitions_of(&list, "p.retry.5s"), 3);
	wr_topic_list_fini(&list);
	assert_int_equal(list.count, 0);
}

static void without_a_pattern_names_alone_count(void **state)
{
	struct wr_topic_list list;

	(void)state;
	assert_int_equal(ask(NULL, &list), RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(list.count, 1);
	wr_topic_list_fini(&list);
}

/* The mock cluster can't add any: what can't be altered stays as it is, and is told as it is. */
static void a_topic_that_can_not_be_altered_is_told_all_the_same(void **state)
{
	struct wr_topic_list list;
	struct wr_err err;

	(void)state;
	mock_topic(&m, "q.retry.5s", 2);
	assert_int_not_equal(wr_kafka_add_partitions(m.rk, "q.retry.5s", 3, 1000, &err), WR_OK);
	assert_string_not_equal(err.text, "");
	assert_int_equal(ask("^q\\.retry\\.", &list), RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(partitions_of(&list, "q.retry.5s"), 2);
	wr_topic_list_fini(&list);
}

static void an_impossible_number_of_partitions_is_refused(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_kafka_add_partitions(m.rk, "p.retry.5s", 0, 1000, &err), WR_EREFUSED);
}

static void a_cluster_that_does_not_answer_is_an_error(void **state)
{
	struct wr_topic_filter filter = filter_of(PATTERN);
	struct wr_topic_list list;

	(void)state;
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	assert_int_not_equal(wr_topic_list_ask(&filter, m.rk, 200, &list),
			     RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(list.count, 0);
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	wr_topic_filter_fini(&filter);
}

static void a_broken_pattern_is_refused(void **state)
{
	const struct wr_conf_strings none = {NULL, 0};
	struct wr_topic_filter filter;
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_topic_filter_init(&filter, &none, "^(", true, &err), WR_EINVAL);
}

static int start(void **state)
{
	(void)state;
	mock_start(&m);
	mock_topic(&m, "in", 3);
	mock_topic(&m, "p.retry.5s", 3);
	mock_topic(&m, "other", 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mock_stop(&m);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(topics_are_told_by_name_and_by_pattern),
	    cmocka_unit_test(without_a_pattern_names_alone_count),
	    cmocka_unit_test(a_topic_that_can_not_be_altered_is_told_all_the_same),
	    cmocka_unit_test(an_impossible_number_of_partitions_is_refused),
	    cmocka_unit_test(a_cluster_that_does_not_answer_is_an_error),
	    cmocka_unit_test(a_broken_pattern_is_refused),
	};

	if (MOCK_IS_SKIPPED)
		return MOCK_SKIP;
	return cmocka_run_group_tests(tests, start, stop);
}
