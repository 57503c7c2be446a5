/* Calls and workers by themselves: parameters, bodies, answers, and who runs what when. */
#include "config.h"

#include "tests/unit.h"

#include "http/call.h"
#include "http/router.h"

#include <stdlib.h>
#include <time.h>

static struct wr_http_route route = {.method = "POST", .path = "/things/{name}"};

static int set_up(void **state)
{
	*state = wr_http_call_create(NULL, &route);
	return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	wr_http_call_destroy(*state);
	return 0;
}

static void will_ask(struct wr_http_call *call, const char *name, const char *value)
{
	call->query.items[call->query.count++] = (struct wr_http_param){name, value};
}

static void assert_answer(struct wr_http_call *call, unsigned status, const char *text)
{
	assert_int_equal(call->status, status);
	if (strstr(wr_buf_text(&call->text), text) == NULL)
		fail_msg("%s", wr_buf_text(&call->text));
}

static void a_flag_is_true_false_or_there(void **state)
{
	static const struct {
		const char *text;
		bool value;
	} rows[] = {{"", true}, {"true", true}, {"false", false}};
	bool value;

	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		struct wr_http_call *call = *state;

		call->query.count = 0;
		will_ask(call, "flag", rows[i].text);
		value = !rows[i].value;
		assert_true(wr_http_call_bool(call, "flag", &value));
		assert_int_equal(value, rows[i].value);
	}
}

static void a_flag_that_is_neither_is_a_bad_request(void **state)
{
	bool value = false;

	will_ask(*state, "flag", "yes");
	assert_false(wr_http_call_bool(*state, "flag", &value));
	assert_answer(*state, 400, "the parameter flag is true or false");
}

static void a_number_is_within_its_bounds(void **state)
{
	static const char *const wrong[] = {"",   "x", "1x",  " 1",
					    "+1", "0", "101", "99999999999999999999"};
	struct wr_http_call *call = *state;
	int64_t value = 7;

	assert_true(wr_http_call_integer(call, "n", 1, 100, &value));
	assert_int_equal(value, 7);
	will_ask(call, "n", "100");
	assert_true(wr_http_call_integer(call, "n", 1, 100, &value));
	assert_int_equal(value, 100);
	for (size_t i = 0; i < UNIT_COUNT_OF(wrong); i++) {
		call->query.count = 0;
		will_ask(call, "n", wrong[i]);
		assert_false(wr_http_call_integer(call, "n", 1, 100, &value));
		assert_answer(call, 400, "the parameter n is a number from 1 to 100");
	}
}

static void an_answer_begun_anew_replaces_the_first(void **state)
{
	struct wr_http_call *call = *state;

	wr_json_out_text(wr_http_call_begin(call, 200), "half", "done");
	wr_http_call_fail(call, WR_HTTP_CONFLICT, "no");
	assert_int_equal(call->status, 409);
	assert_string_equal(call->mime, WR_HTTP_PROBLEM_MIME);
	assert_string_equal(wr_buf_text(&call->text),
			    "{\"type\":\"urn:weir:problem:conflict\",\"title\":\"Something else is "
			    "under way\",\"status\":409,\"detail\":\"no\"}");
}

static void a_problem_may_have_members_of_its_own(void **state)
{
	struct wr_http_call *call = *state;
	struct wr_json_out *out = wr_http_call_begin_problem(call, WR_HTTP_INVALID, NULL);

	wr_json_out_integer(out, "mine", 1);
	wr_http_call_end(call);
	assert_answer(call, 422, "\"status\":422,\"mine\":1}");
}

static void an_absent_body_is_an_empty_object(void **state)
{
	const char *text;

	assert_true(wr_http_call_json(*state));
	assert_false(wr_http_call_text(*state, "level", &text));
	assert_answer(*state, 422, "the body must have the member level, a text");
}

static void escapes_are_undone(void **state)
{
	struct wr_http_call *call = *state;
	const char *text;

	assert_int_equal(wr_http_unescape(&call->arena, wr_bytes_of("a%20b%2Fc%c3%a9"), &text),
			 WR_OK);
	assert_string_equal(text, "a b/c\xc3\xa9");
	assert_int_equal(wr_http_unescape(&call->arena, wr_bytes_of("%"), &text), WR_EINVAL);
	assert_int_equal(wr_http_unescape(&call->arena, wr_bytes_of("%4"), &text), WR_EINVAL);
	assert_int_equal(wr_http_unescape(&call->arena, wr_bytes_of("%4g"), &text), WR_EINVAL);
	assert_int_equal(wr_http_unescape(&call->arena, wr_bytes_of("%00"), &text), WR_EINVAL);
}

