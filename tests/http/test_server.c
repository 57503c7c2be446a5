#include "config.h"

#include "base/secret.h"
#include "tests/http/fixture.h"

#include <stdio.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void both_listeners_say_that_they_live(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/health/live"), &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "{\"live\":true}");
	assert_contains(a.headers, "Content-Type: application/json\r\n");
	exchange(f, WR_HTTP_ADMIN, GET("/health/live"), &a);
	assert_int_equal(a.status, 200);
}

static void readiness_is_the_health_of_the_engine(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/health/ready"), &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "{\"ready\":true,\"reasons\":[]}");
	wr_health_set(f->health, "redis", false, "no answer");
	exchange(f, WR_HTTP_ADMIN, GET("/health/ready"), &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body, "\"reason\":\"no answer\"");
}

static void metrics_are_on_the_admin_listener_alone(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_ADMIN, GET("/metrics"), &a);
	assert_int_equal(a.status, 200);
	assert_contains(a.headers, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	assert_contains(a.body, "# TYPE weir_http_requests_total counter\n");
	assert_contains(a.body, "weir_http_connections{listener=\"admin\"} 1\n");
	exchange(f, WR_HTTP_INGEST, GET("/metrics"), &a);
	assert_int_equal(a.status, 404);
}

static void requests_are_counted_by_status(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/nowhere"), &a);
	exchange(f, WR_HTTP_INGEST, GET("/nowhere"), &a);
	assert_true(metric(f, "weir_http_requests_total{code=\"404\",listener=\"ingest\"}") == 2);
	assert_true(metric(f, "weir_http_requests_total{code=\"404\",listener=\"admin\"}") == 0);
}

static void an_unknown_path_is_a_problem_document(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/api/events/"), &a);
	assert_int_equal(a.status, 404);
	assert_contains(a.headers, "Content-Type: application/problem+json\r\n");
	assert_contains(a.body, "{\"type\":\"urn:weir:problem:not-found\"");
	assert_contains(a.body, "\"status\":404");
}

static void an_escaped_path_is_another_path(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/health/live%00x"), &a);
	assert_int_equal(a.status, 404);
}

static void a_wrong_method_names_the_right_ones(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/api/events"), &a);
	assert_int_equal(a.status, 405);
	assert_contains(a.headers, "Allow: POST, OPTIONS\r\n");
	exchange(f, WR_HTTP_INGEST,
		 "DELETE /health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
		 &a);
	assert_int_equal(a.status, 405);
	assert_contains(a.headers, "Allow: GET, HEAD, OPTIONS\r\n");
}

static void options_are_answered_without_a_body(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, "OPTIONS /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n", &a);
	assert_int_equal(a.status, 204);
	assert_contains(a.headers, "Allow: POST, OPTIONS\r\n");
	exchange(f, WR_HTTP_INGEST, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", &a);
	assert_int_equal(a.status, 204);
	assert_contains(a.headers, "Allow: OPTIONS\r\n");
}

static void head_answers_like_get_without_the_body(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_ADMIN);
	send_text(fd, "HEAD /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	read_answer_to_head(fd, &a);
	assert_int_equal(a.status, 200);
	assert_contains(a.headers, "Content-Length: 13\r\n");
	assert_true(is_closed(fd));
	close(fd);
}

static void a_target_in_absolute_form_is_understood(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("http://localhost/health/live"), &a);
	assert_int_equal(a.status, 200);
}

static void a_connection_goes_on_after_a_refusal_without_a_body(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, GET("/nowhere") GET("/health/live") GET("/health/ready"));
	read_answer(fd, &a);
	assert_int_equal(a.status, 404);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	read_answer(fd, &a);
	assert_contains(a.body, "ready");
	close(fd);
}

static char token[] = "s3cret";

/* The linker sends those of the server here. */
bool __wrap_wr_secret_equal(struct wr_bytes secret, struct wr_bytes given);
bool __real_wr_secret_equal(struct wr_bytes secret, struct wr_bytes given);
static _Atomic int compared;

bool __wrap_wr_secret_equal(struct wr_bytes secret, struct wr_bytes given)
{
	atomic_fetch_add(&compared, 1);
	return __real_wr_secret_equal(secret, given);
}

