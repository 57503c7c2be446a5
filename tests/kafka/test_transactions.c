#include "config.h"

#include "tests/kafka/mock.h"

/* One member of one group for all rules: joining takes seconds. */
static struct mock m;
static struct wr_source *source;
static struct wr_sink *sink;
static struct wr_sink_topic *out;
static unsigned acked, refused, unknown;

static void done(void *arg, void *token, enum wr_code code, const char *reason)
{
	(void)arg;
	(void)token;
	(void)reason;
	acked += code == WR_OK;
	refused += code == WR_EREFUSED;
	unknown += code == WR_EUNKNOWN;
	assert_true(code == WR_OK || code == WR_EREFUSED || code == WR_EUNKNOWN);
}

static struct wr_sink *open_sink(const char *id)
{
	const struct wr_kafka_sink_options options = {
	    .kafka = &m.kafka,
	    .name = {"i", "p", 0},
	    .transactional_id = id,
	    .queue_bytes = 1 << 20,
	    .wake_fd = m.wake_fd,
	    .done = done,
	};
	struct wr_sink *s;
	struct wr_err err;

	assert_int_equal(wr_kafka_sink_create(&options, &s, &err), WR_OK);
	assert_int_equal(s->ops->topic(s, "out", &out, &err), WR_OK);
	return s;
}

static enum wr_code await_status(struct wr_sink *s)
{
	enum wr_code code;

	while ((code = s->ops->transaction_status(s)) == WR_EFULL) {
		s->ops->poll(s, 0);
		mock_wait(&m);
	}
	return code;
}

static int start(void **state)
{
	(void)state;
	mock_start(&m);
	mock_topic(&m, "in", 1);
	mock_topic(&m, "out", 1);
	source = mock_source(&m, "in", "g", NULL);
	mock_await(&m, source, WR_SOURCE_ASSIGNED);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	source->ops->destroy(source, 5000);
	mock_stop(&m);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	acked = refused = unknown = 0;
	sink = open_sink("weir-p-i-0");
	assert_int_equal(await_status(sink), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (sink != NULL)
		sink->ops->destroy(sink);
	sink = NULL;
	assert_int_equal(source->ops->poll(source), WR_SOURCE_NONE);
	return 0;
}

static void begin(void)
{
	struct wr_err err;

	assert_int_equal(sink->ops->begin(sink, &err), WR_OK);
}

static enum wr_code put(void)
{
	const struct wr_sink_record record = {.topic = out, .value = wr_bytes_of("value")};
	struct wr_err err;

	return sink->ops->write(sink, &record, NULL, &err);
}

static void put_acked(void)
{
	unsigned before = acked;

	assert_int_equal(put(), WR_OK);
	while (acked == before)
		sink->ops->poll(sink, 20);
}

static void put_refused(void)
{
	mock_fail(&m, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1);
	assert_int_equal(put(), WR_OK);
	while (refused == 0)
		sink->ops->poll(sink, 20);
}

static void commit(struct wr_source *of)
{
	const struct wr_source_commit commits[] = {
	    {mock_partition(source, 0), 5, wr_bytes_of("meta")}};

	sink->ops->commit(sink, of, commits, 1);
}

static void abort_it(void)
{
	sink->ops->abort(sink);
	assert_int_equal(await_status(sink), WR_OK);
}

static void commit_one(void)
{
	begin();
	put_acked();
	commit(source);
	assert_int_equal(await_status(sink), WR_OK);
}

static void a_transaction_is_committed_with_its_offsets(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		begin();
		put_acked();
		put_acked();
		commit(source);
		assert_int_equal(await_status(sink), WR_OK);
	}
	assert_int_equal(acked, 6);
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
}

static void offsets_can_be_committed_alone(void **state)
{
	(void)state;
	begin();
	commit(source);
	assert_int_equal(await_status(sink), WR_OK);
}

static void an_empty_transaction_is_committed(void **state)
{
	(void)state;
	begin();
	sink->ops->commit(sink, source, NULL, 0);
	assert_int_equal(await_status(sink), WR_OK);
}

static void a_transaction_is_aborted_and_another_begun(void **state)
{
	(void)state;
	begin();
	put_acked();
	abort_it();
	commit_one();
}

static void what_is_outstanding_at_an_abort_is_completed(void **state)
{
	(void)state;
	begin();
	put_acked();
	for (int i = 0; i < 100; i++)
		assert_int_equal(put(), WR_OK);
	abort_it();
	assert_int_equal(acked + unknown, 101);
	assert_int_equal(refused, 0);
}

static void outside_of_a_transaction_nothing_is_written(void **state)
{
	(void)state;
	assert_int_equal(put(), WR_EUNKNOWN);
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
}

static void a_refused_record_leaves_only_an_abort(void **state)
{
	(void)state;
	begin();
	put_acked();
	put_refused();
	assert_int_equal(put(), WR_EUNKNOWN);
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
	abort_it();
	commit_one();
}

static void a_commit_after_a_refused_record_is_refused(void **state)
{
	(void)state;
	begin();
	put_refused();
	commit(source);
	assert_int_equal(await_status(sink), WR_EREFUSED);
	abort_it();
}

static void a_group_that_has_gone_on_refuses_the_offsets(void **state)
{
	static const rd_kafka_resp_err_t errors[] = {
	    RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
	    RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
	    RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
	    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(errors); i++) {
		begin();
		put_acked();
		mock_fail(&m, MOCK_TXN_OFFSET_COMMIT, errors[i], 1);
		commit(source);
		assert_int_equal(await_status(sink), WR_EREFUSED);
		abort_it();
	}
	assert_int_equal(sink->ops->state(sink), WR_SINK_UP);
}

