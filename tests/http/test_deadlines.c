/* What a slow or leaving client, and a leaving server, must not be able to do; and how much may wait. */
#include "config.h"

#include "tests/http/fixture.h"

#define JSON "Content-Type: application/json\r\n"
#define POST "POST /api/events HTTP/1.1\r\nHost: localhost\r\n"
#define LIVE "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void wait_for_metric(struct fixture *f, const char *name, double value)
{
	int i;

	for (i = 0; i < 2000 && metric(f, name) != value; i++)
		usleep(5000);
	assert_true(metric(f, name) == value);
}

/* load ------------------------------------------------------------------------------------------------------------- */

static void too_many_bytes_under_way_are_turned_away(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int waiting, fd;

	f->deps.max_waiting_bytes = 30;
	start_server(f);
	waiting = dial(f, WR_HTTP_INGEST);
	post(waiting, JSON, "{\"eventId\":\"first, waits\"}");
	assert_true(fake_kafka_wait(&f->kafka, 1));
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":\"2\"}");
	read_answer(fd, &a);
	assert_int_equal(a.status, 429);
	assert_contains(a.headers, "Retry-After: 1\r\n");
	send_text(fd, POST JSON
		  "Transfer-Encoding: chunked\r\n\r\nf\r\n{\"eventId\":\"3\"}\r\n0\r\n\r\n");
	read_answer(fd, &a);
	assert_int_equal(a.status, 429);
	fake_kafka_complete_all(&f->kafka, WR_OK);
	read_answer(waiting, &a);
	assert_int_equal(a.status, 202);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	wait_for_metric(f, "weir_http_in_flight_bytes", 0);
	post(fd, JSON, "{\"eventId\":\"2\"}");
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
	close(waiting);
}

static void a_request_that_is_turned_away_takes_no_room_from_others(void **state)
{
	static const char body[] = "{\"eventId\":\"6789012345678901\"}";
	struct fixture *f = *state;
	struct answer a;
	int waiting, fd;

	f->deps.max_waiting_bytes = 45;
	start_server(f);
	waiting = dial(f, WR_HTTP_INGEST);
	post(waiting, JSON, "{\"eventId\":\"first, waits\"}");
	assert_true(fake_kafka_wait(&f->kafka, 1));
	/* It announces a body and does not send all of it, so that it stays. */
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Content-Length: 30\r\n\r\n{");
	assert_false(has_answer_within_ms(fd, 50));
	exchange_post(f, JSON, "[1]", &a);
	assert_int_equal(a.status, 422);
	send_text(fd, body + 1);
	read_answer(fd, &a);
	assert_int_equal(a.status, 429);
	close(fd);
	close(waiting);
}

static void announcing_much_and_sending_nothing_shuts_nobody_out(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fds[40], i;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	for (i = 0; i < 40; i++) {
		fds[i] = dial(f, WR_HTTP_INGEST);
		send_text(fds[i], POST JSON "Content-Length: 65536\r\n\r\n{");
	}
	wait_for_metric(f, "weir_http_in_flight_bytes", 40);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	assert_int_equal(a.status, 202);
	for (i = 0; i < 40; i++)
		close(fds[i]);
}

static void too_many_waiting_requests_are_turned_away_and_health_is_not(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int waiting[30], fd, i;

	f->ingest.max_connections = 32;
	start_server(f);
	for (i = 0; i < 30; i++) {
		waiting[i] = dial(f, WR_HTTP_INGEST);
		post(waiting[i], JSON, "{\"eventId\":1}");
	}
	assert_true(fake_kafka_wait(&f->kafka, 30));
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	read_answer(fd, &a);
	assert_int_equal(a.status, 429);
	send_text(fd, LIVE);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	close(fd);
	assert_true(metric(f, "weir_http_in_flight_requests") == 30);
	fake_kafka_complete_all(&f->kafka, WR_OK);
	for (i = 0; i < 30; i++) {
		read_answer(waiting[i], &a);
		assert_int_equal(a.status, 202);
		close(waiting[i]);
	}
}

/* time ------------------------------------------------------------------------------------------------------------- */

static void an_ack_that_does_not_come_is_an_unknown_outcome(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	assert_true(fake_kafka_wait(&f->kafka, 1));
	advance_ms(f, 29000);
	assert_false(has_answer_within_ms(fd, 50));
	advance_ms(f, 1001);
	read_answer(fd, &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.headers, "Retry-After: 1\r\n");
	assert_contains(a.body, "sending it again with the same eventId is safe");
	/* The value is borrowed by the sink as long as it has not acked, whatever the connection does. */
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	post(fd, JSON, "{\"eventId\":2}");
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	fake_kafka_complete(&f->kafka, 0, WR_OK);
	wait_for_metric(f, "weir_http_in_flight_bytes", 0);
	assert_true(metric(f, "weir_http_events_total{result=\"failed\"}") == 1);
	close(fd);
}

static void a_batch_at_the_deadline_tells_what_was_acked(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "[{\"eventId\":1},{\"eventId\":2}]");
	assert_true(fake_kafka_wait(&f->kafka, 2));
	fake_kafka_complete(&f->kafka, 0, WR_OK);
	assert_false(has_answer_within_ms(fd, 100));
	advance_ms(f, 30001);
	read_answer(fd, &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body,
			"\"accepted\":1,\"rejected\":0,\"failed\":1,\"errors\":[{\"index\":1,");
	close(fd);
}

