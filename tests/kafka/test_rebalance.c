#include "config.h"

#include "tests/kafka/mock.h"

#include "base/clock.h"

#define PARTITIONS 4
#define MOCK_HEARTBEAT 12

static struct mock m;

static int set_up(void **state)
{
	(void)state;
	mock_start(&m);
	mock_topic(&m, "in", PARTITIONS);
	for (int i = 0; i < PARTITIONS; i++)
		mock_send(&m, "in", i, "v", 3);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mock_stop(&m);
	return 0;
}

static size_t assigned_count(struct wr_source *source)
{
	struct wr_partition *const *partitions;

	return source->ops->partitions(source, &partitions);
}

static void place_all(struct wr_source *source)
{
	struct wr_partition *const *partitions;
	size_t count = source->ops->partitions(source, &partitions);

	for (size_t i = 0; i < count; i++)
		mock_place(source, partitions[i], 0);
}

static bool is_member(struct wr_source *source)
{
	rd_kafka_consumer_group_metadata_t *group = wr_kafka_source_group(source);

	if (group != NULL)
		rd_kafka_consumer_group_metadata_destroy(group);
	return group != NULL;
}

/* Polls both until the first has to release its partitions; the other has none yet. */
static void await_revoking(struct wr_source *a, struct wr_source *b)
{
	enum wr_source_event event;

	while ((event = a->ops->poll(a)) == WR_SOURCE_NONE) {
		assert_int_equal(b->ops->poll(b), WR_SOURCE_NONE);
		mock_wait(&m);
	}
	assert_int_equal(event, WR_SOURCE_REVOKING);
}

/* A member that came too late for a rebalance begins another one, so partitions may have to be released again. */
static void follow(struct wr_source *source, bool *assigned_p)
{
	switch (source->ops->poll(source)) {
	case WR_SOURCE_NONE:
		return;
	case WR_SOURCE_ASSIGNED:
		*assigned_p = true;
		return;
	case WR_SOURCE_REVOKING:
	case WR_SOURCE_LOST:
		source->ops->release(source);
		*assigned_p = false;
		return;
	case WR_SOURCE_ASTRAY:
		break;
	}
	fail_msg("astray");
}

/* Until both hold their share. */
static void await_shares(struct wr_source *a, struct wr_source *b)
{
	bool assigned_a = false, assigned_b = false;

	while (!assigned_a || !assigned_b || assigned_count(a) + assigned_count(b) != PARTITIONS) {
		follow(a, &assigned_a);
		follow(b, &assigned_b);
		mock_wait(&m);
	}
}

/* Until this one holds all. */
static void await_all(struct wr_source *a)
{
	bool assigned = false;

	while (!assigned || assigned_count(a) != PARTITIONS) {
		follow(a, &assigned);
		mock_wait(&m);
	}
}

static void partitions_go_over_to_another_member_once_they_are_released(void **state)
{
	struct wr_source *a, *b;
	struct wr_source_record record;
	uint32_t epoch;

	(void)state;
	a = mock_source(&m, "in", "shared", NULL);
	mock_await(&m, a, WR_SOURCE_ASSIGNED);
	assert_int_equal(assigned_count(a), PARTITIONS);
	assert_true(is_member(a));
	epoch = mock_partition(a, 0)->epoch;
	place_all(a);
	mock_take(&m, a, &record);
	b = mock_source(&m, "in", "shared", NULL);
	await_revoking(a, b);

	/* Until then they are this member's: it can commit, but takes nothing more. */
	assert_int_equal(a->ops->take(a, &record + 0, 1, 1000), 0);
	assert_true(is_member(a));
	a->ops->give_back(a, &record);
	a->ops->release(a);
	assert_false(is_member(a));
	assert_int_equal(assigned_count(a), 0);

	await_shares(a, b);
	assert_int_equal(assigned_count(a), PARTITIONS / 2);
	assert_true(is_member(a) && is_member(b));
	for (int i = 0; i < PARTITIONS; i++) {
		struct wr_partition *const *partitions;
		size_t count = a->ops->partitions(a, &partitions);

		for (size_t j = 0; j < count; j++)
			assert_int_not_equal(partitions[j]->epoch, epoch);
	}
	b->ops->destroy(b, 5000);
	await_all(a);
	a->ops->destroy(a, 5000);
}

