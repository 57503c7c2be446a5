#include "config.h"

#include "tests/http/fixture.h"

#include <stdio.h>

#define JSON "Content-Type: application/json\r\n"
#define NDJSON "Content-Type: application/x-ndjson\r\n"

static void assert_record(struct fixture *f, size_t index, const char *key, const char *value)
{
	assert_true(fake_kafka_wait(&f->kafka, index + 1));
	assert_string_equal(f->kafka.records[index].key, key);
	assert_string_equal(f->kafka.records[index].value, value);
}

static void an_event_is_accepted_once_it_is_acked(void **state)
{
	static const char event[] = "{ \"eventId\" : \"a-1\",\n\t\"payload\":{\"x\":1.50} }";
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, event);
	assert_record(f, 0, "a-1", event);
	assert_false(has_answer_within_ms(fd, 50));
	fake_kafka_complete_all(&f->kafka, WR_OK);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	assert_string_equal(a.body, "{\"accepted\":1}");
	assert_contains(a.headers, "Content-Type: application/json\r\n");
	assert_true(metric(f, "weir_http_events_total{result=\"accepted\"}") == 1);
	close(fd);
}

static void a_connection_serves_one_event_after_another(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd, i;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	for (i = 0; i < 100; i++) {
		post(fd, JSON, "{\"eventId\":7}");
		read_answer(fd, &a);
		assert_int_equal(a.status, 202);
	}
	assert_record(f, 99, "7", "{\"eventId\":7}");
	close(fd);
}

static void pipelined_events_are_answered_in_order(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	post(fd, JSON, "{}");
	post(fd, JSON, "{\"eventId\":2}");
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	assert_true(fake_kafka_wait(&f->kafka, 1));
	fake_kafka_complete(&f->kafka, 0, WR_OK);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	read_answer(fd, &a);
	assert_int_equal(a.status, 422);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
}

static void a_batch_is_split_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	exchange_post(f, JSON, "[ {\"eventId\":\"a\",\"key\":\"k\"} ,{ \"eventId\":42 }\n]", &a);
	assert_int_equal(a.status, 202);
	assert_string_equal(a.body, "{\"accepted\":2}");
	assert_record(f, 0, "k", "{\"eventId\":\"a\",\"key\":\"k\"}");
	assert_record(f, 1, "42", "{ \"eventId\":42 }");
}

static void ndjson_is_an_event_a_line(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	exchange_post(f, NDJSON, "{\"eventId\":\"a\"}\r\n\n{\"eventId\":\"b\"}", &a);
	assert_string_equal(a.body, "{\"accepted\":2}");
	assert_record(f, 0, "a", "{\"eventId\":\"a\"}");
	assert_record(f, 1, "b", "{\"eventId\":\"b\"}");
}

static void bad_events_of_a_batch_are_listed_and_the_good_ones_taken(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	exchange_post(f, NDJSON, "{\"eventId\":\"a\"}\n{\"x\":1}\n{\"eventId\":}\n", &a);
	assert_int_equal(a.status, 202);
	assert_contains(a.body, "{\"accepted\":1,\"rejected\":2,\"failed\":0,\"errors\":["
				"{\"index\":1,\"status\":422,\"detail\":\"eventId is missing\","
				"\"position\":{\"offset\":16,\"line\":2,\"column\":1}},"
				"{\"index\":2,\"status\":400,");
	assert_contains(a.body, "\"position\":{\"offset\":35,\"line\":3,\"column\":12}");
	assert_int_equal(fake_kafka_count(&f->kafka), 1);
	assert_true(metric(f, "weir_http_events_total{result=\"rejected\"}") == 2);
}

static void a_batch_without_a_good_event_is_unprocessable(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange_post(f, JSON, "[{},1]", &a);
	assert_int_equal(a.status, 422);
	assert_contains(a.headers, "application/problem+json");
	assert_contains(a.body, "\"accepted\":0,\"rejected\":2,\"failed\":0,\"errors\":[");
	exchange_post(f, JSON, "[]", &a);
	assert_int_equal(a.status, 422);
}

static void bad_json_is_refused_with_its_position(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":\"a\",\n  \"payload\": }", &a);
	assert_int_equal(a.status, 400);
	assert_contains(a.body, "\"type\":\"urn:weir:problem:bad-json\"");
	assert_contains(a.body, "\"position\":{\"offset\":29,\"line\":2,\"column\":14}");
	exchange_post(f, JSON, "[{\"eventId\":\"a\"},", &a);
	assert_int_equal(a.status, 400);
	assert_int_equal(fake_kafka_count(&f->kafka), 0);
}

static void an_empty_body_is_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange_post(f, JSON, "", &a);
	assert_int_equal(a.status, 400);
	assert_contains(a.body, "the body is empty");
	exchange_post(f, NDJSON, " \n\n", &a);
	assert_int_equal(a.status, 400);
}