static void a_slow_body_is_cut_off_with_an_answer(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Content-Length: 100\r\n\r\n{");
	wait_for_metric(f, "weir_http_in_flight_bytes", 1);
	advance_ms(f, 19000);
	send_text(fd, " ");
	assert_false(has_answer_within_ms(fd, 50));
	advance_ms(f, 1001);
	read_answer(fd, &a);
	assert_int_equal(a.status, 408);
	assert_contains(a.body, "urn:weir:problem:request-timeout");
	assert_true(is_closed(fd));
	close(fd);
	wait_for_metric(f, "weir_http_in_flight_bytes", 0);
}

static void dripping_headers_are_cut_off(void **state)
{
	struct fixture *f = *state;
	int fd, i;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	for (i = 0; i < 4; i++) {
		send_text(fd, i == 0 ? "GET /health/live HTTP/1.1\r\n" : "X: y\r\n");
		wait_for_metric(f, "weir_http_connections{listener=\"ingest\"}", 1);
		advance_ms(f, 4999);
	}
	assert_false(has_answer_within_ms(fd, 50));
	advance_ms(f, 5);
	assert_true(is_closed(fd));
	close(fd);
	wait_for_metric(f, "weir_http_connections{listener=\"ingest\"}", 0);
}

static void an_idle_connection_is_closed_and_a_used_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, LIVE);
	read_answer(fd, &a);
	wait_for_metric(f, "weir_http_request_seconds_count{listener=\"ingest\"}", 1);
	advance_ms(f, 50000);
	assert_false(has_answer_within_ms(fd, 50));
	send_text(fd, LIVE);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	wait_for_metric(f, "weir_http_request_seconds_count{listener=\"ingest\"}", 2);
	advance_ms(f, 81000);
	assert_true(is_closed(fd));
	close(fd);
}

static void a_wait_for_kafka_is_not_held_against_the_client(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	f->ingest.ack_timeout_ms = 600000;
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	assert_true(fake_kafka_wait(&f->kafka, 1));
	advance_ms(f, 500000);
	assert_false(has_answer_within_ms(fd, 50));
	fake_kafka_complete_all(&f->kafka, WR_OK);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
}

/* leaving ---------------------------------------------------------------------------------------------------------- */

static void a_client_that_leaves_while_its_event_is_under_way_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int i, fd;

	start_server(f);
	for (i = 0; i < 20; i++) {
		fd = dial(f, WR_HTTP_INGEST);
		post(fd, JSON, "{\"eventId\":1}");
		assert_true(fake_kafka_wait(&f->kafka, (size_t)i + 1));
		close(fd);
	}
	fake_kafka_complete_all(&f->kafka, WR_OK);
	wait_for_metric(f, "weir_http_connections{listener=\"ingest\"}", 0);
	wait_for_metric(f, "weir_http_in_flight_bytes", 0);
	exchange(f, WR_HTTP_INGEST, LIVE, &a);
	assert_int_equal(a.status, 200);
}