static void a_rebalance_forgets_the_question_that_is_under_way(void **state)
{
	struct wr_source *a, *b;

	(void)state;
	a = mock_source(&m, "in", "asking", NULL);
	mock_await(&m, a, WR_SOURCE_ASSIGNED);
	mock_fail(&m, MOCK_OFFSET_FETCH, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, MOCK_ALWAYS);
	a->ops->refresh(a);
	b = mock_source(&m, "in", "asking", NULL);
	await_revoking(a, b);
	a->ops->refresh(a); /* has nothing to ask for */
	assert_null(a->ops->trouble(a));
	a->ops->release(a);
	mock_fail_no_more(&m, MOCK_OFFSET_FETCH);
	await_shares(a, b);
	a->ops->destroy(a, 5000);
	b->ops->destroy(b, 0);
}

static void a_member_that_the_group_forgot_has_lost_its_partitions(void **state)
{
	struct wr_source *a;

	(void)state;
	a = mock_source(&m, "in", "lost", NULL);
	mock_await(&m, a, WR_SOURCE_ASSIGNED);
	mock_fail(&m, MOCK_HEARTBEAT, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1);
	mock_await(&m, a, WR_SOURCE_LOST);
	a->ops->release(a);
	assert_false(is_member(a));
	mock_await(&m, a, WR_SOURCE_ASSIGNED);
	assert_true(is_member(a));
	a->ops->destroy(a, 5000);
}

/* Neither for the answer to its leaving nor for a question that is under way. */
static void the_end_does_not_wait_for_a_broker_that_hangs(void **state)
{
	struct wr_source *a;

	(void)state;
	a = mock_source(&m, "in", "hangs", NULL);
	mock_await(&m, a, WR_SOURCE_ASSIGNED);
	rd_kafka_mock_broker_set_rtt(m.cluster, 1, 3600 * 1000);
	a->ops->refresh(a);
	a->ops->destroy(a, 1);
}

/* Else librdkafka may be told twice to stop a partition, and ends the process. */
static void the_end_keeps_its_distance_from_a_change_of_what_is_read(void **state)
{
	struct wr_source_record record;
	struct wr_source *a;
	int64_t before_ns;

	(void)state;
	a = mock_source(&m, "in", "steps", NULL);
	mock_await(&m, a, WR_SOURCE_ASSIGNED);
	mock_place(a, mock_partition(a, 0), 0);
	mock_take(&m, a, &record);
	a->ops->give_back(a, &record);
	mock_place(a, mock_partition(a, 1), 0);
	before_ns = wr_clock_mono_ns(&wr_clock_real);
	assert_int_equal(a->ops->poll(a), WR_SOURCE_NONE); /* stops the first to read both */
	a->ops->destroy(a, 5000);
	assert_true(wr_clock_mono_ns(&wr_clock_real) - before_ns >= 250 * WR_NS_PER_MS);
}

static void releasing_without_need_does_nothing(void **state)
{
	struct wr_source *a;

	(void)state;
	a = mock_source(&m, "in", "g", NULL);
	a->ops->release(a);
	a->ops->refresh(a);
	assert_int_equal(assigned_count(a), 0);
	a->ops->destroy(a, 0);
	a = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		partitions_go_over_to_another_member_once_they_are_released, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_rebalance_forgets_the_question_that_is_under_way,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_member_that_the_group_forgot_has_lost_its_partitions,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_end_does_not_wait_for_a_broker_that_hangs, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(
		the_end_keeps_its_distance_from_a_change_of_what_is_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(releasing_without_need_does_nothing, set_up, tear_down),
	};

	if (MOCK_IS_SKIPPED)
		return MOCK_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
