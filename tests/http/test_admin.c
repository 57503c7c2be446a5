/* The calls of the admin API over HTTP, with an engine that is not there. */
#include "config.h"

#include "tests/http/fixture.h"

#include "base/log.h"

#include <pthread.h>
#include <stdio.h>

static void ask(struct fixture *f, const char *method, const char *target, const char *body,
		struct answer *a)
{
	char request[2048];

	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", method,
		 target, strlen(body), body);
	exchange(f, WR_HTTP_ADMIN, request, a);
}

static void assert_problem(const struct answer *a, int status, const char *slug)
{
	char type[128];

	assert_int_equal(a->status, status);
	assert_contains(a->headers, "Content-Type: application/problem+json\r\n");
	snprintf(type, sizeof(type), "{\"type\":\"urn:weir:problem:%s\"", slug);
	assert_contains(a->body, type);
}

static void what_the_engine_says_is_the_answer(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "GET", "/admin/status", "", &a);
	assert_int_equal(a.status, 200);
	assert_contains(a.headers, "Content-Type: application/json\r\n");
	assert_string_equal(a.body, "{\"generation\":1}");
	ask(f, "GET", "/admin/pipelines", "", &a);
	assert_string_equal(a.body, "{\"list\":[]}");
	ask(f, "GET", "/admin/plugins", "", &a);
	assert_string_equal(a.body, "{\"list\":[]}");
	ask(f, "GET", "/admin/config", "", &a);
	assert_string_equal(a.body, "{\"list\":[]}");
}

static void calls_are_on_the_admin_listener_alone(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_INGEST, "GET /admin/status HTTP/1.1\r\nHost: localhost\r\n\r\n", &a);
	assert_int_equal(a.status, 404);
}

static void a_pipeline_is_paused_and_resumed_by_its_unescaped_name(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/pipelines/pay%2fments/pause", "", &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "{\"name\":\"pay/ments\",\"paused\":true}");
	assert_true(f->engine.paused);
	assert_string_equal(f->engine.client, "127.0.0.1");
	ask(f, "POST", "/admin/pipelines/pay%2fments/resume", "", &a);
	assert_string_equal(a.body, "{\"name\":\"pay/ments\",\"paused\":false}");
	assert_false(f->engine.paused);
}

static void an_unknown_pipeline_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/pipelines/nobody/pause", "", &a);
	assert_problem(&a, 404, "not-found");
	assert_contains(a.body, "no pipeline of this name");
	ask(f, "POST", "/admin/pipelines//pause", "", &a);
	assert_problem(&a, 404, "not-found");
	ask(f, "POST", "/admin/pipelines/a/b/pause", "", &a);
	assert_problem(&a, 404, "not-found");
}

static void a_path_that_is_wrongly_escaped_is_a_bad_request(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/pipelines/a%2/pause", "", &a);
	assert_problem(&a, 400, "bad-request");
	ask(f, "POST", "/admin/pipelines/a%00/pause", "", &a);
	assert_problem(&a, 400, "bad-request");
}

static void a_parameter_that_is_not_known_is_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/pipelines/pay%2fments/pause?dry_run=true", "", &a);
	assert_problem(&a, 400, "bad-request");
	assert_contains(a.body, "there is no such parameter here: dry_run");
	assert_false(f->engine.paused);
	ask(f, "GET", "/health/live?probe=1", "", &a);
	assert_int_equal(a.status, 200);
}

static void a_wrong_method_names_the_right_ones(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "DELETE", "/admin/log-level", "", &a);
	assert_problem(&a, 405, "method-not-allowed");
	assert_contains(a.headers, "Allow: GET, HEAD, PUT, OPTIONS\r\n");
	ask(f, "GET", "/admin/pipelines/x/pause", "", &a);
	assert_problem(&a, 405, "method-not-allowed");
	assert_contains(a.headers, "Allow: POST, OPTIONS\r\n");
}

