/* What a client must not be able to do by the form and the size of what it sends. */
#include "config.h"

#include "tests/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define JSON "Content-Type: application/json\r\n"
#define POST "POST /api/events HTTP/1.1\r\nHost: localhost\r\n"
#define LIVE "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"

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

/* Sends a header of so many bytes. */
static void send_header(struct fixture *f, enum wr_http_side side, size_t size, struct answer *a)
{
	static const char begin[] = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: ";
	char *request = malloc(size + sizeof(begin) + 8);

	assert_non_null(request);
	memcpy(request, begin, sizeof(begin) - 1);
	memset(request + sizeof(begin) - 1, 'x', size);
	memcpy(request + sizeof(begin) - 1 + size, "\r\n\r\n", 5);
	exchange(f, side, request, a);
	free(request);
}

static void large_headers_are_taken(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	send_header(f, WR_HTTP_INGEST, 7000, &a);
	assert_int_equal(a.status, 200);
	send_header(f, WR_HTTP_ADMIN, 15000, &a);
	assert_int_equal(a.status, 200);
}

/* Sends an event with a header of so many bytes. */
static void send_event(struct fixture *f, size_t size, struct answer *a)
{
	static const char begin[] =
	    POST "Content-Type: application/json\r\nContent-Length: 15\r\nX: ";
	static const char end[] = "\r\n\r\n{\"eventId\":\"e\"}";
	char *request = malloc(sizeof(begin) + size + sizeof(end));

	assert_non_null(request);
	memcpy(request, begin, sizeof(begin) - 1);
	memset(request + sizeof(begin) - 1, 'x', size);
	memcpy(request + sizeof(begin) - 1 + size, end, sizeof(end));
	exchange(f, WR_HTTP_INGEST, request, a);
	free(request);
}

/* The answer needs room in the same memory: where there is none, the event must not be taken without one. */
static void whatever_the_size_of_the_headers_there_is_an_answer(void **state)
{
	struct fixture *f = *state;
	size_t size, taken = 0, refused = 0;
	struct answer a;

	start_server(f);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	for (size = 7000; size < 9000; size += 50) {
		send_event(f, size, &a);
		assert_true(a.status == 202 || a.status == 431);
		taken += a.status == 202 ? 1 : 0;
		refused += a.status == 431 ? 1 : 0;
		assert_true(a.status == 431 || refused == 0);
	}
	assert_true(taken > 10 && refused > 0);
	assert_int_equal(f->kafka.count, taken);
}

static void headers_beyond_their_bound_are_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	send_header(f, WR_HTTP_INGEST, 40000, &a);
	assert_true(a.status == 431 || a.status == 0);
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

static void a_body_beyond_the_bound_for_all_is_too_large_not_too_many(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->deps.max_waiting_bytes = 1000;
	start_server(f);
	exchange(f, WR_HTTP_INGEST, POST JSON "Content-Length: 1001\r\n\r\n", &a);
	assert_int_equal(a.status, 413);
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
	assert_contains(a.body, "\"status\":413,\"detail\":\"the body is larger than 65536 bytes "
				"(http.ingest.max_body)\"}");
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
	assert_contains(a.body,
			"the body holds more than 100 events (http.ingest.max_batch_events)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(framing_that_reads_in_two_ways_is_refused_and_the_connection_closed),
	    WITH_SERVER(a_length_beyond_all_bounds_is_too_large),
	    WITH_SERVER(large_headers_are_taken),
	    WITH_SERVER(whatever_the_size_of_the_headers_there_is_an_answer),
	    WITH_SERVER(headers_beyond_their_bound_are_refused),
	    WITH_SERVER(nonsense_does_not_harm),
	    WITH_SERVER(a_body_announced_too_large_is_refused_before_it_is_sent),
	    WITH_SERVER(a_body_beyond_the_bound_for_all_is_too_large_not_too_many),
	    WITH_SERVER(who_sends_it_all_the_same_still_reads_the_refusal),
	    WITH_SERVER(who_asks_before_sending_is_told_to_go_on_or_not),
	    WITH_SERVER(a_chunked_event_is_taken),
	    WITH_SERVER(a_chunked_body_too_large_is_refused_at_its_end),
	    WITH_SERVER(a_chunked_body_without_an_end_is_cut_off_with_an_answer),
	    WITH_SERVER(a_body_for_a_path_that_takes_none_is_passed_over_or_refused),
	    WITH_SERVER(an_event_or_a_batch_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
