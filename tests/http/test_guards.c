/* What a hostile, slow or leaving client, and a leaving server, must not be able to do. */
#include "config.h"

#include "tests/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

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

/* framing ---------------------------------------------------------------------------------------------------------- */

static void framing_that_reads_in_two_ways_is_refused_and_the_connection_closed(void **state)
{
	static const char *const requests[] = {
	    POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	    POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
	    POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
	    POST "Content-Length: +5\r\n\r\nabcde",
	    POST "Content-Length: 5, 5\r\n\r\nabcde",
	    POST "Content-Length: 0x5\r\n\r\nabcde",
	    POST "Content-Length: -5\r\n\r\nabcde",
	    POST "Content-Length: \r\n\r\nabcde",
	    POST "Content-Length : 5\r\n\r\nabcde",
	    POST "Content-Length\t: 5\r\n\r\nabcde",
	    POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	    POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	    POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	    POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "POST /api/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    POST "Host: other\r\nContent-Length: 2\r\n\r\n{}",
	    POST "X-A: a\rb\r\nContent-Length: 2\r\n\r\n{}",
	    POST "X\x01: a\r\nContent-Length: 2\r\n\r\n{}",
	    "POST /api/events HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
	};
	struct fixture *f = *state;
	struct answer a;
	size_t i;
	int fd;

	start_server(f);
	for (i = 0; i < UNIT_COUNT_OF(requests); i++) {
		fd = dial(f, WR_HTTP_INGEST);
		send_text(fd, requests[i]);
		/* What a smuggler would want to have answered. */
		send_text(fd, LIVE);
		read_answer(fd, &a);
		if (a.status != 400)
			fail_msg("answered %d: %s", a.status, requests[i]);
		if (!is_closed(fd))
			fail_msg("still open after: %s", requests[i]);
		close(fd);
	}
	assert_int_equal(fake_kafka_count(&f->kafka), 0);
}

static void a_length_beyond_all_bounds_is_too_large(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, POST "Content-Length: 99999999999999999999999\r\n\r\n", &a);
	assert_int_equal(a.status, 413);
	exchange(f, WR_HTTP_INGEST, POST "Content-Length: 18446744073709551615\r\n\r\n", &a);
	assert_int_equal(a.status, 413);
}

static void headers_beyond_their_bound_are_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	char *request;
	size_t size = 40000;

	start_server(f);
	request = malloc(size + 128);
	assert_non_null(request);
	memcpy(request, "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: ", 46);
	memset(request + 46, 'x', size);
	memcpy(request + 46 + size, "\r\n\r\n", 5);
	exchange(f, WR_HTTP_INGEST, request, &a);
	assert_true(a.status == 431 || a.status == 0);
	free(request);
	exchange(f, WR_HTTP_INGEST, LIVE, &a);
	assert_int_equal(a.status, 200);
}