static void a_pattern_matches_whole_segments(void **state)
{
	struct wr_http_segment segments[WR_HTTP_SEGMENTS_MAX];
	size_t count;

	(void)state;
	assert_true(wr_http_path_match("/a/{x}/b/{y}", "/a/one/b/two", segments, &count));
	assert_int_equal(count, 2);
	assert_true(wr_bytes_equal(segments[1].name, wr_bytes_of("y")));
	assert_true(wr_bytes_equal(segments[1].value, wr_bytes_of("two")));
	assert_false(wr_http_path_match("/a/{x}", "/a/", segments, &count));
	assert_false(wr_http_path_match("/a/{x}", "/a/b/c", segments, &count));
	assert_false(wr_http_path_match("/a/{x}/b", "/a/x", segments, &count));
	assert_false(wr_http_path_match("/a", "/a/", segments, &count));
}

/* Workers. The requests here have no connection: nobody waits for them. */

static pthread_t ran_on[8];
static size_t ran;
static struct wr_lock ran_lock;
static _Atomic bool may_go_on;

static void note_thread(struct wr_http_call *call)
{
	(void)call;
	wr_lock_take(&ran_lock);
	ran_on[ran++] = pthread_self();
	wr_lock_release(&ran_lock);
	while (!atomic_load(&may_go_on))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static size_t count_ran(void)
{
	size_t count;

	wr_lock_take(&ran_lock);
	count = ran;
	wr_lock_release(&ran_lock);
	return count;
}

static struct wr_http_request *make_request(const struct wr_http_route *its)
{
	struct wr_http_conn conn = {.spare = NULL};
	struct wr_http_listener listener = {.http = NULL};
	struct wr_http http = {.deps = {.clock = &wr_clock_real}};
	const struct wr_conf_listener none = {.configured = true};
	struct wr_http_request *req;
	enum wr_http_pem wrong;
	struct wr_err err;

	assert_int_equal(wr_http_settings_create(&none, NULL, 1, &listener.settings, &wrong, &err),
			 WR_OK);
	listener.http = &http;
	conn.listener = &listener;
	req = wr_http_request_begin(&conn, NULL);
	assert_non_null(req);
	wr_http_settings_unref(listener.settings); /* the request has it */
	req->call = wr_http_call_create(NULL, its);
	assert_non_null(req->call);
	return req;
}

static void calls_run_on_threads_of_their_own_and_no_more_than_there_are(void **state)
{
	const struct wr_http_route its = {.call = note_thread};
	struct wr_http_waits waits;
	struct wr_http_workers workers;
	struct wr_err err;

	(void)state;
	ran = 0;
	atomic_store(&may_go_on, false);
	wr_lock_init(&ran_lock);
	wr_http_waits_init(&waits, 8);
	wr_http_workers_init(&workers, &waits);
	assert_int_equal(wr_http_workers_start(&workers, &err), WR_OK);
	for (size_t i = 0; i < WR_HTTP_WORKERS + 2; i++)
		wr_http_workers_add(&workers, make_request(&its));
	while (count_ran() < WR_HTTP_WORKERS)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	for (size_t i = 0; i < WR_HTTP_WORKERS; i++) {
		assert_false(pthread_equal(ran_on[i], pthread_self()));
		for (size_t j = 0; j < i; j++)
			assert_false(pthread_equal(ran_on[i], ran_on[j]));
	}
	atomic_store(&may_go_on, true);
	while (count_ran() < WR_HTTP_WORKERS + 2)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	wr_http_workers_stop(&workers);
	wr_http_workers_fini(&workers);
	wr_http_waits_fini(&waits);
	wr_lock_fini(&ran_lock);
}

static void what_has_not_begun_at_the_stop_is_not_run(void **state)
{
	const struct wr_http_route its = {.call = note_thread};
	struct wr_http_waits waits;
	struct wr_http_workers workers;

	(void)state;
	ran = 0;
	wr_lock_init(&ran_lock);
	wr_http_waits_init(&waits, 8);
	wr_http_workers_init(&workers, &waits);
	wr_http_workers_add(&workers, make_request(&its));
	wr_http_workers_add(&workers, make_request(&its));
	wr_http_workers_stop(&workers);
	assert_int_equal(count_ran(), 0);
	wr_http_workers_fini(&workers);
	wr_http_waits_fini(&waits);
	wr_lock_fini(&ran_lock);
}

#define WITH_CALL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_CALL(a_flag_is_true_false_or_there),
	    WITH_CALL(a_flag_that_is_neither_is_a_bad_request),
	    WITH_CALL(a_number_is_within_its_bounds),
	    WITH_CALL(an_answer_begun_anew_replaces_the_first),
	    WITH_CALL(a_problem_may_have_members_of_its_own),
	    WITH_CALL(an_absent_body_is_an_empty_object),
	    WITH_CALL(escapes_are_undone),
	    cmocka_unit_test(a_pattern_matches_whole_segments),
	    cmocka_unit_test(calls_run_on_threads_of_their_own_and_no_more_than_there_are),
	    cmocka_unit_test(what_has_not_begun_at_the_stop_is_not_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