/* Without a member's name a broker would not check at all. */
static void offsets_of_no_member_are_not_sent(void **state)
{
	struct wr_source *stranger = mock_source(&m, "in", "other", NULL);

	(void)state;
	begin();
	put_acked();
	commit(stranger);
	assert_int_equal(await_status(sink), WR_EREFUSED);
	stranger->ops->destroy(stranger, 0);
	abort_it();
}

static void what_can_be_tried_again_is_tried_again(void **state)
{
	(void)state;
	begin();
	put_acked();
	mock_fail(&m, MOCK_TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 2);
	mock_fail(&m, MOCK_END_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 2);
	commit(source);
	assert_int_equal(await_status(sink), WR_OK);
	/* The answer is lost: asked again, the broker says that it was done. */
	begin();
	put_acked();
	mock_fail(&m, MOCK_END_TXN, RD_KAFKA_RESP_ERR__TRANSPORT, 1);
	commit(source);
	assert_int_equal(await_status(sink), WR_OK);
}

static void a_fenced_producer_is_broken(void **state)
{
	struct wr_err err;

	(void)state;
	begin();
	put_acked();
	mock_fail(&m, MOCK_END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, 1);
	commit(source);
	assert_int_equal(await_status(sink), WR_EUNKNOWN);
	assert_int_equal(sink->ops->state(sink), WR_SINK_BROKEN);
	assert_int_equal(put(), WR_EUNKNOWN);
	assert_int_equal(sink->ops->begin(sink, &err), WR_EUNKNOWN);
	assert_string_not_equal(err.text, "");
}

static void a_producer_that_is_fenced_while_it_writes_is_broken(void **state)
{
	(void)state;
	begin();
	mock_fail(&m, MOCK_ADD_PARTITIONS_TO_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 1);
	assert_int_equal(put(), WR_OK);
	while (sink->ops->state(sink) != WR_SINK_BROKEN)
		sink->ops->poll(sink, 20);
	sink->ops->destroy(sink);
	sink = NULL;
	assert_int_equal(unknown, 1);
}

static void an_abort_that_can_not_be_is_unknown(void **state)
{
	(void)state;
	begin();
	put_acked();
	mock_fail(&m, MOCK_END_TXN, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, 1);
	sink->ops->abort(sink);
	assert_int_equal(await_status(sink), WR_EUNKNOWN);
	assert_int_equal(sink->ops->state(sink), WR_SINK_BROKEN);
}

static void another_one_goes_on_after_a_broken_one(void **state)
{
	(void)state;
	begin();
	put_acked();
	mock_fail(&m, MOCK_END_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 1);
	commit(source);
	assert_int_equal(await_status(sink), WR_EUNKNOWN);
	sink->ops->destroy(sink);
	sink = open_sink("weir-p-i-0");
	assert_int_equal(await_status(sink), WR_OK);
	commit_one();
}

static void beginning_waits_for_a_coordinator(void **state)
{
	(void)state;
	sink->ops->destroy(sink);
	mock_fail(&m, MOCK_INIT_PRODUCER_ID, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, 2);
	sink = open_sink("weir-p-i-0");
	assert_int_equal(await_status(sink), WR_OK);
}

static void one_that_is_not_allowed_to_begin_is_broken(void **state)
{
	(void)state;
	sink->ops->destroy(sink);
	mock_fail(&m, MOCK_INIT_PRODUCER_ID,
		  RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 1);
	sink = open_sink("weir-p-i-0");
	assert_int_equal(await_status(sink), WR_EUNKNOWN);
	assert_int_equal(sink->ops->state(sink), WR_SINK_BROKEN);
}

static void the_end_does_not_wait_for_a_broker(void **state)
{
	(void)state;
	begin();
	put_acked();
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	commit(source);
	assert_int_equal(sink->ops->transaction_status(sink), WR_EFULL);
	sink->ops->destroy(sink);
	sink = open_sink("weir-p-i-0");
	sink->ops->destroy(sink); /* before it has begun */
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	sink = open_sink("weir-p-i-0");
	assert_int_equal(await_status(sink), WR_OK);
}

static void the_end_comes_in_an_abort_too(void **state)
{
	(void)state;
	begin();
	put_acked();
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(put(), WR_OK);
	sink->ops->abort(sink);
	sink->ops->destroy(sink);
	sink = NULL;
	assert_int_equal(unknown, 10);
	rd_kafka_mock_broker_set_up(m.cluster, 1);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_transaction_is_committed_with_its_offsets),
	    RULE(offsets_can_be_committed_alone),
	    RULE(an_empty_transaction_is_committed),
	    RULE(a_transaction_is_aborted_and_another_begun),
	    RULE(what_is_outstanding_at_an_abort_is_completed),
	    RULE(outside_of_a_transaction_nothing_is_written),
	    RULE(a_refused_record_leaves_only_an_abort),
	    RULE(a_commit_after_a_refused_record_is_refused),
	    RULE(a_group_that_has_gone_on_refuses_the_offsets),
	    RULE(offsets_of_no_member_are_not_sent),
	    RULE(what_can_be_tried_again_is_tried_again),
	    RULE(a_fenced_producer_is_broken),
	    RULE(a_producer_that_is_fenced_while_it_writes_is_broken),
	    RULE(an_abort_that_can_not_be_is_unknown),
	    RULE(another_one_goes_on_after_a_broken_one),
	    RULE(beginning_waits_for_a_coordinator),
	    RULE(one_that_is_not_allowed_to_begin_is_broken),
	    RULE(the_end_comes_in_an_abort_too),
	    RULE(the_end_does_not_wait_for_a_broker),
	};

	if (MOCK_IS_SKIPPED)
		return MOCK_SKIP;
	return cmocka_run_group_tests(tests, start, stop);
}
