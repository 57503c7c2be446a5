/*
 * `weir send --http` against a small server on loopback that answers as it is told.
 */
#include "config.h"

#include "tests/cli/capture.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>

#define ANSWERS_MAX 8
#define BODY_BYTES 65536

struct answer {
	unsigned status;
	const char *body;
	const char *retry_after;
};

struct request {
	char body[BODY_BYTES];
	size_t size;
	char path[64], token[64], type[64];
};

static struct MHD_Daemon *server;
static char url[64];
static struct captured got;
static struct answer answers[ANSWERS_MAX]; /* the last one repeats */
static size_t answer_count;
static struct request requests[ANSWERS_MAX];
static size_t request_count;

static void copy_header(struct MHD_Connection *connection, const char *name, char *to, size_t size)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	snprintf(to, size, "%s", value != NULL ? value : "");
}

static enum MHD_Result reply(struct MHD_Connection *connection)
{
	const struct answer *answer =
	    &answers[request_count <= answer_count ? request_count - 1 : answer_count - 1];
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(answer->body), (void *)(uintptr_t)answer->body, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (answer->retry_after != NULL)
		MHD_add_response_header(response, "Retry-After", answer->retry_after);
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *connection, const char *path,
			     const char *method, const char *version, const char *data,
			     size_t *size_p, void **request_p)
{
	struct request *request = *request_p;

	(void)arg;
	(void)method;
	(void)version;
	if (request == NULL) {
		if (request_count == ANSWERS_MAX)
			return MHD_NO;
		request = &requests[request_count++];
		memset(request, 0, sizeof(*request));
		snprintf(request->path, sizeof(request->path), "%s", path);
		copy_header(connection, "Authorization", request->token, sizeof(request->token));
		copy_header(connection, "Content-Type", request->type, sizeof(request->type));
		*request_p = request;
		return MHD_YES;
	}
	if (*size_p == 0)
		return reply(connection);
	if (request->size + *size_p < BODY_BYTES)
		memcpy(request->body + request->size, data, *size_p);
	request->size += *size_p;
	*size_p = 0;
	return MHD_YES;
}

static int start_server(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;

	(void)state;
	server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, NULL,
				  MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
	assert_non_null(server);
	info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
	assert_non_null(info);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", info->port);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	MHD_stop_daemon(server);
	return 0;
}

static void will_answer(size_t count, const struct answer *list)
{
	memcpy(answers, list, count * sizeof(*list));
	answer_count = count;
	request_count = 0;
}

#define WILL_ANSWER(...)                                                            \
	will_answer(sizeof((struct answer[]){__VA_ARGS__}) / sizeof(struct answer), \
		    (struct answer[]){__VA_ARGS__})

static void send_lines(const char *option, const char *value, const char *input)
{
	capture(&got, wr_commands, WORDS("send", "--http", url, option, value), input);
}

static void lines_go_as_ndjson_to_the_ingest_endpoint(void **state)
{
	(void)state;
	WILL_ANSWER({202, "{\"accepted\":2}", NULL});
	send_lines("--token", "t0k", "{\"eventId\":1}\r\n\n{\"eventId\":2}");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.err, "2 sent, 2 acked, 0 failed");
	assert_int_equal(request_count, 1);
	assert_string_equal(requests[0].body, "{\"eventId\":1}\n{\"eventId\":2}\n");
	assert_string_equal(requests[0].path, "/api/events");
	assert_string_equal(requests[0].token, "Bearer t0k");
	assert_string_equal(requests[0].type, "application/x-ndjson");
}

static void a_path_is_kept_and_the_token_may_be_in_a_file(void **state)
{
	FILE *file = fopen("test_send_http.token", "w");
	char with_path[96];

	(void)state;
	assert_non_null(file);
	fputs("from-file\nignored\n", file);
	fclose(file);
	snprintf(with_path, sizeof(with_path), "%s/v1/in", url);
	WILL_ANSWER({202, "{\"accepted\":1}", NULL});
	capture(&got, wr_commands,
		WORDS("send", "--http", with_path, "--token-file", "test_send_http.token"), "{}\n");
	unlink("test_send_http.token");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(requests[0].path, "/v1/in");
	assert_string_equal(requests[0].token, "Bearer from-file");
}