static void a_token_is_asked_for_where_one_is_set(void **state)
{
	static const char *const wrong[] = {"",
					    "Authorization: Bearer s3creT\r\n",
					    "Authorization: Bearer X3cret\r\n",
					    "Authorization: Bearer s3cre\r\n",
					    "Authorization: Bearer s3crets3cret\r\n",
					    "Authorization: Bearer s3cret x\r\n",
					    "Authorization: Bearer s\r\n",
					    "Authorization: Basic s3cret\r\n",
					    "Authorization: Bearer\r\n",
					    "Authorization: \r\n"};
	struct fixture *f = *state;
	struct answer a;
	size_t i;

	f->ingest.listener.token = token;
	start_server(f);
	for (i = 0; i < UNIT_COUNT_OF(wrong); i++) {
		exchange_post(f, wrong[i], "{\"eventId\":\"1\"}", &a);
		assert_int_equal(a.status, 401);
		assert_contains(a.headers, "WWW-Authenticate: Bearer realm=\"weir\"\r\n");
		assert_null(strstr(a.body, token));
	}
	assert_int_equal(fake_kafka_count(&f->kafka), 0);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	exchange_post(f, "authorization: bearer s3cret\r\n", "{\"eventId\":\"1\"}", &a);
	assert_int_equal(a.status, 202);
}

/* Never by what ends at the first byte that differs, whatever the length: see test_secret.c. */
static void tokens_are_compared_in_constant_time(void **state)
{
	static const char *const given[] = {"s3cret", "s3creT", "X", "s3cre", "s3crets3cret"};
	struct fixture *f = *state;
	struct answer a;
	char header[64];

	f->ingest.listener.token = token;
	start_server(f);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	for (size_t i = 0; i < UNIT_COUNT_OF(given); i++) {
		atomic_store(&compared, 0);
		snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", given[i]);
		exchange_post(f, header, "{\"eventId\":\"1\"}", &a);
		assert_int_equal(a.status, i == 0 ? 202 : 401);
		assert_int_equal(atomic_load(&compared), 1);
	}
}

static void health_needs_no_token(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->ingest.listener.token = token;
	f->admin.token = token;
	start_server(f);
	exchange(f, WR_HTTP_INGEST, GET("/health/live"), &a);
	assert_int_equal(a.status, 200);
	exchange(f, WR_HTTP_ADMIN, GET("/health/ready"), &a);
	assert_int_equal(a.status, 200);
	exchange(f, WR_HTTP_ADMIN, GET("/metrics"), &a);
	assert_int_equal(a.status, 401);
	exchange(f, WR_HTTP_ADMIN,
		 "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\r\n\r\n", &a);
	assert_int_equal(a.status, 200);
}

static void admin_believes_only_its_own_names(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} cases[] = {
	    {"Host: localhost:8081\r\n", 200},
	    {"Host: 127.0.0.1\r\n", 200},
	    {"Host: 127.9.9.9:1\r\n", 200},
	    {"Host: [::1]:8081\r\n", 200},
	    {"Host: LOCALHOST\r\n", 200},
	    {"Host: evil.example\r\n", 403},
	    {"Host: localhost.evil.example:8081\r\n", 403},
	    {"Host: 127.0.0.1.evil.example\r\n", 403},
	    {"Host: [::1\r\n", 403},
	    {"Host: localhost:80x\r\n", 403},
	    {"Host: \r\n", 403},
	    {"Host: localhost\r\nOrigin: http://localhost:8081\r\n", 200},
	    {"Host: localhost\r\nOrigin: https://127.0.0.1\r\n", 200},
	    {"Host: localhost\r\nOrigin: http://evil.example\r\n", 403},
	    {"Host: localhost\r\nOrigin: null\r\n", 403},
	};
	struct fixture *f = *state;
	struct answer a;
	char request[256];
	size_t i;

	start_server(f);
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		snprintf(request, sizeof(request), "GET /health/live HTTP/1.1\r\n%s\r\n",
			 cases[i].headers);
		exchange(f, WR_HTTP_ADMIN, request, &a);
		if (a.status != cases[i].status)
			fail_msg("%s: %d", cases[i].headers, a.status);
	}
	exchange(f, WR_HTTP_INGEST, "GET /health/live HTTP/1.1\r\nHost: evil.example\r\n\r\n", &a);
	assert_int_equal(a.status, 200);
}