static void types_that_are_not_taken_are_named(void **state)
{
	static const char *const refused[] = {
	    "Content-Type: application/x-www-form-urlencoded\r\n",
	    "Content-Type: text/plain\r\n",
	    "Content-Type: application/json5\r\n",
	    "Content-Type: application/json; charset=latin-1\r\n",
	    "Content-Type: application/cloudevents+json\r\n",
	    JSON "ce-specversion: 1.0\r\n",
	    JSON "Content-Encoding: gzip\r\n",
	};
	static const char *const taken[] = {
	    "",
	    "Content-Type: Application/JSON ; Charset=UTF-8\r\n",
	    "Content-Type: application/json;charset=\"utf-8\"\r\n",
	    "Content-Type: application/ndjson\r\n",
	    JSON "Content-Encoding: identity\r\n",
	};
	struct fixture *f = *state;
	struct answer a;
	size_t i;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	for (i = 0; i < UNIT_COUNT_OF(refused); i++) {
		exchange_post(f, refused[i], "{\"eventId\":1}", &a);
		assert_int_equal(a.status, 415);
		assert_contains(a.body, "\"detail\":\"");
	}
	for (i = 0; i < UNIT_COUNT_OF(taken); i++) {
		exchange_post(f, taken[i], "{\"eventId\":1}", &a);
		assert_int_equal(a.status, 202);
	}
}

static void an_idempotency_key_becomes_the_event_id(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	exchange_post(f, JSON "Idempotency-Key: \"k-1\"\r\n", " { \"x\":1 } ", &a);
	assert_int_equal(a.status, 202);
	assert_record(f, 0, "k-1", "{\"eventId\":\"k-1\", \"x\":1 }");
	exchange_post(f, JSON "Idempotency-Key: k-2\r\n", "{}", &a);
	assert_int_equal(a.status, 202);
	assert_record(f, 1, "k-2", "{\"eventId\":\"k-2\"}");
	exchange_post(f, JSON "Idempotency-Key: 42\r\n", "{\"eventId\":42}", &a);
	assert_int_equal(a.status, 202);
	assert_record(f, 2, "42", "{\"eventId\":42}");
}

static void an_idempotency_key_must_agree_and_name_one_event(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange_post(f, JSON "Idempotency-Key: a\r\n", "{\"eventId\":\"b\"}", &a);
	assert_int_equal(a.status, 422);
	exchange_post(f, JSON "Idempotency-Key: a\r\n", "[{\"eventId\":\"a\"}]", &a);
	assert_int_equal(a.status, 422);
	exchange_post(f, JSON "Idempotency-Key: \"\"\r\n", "{}", &a);
	assert_int_equal(a.status, 400);
	exchange_post(f, JSON "Idempotency-Key: \xC3\xA9\r\n", "{}", &a);
	assert_int_equal(a.status, 400);
	exchange_post(f, JSON "Idempotency-Key: a\r\nIdempotency-Key: b\r\n", "{}", &a);
	assert_int_equal(a.status, 400);
}

static void a_traceparent_goes_along(void **state)
{
	static const char parent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	struct fixture *f = *state;
	struct answer a;
	char headers[256];

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	snprintf(headers, sizeof(headers), JSON "traceparent: %s\r\n", parent);
	exchange_post(f, headers, "{\"eventId\":1}", &a);
	assert_contains(f->kafka.records[0].headers, parent);
	exchange_post(f, JSON "traceparent: 00-nonsense\r\n", "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 202);
	assert_string_equal(f->kafka.records[1].headers, "");
}

static void a_record_that_kafka_refuses_is_rejected(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_EREFUSED);
	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 422);
	fake_kafka_refuse(&f->kafka, WR_EREFUSED);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 422);
	assert_contains(a.body, "Kafka refuses this record for good");
}

static void a_full_sink_says_when_to_come_again(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_refuse(&f->kafka, WR_EFULL);
	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.headers, "Retry-After: 1\r\n");
	assert_contains(a.body, "urn:weir:problem:unavailable");
}

static void one_lost_ack_spoils_the_batch_and_is_told(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "[{\"eventId\":1},{\"eventId\":2},{}]");
	assert_true(fake_kafka_wait(&f->kafka, 2));
	fake_kafka_complete(&f->kafka, 0, WR_OK);
	assert_false(has_answer_within_ms(fd, 50));
	fake_kafka_complete(&f->kafka, 1, WR_EUNKNOWN);
	read_answer(fd, &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.headers, "Retry-After: 1\r\n");
	assert_contains(a.body, "\"accepted\":1,\"rejected\":1,\"failed\":1,\"errors\":["
				"{\"index\":1,\"status\":503,");
	assert_contains(a.body, "{\"index\":2,\"status\":422,");
	close(fd);
}

static void a_write_that_fails_for_now_may_have_been_stored(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_EUNAVAILABLE);
	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body, "urn:weir:problem:unknown-outcome");
}