static void batches_have_the_size_that_is_asked(void **state)
{
	(void)state;
	WILL_ANSWER({202, "{}", NULL});
	send_lines("--batch", "2", "1\n2\n3\n4\n5\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_int_equal(request_count, 3);
	assert_string_equal(requests[0].body, "1\n2\n");
	assert_string_equal(requests[1].body, "3\n4\n");
	assert_string_equal(requests[2].body, "5\n");
	expect_in(got.err, "5 sent, 5 acked, 0 failed");
}

static void events_that_were_not_taken_are_named_by_line(void **state)
{
	(void)state;
	WILL_ANSWER({202,
		     "{\"accepted\":1,\"rejected\":2,\"failed\":0,\"errors\":["
		     "{\"index\":0,\"status\":422,\"detail\":\"no eventId\"},"
		     "{\"index\":2,\"status\":400,\"detail\":\"bad \\u001b[31m\"},"
		     "{\"index\":99,\"status\":400},{\"index\":0,\"status\":400}]}",
		     NULL});
	send_lines(NULL, NULL, "{}\n\n{\"eventId\":1}\nx\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "line 1: 422: no eventId\nline 4: 400: bad \\x1b[31m\n");
	expect_in(got.err, "3 sent, 1 acked, 2 failed");
}

static void a_batch_that_is_wholly_refused_fails_line_by_line(void **state)
{
	(void)state;
	WILL_ANSWER({422,
		     "{\"title\":\"No event was taken\",\"errors\":["
		     "{\"index\":1,\"status\":422,\"detail\":\"no eventId\"}]}",
		     NULL},
		    {202, "{}", NULL});
	send_lines("--batch", "2", "1\n2\n3\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "line 2: 422: no eventId\nline 1: 422: No event was taken\n");
	expect_in(got.err, "3 sent, 1 acked, 2 failed");
}

static void a_busy_endpoint_is_tried_again_when_it_says(void **state)
{
	(void)state;
	WILL_ANSWER({503, "{\"detail\":\"kafka is away\"}", "1"}, {429, "", NULL},
		    {202, "{}", NULL});
	send_lines(NULL, NULL, "1\n2\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_int_equal(request_count, 3);
	assert_string_equal(requests[2].body, "1\n2\n");
	expect_in(got.err, "waiting for the endpoint: 503: kafka is away\n");
	assert_null(strstr(got.err, "429"));
	expect_in(got.err, "2 sent, 2 acked, 0 failed");
}

static void an_endpoint_that_stays_busy_is_given_up(void **state)
{
	(void)state;
	WILL_ANSWER({503, "{\"detail\":\"kafka is away\"}", "3600"});
	send_lines("--timeout", "1s", "1\n2\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_int_equal(request_count, 1);
	expect_in(got.err, "line 1: 503: kafka is away\nline 2: 503: kafka is away\n");
	expect_in(got.err, "2 sent, 0 acked, 2 failed");
}

static void a_batch_that_is_too_large_is_halved(void **state)
{
	(void)state;
	WILL_ANSWER({413, "", NULL}, {202, "{}", NULL}, {413, "{\"title\":\"Too large\"}", NULL});
	send_lines(NULL, NULL, "1\n2\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_int_equal(request_count, 3);
	assert_string_equal(requests[1].body, "1\n");
	assert_string_equal(requests[2].body, "2\n");
	expect_in(got.err, "line 2: 413: Too large\n");
	expect_in(got.err, "2 sent, 1 acked, 1 failed");
}

static void what_would_be_refused_for_ever_stops_it(void **state)
{
	(void)state;
	WILL_ANSWER({401, "{\"title\":\"A token is needed\"}", NULL});
	send_lines("--batch", "1", "1\n2\n3\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_int_equal(request_count, 1);
	expect_in(got.err, "line 1: 401: A token is needed\n");
	expect_in(got.err, "stopped before the end of the input\n");
	expect_in(got.err, "1 sent, 0 acked, 1 failed");
}

static void a_server_that_is_not_there_is_given_up(void **state)
{
	(void)state;
	capture(&got, wr_commands,
		WORDS("send", "--http", "http://127.0.0.1:1", "--timeout", "300ms"), "1\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "waiting for the endpoint: ");
	expect_in(got.err, "1 sent, 0 acked, 1 failed");
}

static void an_answer_that_is_not_json_is_survived(void **state)
{
	(void)state;
	WILL_ANSWER({404, "<html>not here</html>", NULL});
	send_lines(NULL, NULL, "1\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "line 1: 404\n");
	WILL_ANSWER({200, "thanks", NULL});
	send_lines(NULL, NULL, "1\n");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_go_as_ndjson_to_the_ingest_endpoint),
	    cmocka_unit_test(a_path_is_kept_and_the_token_may_be_in_a_file),
	    cmocka_unit_test(batches_have_the_size_that_is_asked),
	    cmocka_unit_test(events_that_were_not_taken_are_named_by_line),
	    cmocka_unit_test(a_batch_that_is_wholly_refused_fails_line_by_line),
	    cmocka_unit_test(a_busy_endpoint_is_tried_again_when_it_says),
	    cmocka_unit_test(an_endpoint_that_stays_busy_is_given_up),
	    cmocka_unit_test(a_batch_that_is_too_large_is_halved),
	    cmocka_unit_test(what_would_be_refused_for_ever_stops_it),
	    cmocka_unit_test(a_server_that_is_not_there_is_given_up),
	    cmocka_unit_test(an_answer_that_is_not_json_is_survived),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