static void nonsense_does_not_harm(void **state)
{
	static const char *const texts[] = {"\r\n\r\n\r\n",
					    "GARBAGE\r\n\r\n",
					    "GET\r\n\r\n",
					    "GET / HTTP/9.9\r\n\r\n",
					    "\x16\x03\x01\x02",
					    "GET / HTTP/1.1\r\nnocolon\r\n\r\n",
					    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
	struct fixture *f = *state;
	struct answer a;
	size_t i;
	int fd;

	start_server(f);
	for (i = 0; i < UNIT_COUNT_OF(texts); i++) {
		fd = dial(f, WR_HTTP_INGEST);
		send_text(fd, texts[i]);
		shutdown(fd, SHUT_WR);
		read_answer_to_head(fd, &a);
		assert_true(a.status == 0 || a.status >= 400);
		close(fd);
	}
	exchange(f, WR_HTTP_INGEST, LIVE, &a);
	assert_int_equal(a.status, 200);
}

/* size ------------------------------------------------------------------------------------------------------------- */

static void a_body_announced_too_large_is_refused_before_it_is_sent(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Content-Length: 65537\r\n\r\n");
	read_answer(fd, &a);
	assert_int_equal(a.status, 413);
	assert_contains(a.body, "urn:weir:problem:too-large");
	assert_true(is_closed(fd));
	close(fd);
}

static void who_sends_it_all_the_same_still_reads_the_refusal(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	char *body;
	size_t size = 8 * 1024 * 1024;
	int fd;

	start_server(f);
	body = calloc(1, size);
	assert_non_null(body);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Content-Length: 8388608\r\n\r\n");
	send_bytes(fd, body, size);
	read_answer(fd, &a);
	assert_int_equal(a.status, 413);
	close(fd);
	free(body);
}

static void who_asks_before_sending_is_told_to_go_on_or_not(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Expect: 100-continue\r\nContent-Length: 13\r\n\r\n");
	assert_true(has_answer_within_ms(fd, 5000));
	send_text(fd, "{\"eventId\":1}");
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
	exchange(f, WR_HTTP_INGEST,
		 POST
		 "Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n",
		 &a);
	assert_int_equal(a.status, 415);
	exchange(f, WR_HTTP_INGEST, POST JSON "Expect: a miracle\r\nContent-Length: 13\r\n\r\n",
		 &a);
	assert_int_equal(a.status, 417);
}

static void send_chunks(int fd, size_t chunk_size, size_t count)
{
	char head[32], *chunk = malloc(chunk_size + 2);
	size_t i;

	assert_non_null(chunk);
	memset(chunk, ' ', chunk_size);
	memcpy(chunk + chunk_size, "\r\n", 2);
	snprintf(head, sizeof(head), "%zx\r\n", chunk_size);
	for (i = 0; i < count; i++) {
		send_text(fd, head);
		send_bytes(fd, chunk, chunk_size + 2);
	}
	free(chunk);
}

static void a_chunked_event_is_taken(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	exchange(f, WR_HTTP_INGEST,
		 POST JSON "Transfer-Encoding: chunked\r\n\r\n"
			   "4\r\n{\"ev\r\n9\r\nentId\":1}\r\n0\r\n\r\n",
		 &a);
	assert_int_equal(a.status, 202);
	assert_string_equal(f->kafka.records[0].value, "{\"eventId\":1}");
}

static void a_chunked_body_too_large_is_refused_at_its_end(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Transfer-Encoding: chunked\r\n\r\n");
	send_chunks(fd, 8192, 10);
	send_text(fd, "0\r\n\r\n");
	read_answer(fd, &a);
	assert_int_equal(a.status, 413);
	send_text(fd, LIVE);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	close(fd);
}

static void a_chunked_body_without_an_end_is_cut_off_with_an_answer(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, POST JSON "Transfer-Encoding: chunked\r\n\r\n");
	send_chunks(fd, 65536, 20);
	read_answer(fd, &a);
	assert_int_equal(a.status, 413);
	assert_contains(a.body, "\"status\":413}");
	assert_true(is_closed(fd));
	close(fd);
}

static void a_body_for_a_path_that_takes_none_is_passed_over_or_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(
	    fd,
	    "GET /health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" LIVE);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	close(fd);
	exchange(f, WR_HTTP_INGEST,
		 "GET /health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
		 &a);
	assert_int_equal(a.status, 413);
}

static void an_event_or_a_batch_too_large_is_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	char *body = malloc(20000), batch[1024] = "[1";
	int i;

	assert_non_null(body);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	snprintf(body, 20000, "{\"eventId\":1,\"payload\":\"%016384d\"}", 0);
	exchange_post(f, JSON, body, &a);
	assert_int_equal(a.status, 413);
	free(body);
	for (i = 0; i < 100; i++)
		strcat(batch, ",1");
	strcat(batch, "]");
	exchange_post(f, JSON, batch, &a);
	assert_int_equal(a.status, 413);
	assert_contains(a.body, "more events than the server takes at once");
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
	wait_for_metric(f, "weir_http_in_flight_bytes", 100);
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
	for (i = 0; i < 5; i++) {
		send_text(fd, i == 0 ? "GET /health/live HTTP/1.1\r\n" : "X: y\r\n");
		wait_for_metric(f, "weir_http_connections{listener=\"ingest\"}", 1);
		advance_ms(f, 5000);
	}
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
	wait_for_metric(f, "weir_http_in_flight_bytes", 100);
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
	pthread_t thread;
};

static void *ack_later(void *arg)
{
	struct late_ack *late = arg;

	usleep(50000);
	fake_kafka_complete_all(&late->f->kafka, WR_OK);
	return NULL;
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
	    WITH_SERVER(framing_that_reads_in_two_ways_is_refused_and_the_connection_closed),
	    WITH_SERVER(a_length_beyond_all_bounds_is_too_large),
	    WITH_SERVER(headers_beyond_their_bound_are_refused),
	    WITH_SERVER(nonsense_does_not_harm),
	    WITH_SERVER(a_body_announced_too_large_is_refused_before_it_is_sent),
	    WITH_SERVER(who_sends_it_all_the_same_still_reads_the_refusal),
	    WITH_SERVER(who_asks_before_sending_is_told_to_go_on_or_not),
	    WITH_SERVER(a_chunked_event_is_taken),
	    WITH_SERVER(a_chunked_body_too_large_is_refused_at_its_end),
	    WITH_SERVER(a_chunked_body_without_an_end_is_cut_off_with_an_answer),
	    WITH_SERVER(a_body_for_a_path_that_takes_none_is_passed_over_or_refused),
	    WITH_SERVER(an_event_or_a_batch_too_large_is_refused),
	    WITH_SERVER(too_many_bytes_under_way_are_turned_away),
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
	    WITH_SERVER(a_stop_waits_for_the_acks_that_come_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
