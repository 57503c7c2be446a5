#include "config.h"

#include "tests/kafka/mock.h"
#include "tests/kafka/refused_topic.h"

#include "kafka/admin.h"
#include "kafka/embedded.h"

static struct mock m;
static struct wr_kafka_admin *admin;

static int set_up(void **state)
{
	const struct wr_kafka_name name = {"i", "admin", -1};
	struct wr_err err;

	(void)state;
	mock_start(&m);
	assert_int_equal(wr_kafka_admin_create(&m.kafka, &name, &admin, &err), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_kafka_admin_destroy(admin);
	mock_stop(&m);
	return 0;
}

static void a_cluster_that_is_there_answers(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_kafka_admin_ping(admin, 30000, &err), WR_OK);
}

static void a_cluster_that_is_gone_is_unavailable(void **state)
{
	struct wr_err err;

	(void)state;
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	assert_int_equal(wr_kafka_admin_ping(admin, 50, &err), WR_EUNAVAILABLE);
	assert_string_not_equal(err.text, "");
}

static void a_topic_has_its_partitions(void **state)
{
	struct wr_err err;
	int count;

	(void)state;
	mock_topic(&m, "t", 7);
	assert_int_equal(wr_kafka_admin_partitions(admin, "t", 30000, &count, &err), WR_OK);
	assert_int_equal(count, 7);
}

static void a_topic_that_may_not_be_seen_is_refused(void **state)
{
	struct wr_err err;
	int count;

	(void)state;
	mock_topic(&m, "secret", 1);
	refuse_topic(m.cluster, "secret", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_int_equal(wr_kafka_admin_partitions(admin, "secret", 30000, &count, &err),
			 WR_EREFUSED);
	assert_int_equal(count, 0);
}

static void a_topic_that_is_not_there_is_not_found(void **state)
{
	struct wr_err err;
	int count;

	(void)state;
	mock_topic(&m, "gone", 1);
	refuse_topic(m.cluster, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	assert_int_equal(wr_kafka_admin_partitions(admin, "gone", 30000, &count, &err),
			 WR_ENOTFOUND);
}

static void an_embedded_cluster_has_the_topics_that_it_is_given(void **state)
{
	const struct wr_kafka_name name = {"i", "admin", -1};
	struct wr_conf_kafka kafka = {.brokers = NULL};
	struct wr_kafka_admin *other;
	struct wr_embedded *embedded;
	struct wr_err err;
	int count;

	(void)state;
	assert_int_equal(wr_embedded_start(&embedded, &err), WR_OK);
	assert_int_equal(wr_embedded_create_topic(embedded, "t", &err), WR_OK);
	assert_int_equal(wr_embedded_create_topic(embedded, "t", &err), WR_OK);
	kafka.brokers = (char *)(uintptr_t)wr_embedded_brokers(embedded);
	assert_int_equal(wr_kafka_admin_create(&kafka, &name, &other, &err), WR_OK);
	assert_int_equal(wr_kafka_admin_partitions(other, "t", 30000, &count, &err), WR_OK);
	assert_true(count > 0);
	wr_kafka_admin_destroy(other);
	wr_embedded_stop(embedded);
}

static void errors_that_no_retry_heals_are_permanent(void **state)
{
	(void)state;
	assert_true(wr_kafka_is_permanent(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE));
	assert_true(wr_kafka_is_permanent(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
	assert_false(wr_kafka_is_permanent(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
	assert_false(wr_kafka_is_permanent(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
	assert_false(wr_kafka_is_permanent(RD_KAFKA_RESP_ERR__PURGE_QUEUE));
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_cluster_that_is_there_answers),
	    RULE(a_cluster_that_is_gone_is_unavailable),
	    RULE(a_topic_has_its_partitions),
	    RULE(a_topic_that_may_not_be_seen_is_refused),
	    RULE(a_topic_that_is_not_there_is_not_found),
	    RULE(an_embedded_cluster_has_the_topics_that_it_is_given),
	    cmocka_unit_test(errors_that_no_retry_heals_are_permanent),
	};

	if (MOCK_IS_SKIPPED)
		return MOCK_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