static void with_a_token_admin_may_have_any_name(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->admin.token = token;
	start_server(f);
	exchange(f, WR_HTTP_ADMIN, "GET /health/live HTTP/1.1\r\nHost: weir.example\r\n\r\n", &a);
	assert_int_equal(a.status, 200);
}

static void admin_refuses_to_be_public_without_a_token(void **state)
{
	static char any[] = "0.0.0.0", any6[] = "::";
	struct fixture *f = *state;
	struct wr_http *http;
	struct wr_err err;

	f->admin.host = any;
	assert_int_equal(wr_http_create(&f->deps, &http, &err), WR_EINVAL);
	assert_null(http);
	assert_contains(err.text, "http.admin.token");
	f->admin.host = any6;
	assert_int_equal(wr_http_create(&f->deps, &http, &err), WR_EINVAL);
	f->admin.token = token;
	assert_int_equal(wr_http_create(&f->deps, &http, &err), WR_OK);
	wr_http_destroy(http);
}

static void a_listener_that_is_not_configured_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->ingest.listener.configured = false;
	start_server(f);
	assert_int_equal(wr_http_port(f->http, WR_HTTP_INGEST), 0);
	assert_int_equal(fake_kafka_opened(&f->kafka), 0);
	exchange(f, WR_HTTP_ADMIN, GET("/health/live"), &a);
	assert_int_equal(a.status, 200);
}

static void an_address_in_use_is_an_error_with_its_name(void **state)
{
	struct fixture *f = *state;
	struct wr_http *second;
	struct wr_err err;

	start_server(f);
	f->admin.port = wr_http_port(f->http, WR_HTTP_INGEST);
	assert_int_equal(wr_http_create(&f->deps, &second, &err), WR_OK);
	assert_int_equal(wr_http_start(second, &err), WR_EUNAVAILABLE);
	assert_contains(err.text, "http.admin: can't listen on 127.0.0.1, port ");
	wr_http_stop(second, 0);
	wr_http_destroy(second);
}

static void a_sink_that_can_not_be_opened_stops_the_start(void **state)
{
	struct fixture *f = *state;
	struct wr_err err;

	f->kafka.open_code = WR_EINVAL;
	assert_int_equal(wr_http_create(&f->deps, &f->http, &err), WR_OK);
	assert_int_equal(wr_http_start(f->http, &err), WR_EINVAL);
	assert_contains(err.text, "the test lets no sink open");
}

static void a_server_that_was_never_started_can_go(void **state)
{
	struct fixture *f = *state;
	struct wr_err err;

	assert_int_equal(wr_http_create(&f->deps, &f->http, &err), WR_OK);
	assert_int_equal(wr_http_port(f->http, WR_HTTP_ADMIN), 0);
	stop_server(f, 0);
	wr_http_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(both_listeners_say_that_they_live),
	    WITH_SERVER(readiness_is_the_health_of_the_engine),
	    WITH_SERVER(metrics_are_on_the_admin_listener_alone),
	    WITH_SERVER(requests_are_counted_by_status),
	    WITH_SERVER(an_unknown_path_is_a_problem_document),
	    WITH_SERVER(an_escaped_path_is_another_path),
	    WITH_SERVER(a_wrong_method_names_the_right_ones),
	    WITH_SERVER(options_are_answered_without_a_body),
	    WITH_SERVER(head_answers_like_get_without_the_body),
	    WITH_SERVER(a_target_in_absolute_form_is_understood),
	    WITH_SERVER(a_connection_goes_on_after_a_refusal_without_a_body),
	    WITH_SERVER(a_token_is_asked_for_where_one_is_set),
	    WITH_SERVER(tokens_are_compared_in_constant_time),
	    WITH_SERVER(health_needs_no_token),
	    WITH_SERVER(admin_believes_only_its_own_names),
	    WITH_SERVER(with_a_token_admin_may_have_any_name),
	    WITH_SERVER(admin_refuses_to_be_public_without_a_token),
	    WITH_SERVER(a_listener_that_is_not_configured_is_not_there),
	    WITH_SERVER(an_address_in_use_is_an_error_with_its_name),
	    WITH_SERVER(a_sink_that_can_not_be_opened_stops_the_start),
	    WITH_SERVER(a_server_that_was_never_started_can_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