static void a_token_is_wanted_for_all_but_health(void **state)
{
	static const char get[] = "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n";
	static char token[] = "s3cret";
	static const char *const paths[] = {"/admin/status", "/admin/pipelines", "/admin/plugins",
					    "/admin/config", "/admin/log-level", "/metrics"};
	struct fixture *f = *state;
	struct answer a;
	char request[256];

	f->admin.token = token;
	start_server(f);
	for (size_t i = 0; i < UNIT_COUNT_OF(paths); i++) {
		snprintf(request, sizeof(request), get, paths[i], "");
		exchange(f, WR_HTTP_ADMIN, request, &a);
		assert_problem(&a, 401, "unauthorized");
		snprintf(request, sizeof(request), get, paths[i],
			 "Authorization: Bearer s3cres\r\n");
		exchange(f, WR_HTTP_ADMIN, request, &a);
		assert_problem(&a, 401, "unauthorized");
		snprintf(request, sizeof(request), get, paths[i],
			 "Authorization: Bearer s3cret\r\n");
		exchange(f, WR_HTTP_ADMIN, request, &a);
		assert_int_equal(a.status, 200);
	}
	snprintf(request, sizeof(request), get, "/health/ready", "");
	exchange(f, WR_HTTP_ADMIN, request, &a);
	assert_int_equal(a.status, 200);
	ask(f, "POST", "/admin/pipelines/pay%2fments/pause", "", &a);
	assert_problem(&a, 401, "unauthorized");
	assert_false(f->engine.paused);
}

static void a_page_of_another_host_is_turned_away(void **state)
{
	static const char *const wrong[] = {"Host: evil.example\r\n",
					    "Host: localhost\r\nOrigin: http://evil.example\r\n",
					    "Host: localhost\r\nOrigin: null\r\n"};
	struct fixture *f = *state;
	struct answer a;
	char request[256];

	start_server(f);
	for (size_t i = 0; i < UNIT_COUNT_OF(wrong); i++) {
		snprintf(request, sizeof(request),
			 "POST /admin/pipelines/pay%%2fments/pause HTTP/1.1\r\n%s\r\n", wrong[i]);
		exchange(f, WR_HTTP_ADMIN, request, &a);
		assert_problem(&a, 403, "forbidden");
	}
	assert_false(f->engine.paused);
}

static void the_log_level_is_shown_and_set(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "GET", "/admin/log-level", "", &a);
	assert_string_equal(a.body, "{\"level\":\"error\"}");
	ask(f, "PUT", "/admin/log-level", "{\"level\":\"warn\"}", &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "{\"level\":\"warn\"}");
	assert_int_equal(wr_log_get_level(), WR_LOG_WARN);
}

static void a_level_that_is_none_changes_nothing(void **state)
{
	static const char *const bodies[] = {"",
					     "{}",
					     "[]",
					     "\"info\"",
					     "{\"level\":1}",
					     "{\"level\":\"loud\"}",
					     "{\"level\":\"info\\u0000\"}"};
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	for (size_t i = 0; i < UNIT_COUNT_OF(bodies); i++) {
		ask(f, "PUT", "/admin/log-level", bodies[i], &a);
		assert_problem(&a, 422, "invalid");
	}
	assert_int_equal(wr_log_get_level(), WR_LOG_ERROR);
}

static void bad_json_is_told_with_its_place(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "PUT", "/admin/log-level", "{\"level\":\n}", &a);
	assert_problem(&a, 400, "bad-json");
	assert_contains(a.body, "\"position\":{\"offset\":10,\"line\":2,\"column\":1}");
}

static void a_body_of_another_type_is_refused(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(f, WR_HTTP_ADMIN,
		 "PUT /admin/log-level HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
		 "Content-Length: 16\r\n\r\n{\"level\":\"warn\"}",
		 &a);
	assert_problem(&a, 415, "media-type");
	exchange(f, WR_HTTP_ADMIN,
		 "PUT /admin/log-level HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
		 "Content-Length: 16\r\n\r\n{\"level\":\"warn\"}",
		 &a);
	assert_problem(&a, 415, "media-type");
	assert_int_equal(wr_log_get_level(), WR_LOG_ERROR);
}