static void a_client_that_leaves_in_its_body_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Content-Length: 100\r\n\r\n{");
	wait_for_metric(f, "weir_http_in_flight_bytes", 1);
	close(fd);
	wait_for_metric(f, "weir_http_in_flight_bytes", 0);
	wait_for_metric(f, "weir_http_connections{listener=\"ingest\"}", 0);
}

static void a_stop_answers_what_still_waits(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fds[10], i;

	start_server(f);
	for (i = 0; i < 10; i++) {
		fds[i] = dial(f, WR_HTTP_INGEST);
		post(fds[i], JSON, "{\"eventId\":1}");
	}
	assert_true(fake_kafka_wait(&f->kafka, 10));
	stop_server(f, 0);
	for (i = 0; i < 10; i++) {
		read_answer(fds[i], &a);
		assert_int_equal(a.status, 503);
		assert_contains(a.body, "urn:weir:problem:unknown-outcome");
		close(fds[i]);
	}
}

struct late_ack {
	struct fixture *f;
	struct answer answer;
	pthread_t thread;
};

static void *ack_later(void *arg)
{
	struct late_ack *late = arg;

	usleep(50000);
	fake_kafka_complete_all(&late->f->kafka, WR_OK);
	return NULL;
}

/* With `ack: accepted` nobody waits for it but the drain. */
static void what_was_accepted_is_written_before_the_drain_ends(void **state)
{
	struct fixture *f = *state;
	struct late_ack late = {.f = f};

	f->ingest.ack = WR_ACK_ACCEPTED;
	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":1}", &late.answer);
	assert_int_equal(late.answer.status, 202);
	assert_int_equal(pthread_create(&late.thread, NULL, ack_later, &late), 0);
	wr_http_drain(f->http, 10000);
	pthread_join(late.thread, NULL);
	assert_true(f->kafka.records[0].is_done);
	assert_int_equal(f->kafka.records[0].code, WR_OK);
}

static void what_is_never_acknowledged_does_not_hold_the_drain_for_ever(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->ingest.ack = WR_ACK_ACCEPTED;
	start_server(f);
	exchange_post(f, JSON, "{\"eventId\":1}", &a);
	wr_http_drain(f->http, 20);
	assert_int_equal(f->kafka.records[0].code, WR_EUNKNOWN);
}

static void a_stop_waits_for_the_acks_that_come_in_time(void **state)
{
	struct fixture *f = *state;
	struct late_ack late = {.f = f};
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, JSON, "{\"eventId\":1}");
	assert_true(fake_kafka_wait(&f->kafka, 1));
	assert_int_equal(pthread_create(&late.thread, NULL, ack_later, &late), 0);
	stop_server(f, 10000);
	pthread_join(late.thread, NULL);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(too_many_bytes_under_way_are_turned_away),
	    WITH_SERVER(a_request_that_is_turned_away_takes_no_room_from_others),
	    WITH_SERVER(announcing_much_and_sending_nothing_shuts_nobody_out),
	    WITH_SERVER(too_many_waiting_requests_are_turned_away_and_health_is_not),
	    WITH_SERVER(an_ack_that_does_not_come_is_an_unknown_outcome),
	    WITH_SERVER(a_batch_at_the_deadline_tells_what_was_acked),
	    WITH_SERVER(a_slow_body_is_cut_off_with_an_answer),
	    WITH_SERVER(dripping_headers_are_cut_off),
	    WITH_SERVER(an_idle_connection_is_closed_and_a_used_one_is_not),
	    WITH_SERVER(a_wait_for_kafka_is_not_held_against_the_client),
	    WITH_SERVER(a_client_that_leaves_while_its_event_is_under_way_leaves_nothing),
	    WITH_SERVER(a_client_that_leaves_in_its_body_leaves_nothing),
	    WITH_SERVER(a_stop_answers_what_still_waits),
	    WITH_SERVER(what_was_accepted_is_written_before_the_drain_ends),
	    WITH_SERVER(what_is_never_acknowledged_does_not_hold_the_drain_for_ever),
	    WITH_SERVER(a_stop_waits_for_the_acks_that_come_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
