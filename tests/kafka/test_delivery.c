#include "config.h"

#include "kafka/delivery.h"
#include "tests/unit.h"

static enum wr_code outcome(rd_kafka_resp_err_t error, bool transactional, bool broken)
{
	const rd_kafka_message_t message = {.err = error, .offset = 5};

	return wr_delivery_outcome(&message, transactional, broken);
}

static void an_ack_is_ok(void **state)
{
	(void)state;
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_NO_ERROR, false, false), WR_OK);
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_NO_ERROR, true, false), WR_OK);
}

static void an_ack_without_an_offset_is_a_guess(void **state)
{
	const rd_kafka_message_t message = {.offset = RD_KAFKA_OFFSET_INVALID};

	(void)state;
	assert_true(wr_delivery_is_guessed(&message));
	assert_int_equal(wr_delivery_outcome(&message, false, false), WR_EUNKNOWN);
}

static void the_fault_of_a_record_is_refused_for_good(void **state)
{
	(void)state;
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, false, false), WR_EREFUSED);
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, true, true), WR_EREFUSED);
}

static void what_was_purged_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR__PURGE_QUEUE, false, false), WR_EUNKNOWN);
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, false, false), WR_EUNKNOWN);
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR__FATAL, false, false), WR_EUNKNOWN);
}

static void anything_else_is_worth_another_try_but_in_a_transaction(void **state)
{
	(void)state;
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, false, false),
			 WR_EUNAVAILABLE);
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, true, false),
			 WR_EUNKNOWN);
	assert_int_equal(outcome(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, false, true),
			 WR_EUNKNOWN);
}

static void a_reason_is_a_sentence_that_fits(void **state)
{
	char text[WR_DELIVERY_REASON_BYTES], topic[2000];

	(void)state;
	wr_delivery_explain(NULL, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "out", 12, text);
	assert_string_equal(text,
			    "topic out refused a record of 12 bytes: Broker: Policy violation");
	memset(topic, 'x', sizeof(topic) - 1);
	topic[sizeof(topic) - 1] = '\0';
	wr_delivery_explain(NULL, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, topic, 12, text);
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

static void all_ways_to_be_fenced_are_known(void **state)
{
	(void)state;
	assert_true(wr_delivery_is_fenced(RD_KAFKA_RESP_ERR__FENCED));
	assert_true(wr_delivery_is_fenced(RD_KAFKA_RESP_ERR_PRODUCER_FENCED));
	assert_true(wr_delivery_is_fenced(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH));
	assert_false(wr_delivery_is_fenced(RD_KAFKA_RESP_ERR_INVALID_TXN_STATE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ack_is_ok),
	    cmocka_unit_test(an_ack_without_an_offset_is_a_guess),
	    cmocka_unit_test(the_fault_of_a_record_is_refused_for_good),
	    cmocka_unit_test(what_was_purged_is_unknown),
	    cmocka_unit_test(anything_else_is_worth_another_try_but_in_a_transaction),
	    cmocka_unit_test(a_reason_is_a_sentence_that_fits),
	    cmocka_unit_test(all_ways_to_be_fenced_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