static void a_body_over_its_bound_is_refused_with_the_bound(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	exchange(
	    f, WR_HTTP_ADMIN,
	    "PUT /admin/log-level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\n",
	    &a);
	assert_problem(&a, 413, "too-large");
	assert_contains(a.body, "the body is larger than 1048576 bytes\"");
}

static void a_small_body_is_passed_over_where_none_is_taken(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/pipelines/pay%2fments/pause", "{\"for\":\"ever\"}", &a);
	assert_int_equal(a.status, 200);
}

/* As the client claims; it can look like no more than one word before the address. */
static void who_asks_is_shown_with_the_address(void **state)
{
	static const struct {
		const char *header, *shown;
	} names[] = {
	    {"Weir-User: alice\r\n", "alice via 127.0.0.1"},
	    {"weir-user:  alice via 10.0.0.1 \r\n", "alice_via_10.0.0.1 via 127.0.0.1"},
	    {"Weir-User: a\xC3\xA9\"<b>\r\n", "a__\"<b> via 127.0.0.1"},
	    {"Weir-User:\r\n", "admin 127.0.0.1"},
	    {"Weir-User: "
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbb\r\n",
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa via 127.0.0.1"},
	};
	struct fixture *f = *state;
	char request[512];
	struct answer a;

	start_server(f);
	for (size_t i = 0; i < UNIT_COUNT_OF(names); i++) {
		snprintf(
		    request, sizeof(request),
		    "POST /admin/reload HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: 0\r\n\r\n",
		    names[i].header);
		exchange(f, WR_HTTP_ADMIN, request, &a);
		assert_int_equal(a.status, 200);
		assert_string_equal(f->engine.client, names[i].shown);
	}
	exchange(f, WR_HTTP_ADMIN,
		 "POST /admin/pipelines/pay%2fments/pause HTTP/1.1\r\nHost: localhost\r\n"
		 "Weir-User: bob\r\nContent-Length: 0\r\n\r\n",
		 &a);
	assert_string_equal(f->engine.client, "bob via 127.0.0.1");
	exchange(
	    f, WR_HTTP_ADMIN,
	    "POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nWeir-User: a\r\nWeir-User: b\r\n"
	    "Content-Length: 0\r\n\r\n",
	    &a);
	assert_int_equal(a.status, 400);
}

static void a_reload_that_is_applied_is_200(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/reload", "", &a);
	assert_int_equal(a.status, 200);
	assert_contains(a.headers, "Content-Type: application/json\r\n");
	assert_string_equal(a.body, "{\"result\":\"so it ended\"}");
	assert_string_equal(f->engine.client, "admin 127.0.0.1");
	assert_false(f->engine.order.dry_run);
	assert_false(f->engine.order.rollback);
	assert_false(f->engine.order.drained);
}

static void what_a_reload_is_to_be_is_in_the_query(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/reload?dry_run=true", "", &a);
	assert_true(f->engine.order.dry_run);
	assert_false(f->engine.order.drained);
	assert_false(f->engine.order.force);
	ask(f, "POST", "/admin/reload?force=true", "", &a);
	assert_true(f->engine.order.force);
	ask(f, "POST", "/admin/rollback?drained&dry_run=false", "", &a);
	assert_int_equal(a.status, 200);
	assert_false(f->engine.order.dry_run);
	assert_true(f->engine.order.drained);
	assert_true(f->engine.order.rollback);
	assert_int_equal(f->engine.order.from, 0);
	ask(f, "POST", "/admin/rollback?from=12", "", &a);
	assert_int_equal(f->engine.order.from, 12);
}

static void a_canary_is_asked_for_in_percent_and_says_where_to_follow_it(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "POST", "/admin/reload?canary=2.5%25", "", &a);
	assert_int_equal(a.status, 200);
	assert_int_equal(f->engine.order.canary_share, 25000);
	assert_false(f->engine.order.no_canary);
	assert_null(strstr(a.headers, "Location"));
	ask(f, "POST", "/admin/reload?canary=off", "", &a);
	assert_int_equal(f->engine.order.canary_share, 0);
	assert_true(f->engine.order.no_canary);
	f->engine.reload_result = WR_ADMIN_CANARY;
	ask(f, "POST", "/admin/reload", "", &a);
	assert_int_equal(a.status, 200);
	assert_contains(a.headers, "Location: w.yaml:3:1: it is wrong\r\n"); /* the fake's detail */
}