static void what_found_no_room_is_not_stored(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	fake_kafka_set_room(&f->kafka, 2);
	start_server(f);
	exchange_post(f, JSON, "[{\"eventId\":1},{\"eventId\":2},{\"eventId\":3},{\"eventId\":4}]",
		      &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body, "\"accepted\":2,\"rejected\":0,\"failed\":2");
	assert_contains(a.body, "{\"index\":2,\"status\":503,\"detail\":\"Kafka did not take this");
}

static void without_waiting_it_is_accepted_when_the_sink_took_it(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->ingest.ack = WR_ACK_ACCEPTED;
	start_server(f);
	exchange_post(f, JSON, "[{\"eventId\":1},{}]", &a);
	assert_int_equal(a.status, 202);
	assert_contains(a.body, "\"accepted\":1,\"rejected\":1");
	exchange_post(f, JSON, "{\"eventId\":2}", &a);
	assert_int_equal(a.status, 202);
	fake_kafka_refuse(&f->kafka, WR_EFULL);
	exchange_post(f, JSON, "{\"eventId\":3}", &a);
	assert_int_equal(a.status, 503);
	fake_kafka_complete_all(&f->kafka, WR_OK);
	assert_record(f, 1, "2", "{\"eventId\":2}");
}

static void a_broken_sink_is_replaced_and_its_writes_are_unknown(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd, i;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	assert_true(fake_kafka_wait(&f->kafka, 1));
	fake_kafka_set_state(&f->kafka, WR_SINK_BROKEN);
	read_answer(fd, &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body, "urn:weir:problem:unknown-outcome");
	for (i = 0; i < 1000 && fake_kafka_opened(&f->kafka) < 2; i++)
		has_answer_within_ms(fd, 10);
	assert_int_equal(fake_kafka_opened(&f->kafka), 2);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	post(fd, JSON, "{\"eventId\":1}");
	read_answer(fd, &a);
	assert_true(a.status == 202 || a.status == 503);
	post(fd, JSON, "{\"eventId\":1}");
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
}

static void until_there_is_a_sink_nothing_is_taken(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int i;

	f->kafka.open_code = WR_EUNAVAILABLE;
	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body, "it is not stored");
	for (i = 0; i < 1000 && fake_kafka_opened(&f->kafka) < 3; i++)
		usleep(10000);
	assert_false(wr_health_ready(f->health));
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	pthread_mutex_lock(&f->kafka.mutex);
	f->kafka.open_code = WR_OK;
	pthread_mutex_unlock(&f->kafka.mutex);
	for (i = 0; i < 1000 && !wr_health_ready(f->health); i++)
		usleep(10000);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 202);
}

static void a_sink_without_a_broker_is_not_ready_while_something_waits(void **state)
{
	struct fixture *f = *state;
	int fd, i;

	start_server(f);
	fake_kafka_set_state(&f->kafka, WR_SINK_DOWN);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	for (i = 0; i < 1000 && wr_health_ready(f->health); i++)
		has_answer_within_ms(fd, 10);
	assert_false(wr_health_ready(f->health));
	fake_kafka_complete_all(&f->kafka, WR_OK);
	for (i = 0; i < 1000 && !wr_health_ready(f->health); i++)
		usleep(10000);
	assert_true(wr_health_ready(f->health));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(an_event_is_accepted_once_it_is_acked),
	    WITH_SERVER(a_connection_serves_one_event_after_another),
	    WITH_SERVER(pipelined_events_are_answered_in_order),
	    WITH_SERVER(a_batch_is_split_byte_for_byte),
	    WITH_SERVER(ndjson_is_an_event_a_line),
	    WITH_SERVER(bad_events_of_a_batch_are_listed_and_the_good_ones_taken),
	    WITH_SERVER(a_batch_without_a_good_event_is_unprocessable),
	    WITH_SERVER(bad_json_is_refused_with_its_position),
	    WITH_SERVER(an_empty_body_is_refused),
	    WITH_SERVER(types_that_are_not_taken_are_named),
	    WITH_SERVER(an_idempotency_key_becomes_the_event_id),
	    WITH_SERVER(an_idempotency_key_must_agree_and_name_one_event),
	    WITH_SERVER(a_traceparent_goes_along),
	    WITH_SERVER(a_record_that_kafka_refuses_is_rejected),
	    WITH_SERVER(a_full_sink_says_when_to_come_again),
	    WITH_SERVER(one_lost_ack_spoils_the_batch_and_is_told),
	    WITH_SERVER(a_write_that_fails_for_now_may_have_been_stored),
	    WITH_SERVER(what_found_no_room_is_not_stored),
	    WITH_SERVER(without_waiting_it_is_accepted_when_the_sink_took_it),
	    WITH_SERVER(a_broken_sink_is_replaced_and_its_writes_are_unknown),
	    WITH_SERVER(until_there_is_a_sink_nothing_is_taken),
	    WITH_SERVER(a_sink_without_a_broker_is_not_ready_while_something_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