static void a_query_that_is_wrong_reloads_nothing(void **state)
{
	static const char *const wrong[] = {
	    "dryrun=true", "dry_run=maybe", "dry_run&dry_run", "dry_run=%zz", "drained=1",
	    "canary=10",   "canary=0%25",   "canary=100%25",   "canary=on",   "canary"};
	static const char *const wrong_from[] = {
	    "from",    "from=0",      "from=-1", "from=x", "from=9223372036854775808",
	    "from=1x", "canary=10%25"};
	struct fixture *f = *state;
	struct answer a;
	char target[128];

	start_server(f);
	for (size_t i = 0; i < UNIT_COUNT_OF(wrong); i++) {
		snprintf(target, sizeof(target), "/admin/reload?%s", wrong[i]);
		ask(f, "POST", target, "", &a);
		assert_problem(&a, 400, "bad-request");
	}
	for (size_t i = 0; i < UNIT_COUNT_OF(wrong_from); i++) {
		snprintf(target, sizeof(target), "/admin/rollback?%s", wrong_from[i]);
		ask(f, "POST", target, "", &a);
		assert_problem(&a, 400, "bad-request");
	}
	ask(f, "POST", "/admin/reload?from=1", "", &a); /* is a rollback's */
	assert_problem(&a, 400, "bad-request");
	assert_int_equal(atomic_load(&f->engine.reloads), 0);
}

static void a_rejected_reload_is_a_problem_with_all_that_is_known(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	f->engine.reload_result = WR_ADMIN_REJECTED;
	start_server(f);
	ask(f, "POST", "/admin/reload", "", &a);
	assert_problem(&a, 422, "rejected");
	assert_contains(a.body, "\"detail\":\"w.yaml:3:1: it is wrong\"");
	assert_contains(a.body, "\"result\":\"so it ended\"}");
	f->engine.reload_result = WR_ADMIN_ROLLED_BACK;
	ask(f, "POST", "/admin/reload", "", &a);
	assert_problem(&a, 422, "rolled-back");
}

static void a_reload_that_can_not_be_asked_for_says_why(void **state)
{
	static const struct {
		enum wr_code code;
		int status;
		const char *slug;
	} rows[] = {{WR_EFULL, 409, "conflict"},
		    {WR_ENOTFOUND, 409, "conflict"},
		    {WR_EREFUSED, 409, "conflict"},
		    {WR_ECLOSED, 503, "busy"},
		    {WR_ENOMEM, 500, "internal"}};
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		f->engine.reload_code = rows[i].code;
		ask(f, "POST", "/admin/rollback", "", &a);
		assert_problem(&a, rows[i].status, rows[i].slug);
		assert_contains(a.body, "the reason");
	}
}

/* Begins a reload that does not end, on a connection of its own. */
static int hold_reload(struct fixture *f)
{
	int fd;

	atomic_store(&f->engine.holds_reloads, true);
	fd = dial(f, WR_HTTP_ADMIN);
	send_text(fd, "POST /admin/reload HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (atomic_load(&f->engine.reloads) == 0)
		usleep(1000);
	return fd;
}

static void a_reload_keeps_nobody_waiting_but_who_asked(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = hold_reload(f);
	ask(f, "GET", "/health/live", "", &a);
	assert_int_equal(a.status, 200);
	ask(f, "GET", "/admin/status", "", &a);
	assert_int_equal(a.status, 200);
	assert_false(has_answer_within_ms(fd, 20));
	atomic_store(&f->engine.holds_reloads, false);
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "{\"result\":\"so it ended\"}");
	close(fd);
}

static void a_reload_that_never_ends_is_not_waited_for_for_ever(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int fd;

	start_server(f);
	fd = hold_reload(f);
	advance_ms(f, 15 * 60 * 1000);
	read_answer(fd, &a);
	assert_problem(&a, 503, "unfinished");
	/* The connection is good for more while the worker still works for the last request. */
	send_text(fd, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
	read_answer(fd, &a);
	assert_int_equal(a.status, 200);
	atomic_store(&f->engine.holds_reloads, false);
	close(fd);
}

static void *release_later(void *arg)
{
	usleep(300000);
	atomic_store(&((struct fixture *)arg)->engine.holds_reloads, false);
	return NULL;
}

static void a_stop_answers_who_waits_and_waits_for_the_work(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	struct answer a;
	int fd;

	start_server(f);
	fd = hold_reload(f);
	assert_int_equal(pthread_create(&thread, NULL, release_later, f), 0);
	stop_server(f, 10);
	assert_false(atomic_load(&f->engine.holds_reloads));
	pthread_join(thread, NULL);
	read_answer(fd, &a);
	assert_problem(&a, 503, "unfinished");
	close(fd);
}

static void generations_are_listed_and_shown(void **state)
{
	static const char *const unknown[] = {
	    "8", "x", "-7", "+7", "7x", "%37x", "99999999999999999999"};
	struct fixture *f = *state;
	struct answer a;
	char target[128];

	start_server(f);
	ask(f, "GET", "/admin/generations", "", &a);
	assert_string_equal(a.body, "{\"list\":[]}");
	ask(f, "GET", "/admin/generations/7", "", &a);
	assert_string_equal(a.body, "{\"number\":7}");
	for (size_t i = 0; i < UNIT_COUNT_OF(unknown); i++) {
		snprintf(target, sizeof(target), "/admin/generations/%s", unknown[i]);
		ask(f, "GET", target, "", &a);
		assert_problem(&a, 404, "not-found");
	}
}

static void the_admin_listener_outlives_the_ingest_one(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	wr_health_set(f->health, "stop", false, "stopping");
	wr_http_drain(f->http, 1000);
	ask(f, "GET", "/health/ready", "", &a);
	assert_int_equal(a.status, 503);
	assert_contains(a.body, "stopping");
	ask(f, "GET", "/metrics", "", &a);
	assert_int_equal(a.status, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(what_the_engine_says_is_the_answer),
	    WITH_SERVER(calls_are_on_the_admin_listener_alone),
	    WITH_SERVER(a_pipeline_is_paused_and_resumed_by_its_unescaped_name),
	    WITH_SERVER(an_unknown_pipeline_is_not_found),
	    WITH_SERVER(a_path_that_is_wrongly_escaped_is_a_bad_request),
	    WITH_SERVER(a_parameter_that_is_not_known_is_refused),
	    WITH_SERVER(a_wrong_method_names_the_right_ones),
	    WITH_SERVER(a_token_is_wanted_for_all_but_health),
	    WITH_SERVER(a_page_of_another_host_is_turned_away),
	    WITH_SERVER(the_log_level_is_shown_and_set),
	    WITH_SERVER(a_level_that_is_none_changes_nothing),
	    WITH_SERVER(bad_json_is_told_with_its_place),
	    WITH_SERVER(a_body_of_another_type_is_refused),
	    WITH_SERVER(a_body_over_its_bound_is_refused_with_the_bound),
	    WITH_SERVER(a_small_body_is_passed_over_where_none_is_taken),
	    WITH_SERVER(who_asks_is_shown_with_the_address),
	    WITH_SERVER(a_reload_that_is_applied_is_200),
	    WITH_SERVER(what_a_reload_is_to_be_is_in_the_query),
	    WITH_SERVER(a_canary_is_asked_for_in_percent_and_says_where_to_follow_it),
	    WITH_SERVER(a_query_that_is_wrong_reloads_nothing),
	    WITH_SERVER(a_rejected_reload_is_a_problem_with_all_that_is_known),
	    WITH_SERVER(a_reload_that_can_not_be_asked_for_says_why),
	    WITH_SERVER(a_reload_keeps_nobody_waiting_but_who_asked),
	    WITH_SERVER(a_reload_that_never_ends_is_not_waited_for_for_ever),
	    WITH_SERVER(a_stop_answers_who_waits_and_waits_for_the_work),
	    WITH_SERVER(generations_are_listed_and_shown),
	    WITH_SERVER(the_admin_listener_outlives_the_ingest_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
