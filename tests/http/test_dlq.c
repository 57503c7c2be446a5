/* The calls about dead letters over HTTP, with a port that remembers what it was asked. */
#include "config.h"

#include "tests/http/fixture.h"

#include "base/log.h"
#include "port/dlq.h"

#include <stdio.h>

static struct {
	char asked[1024];
	enum wr_code rc;
	bool is_dry;
} fake;

static enum wr_code answer(struct wr_buf *out, struct wr_err *err)
{
	if (fake.rc != WR_OK)
		return wr_err_set(err, fake.rc, "the reason");
	return wr_buf_append_text(out, "{\"done\":true}");
}

static void note(const char *what, const struct wr_dlq_params *params, const char *more)
{
	size_t used = (size_t)snprintf(fake.asked, sizeof(fake.asked), "%s %s", what, more);

	for (size_t i = 0; params != NULL && i < params->count; i++)
		used += (size_t)snprintf(fake.asked + used, sizeof(fake.asked) - used, " %s=%s",
					 params->items[i].name, params->items[i].value);
}

static enum wr_code list(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			 struct wr_buf *out, struct wr_err *err)
{
	(void)port;
	note("list", params, "");
	return answer(out, err);
}

static enum wr_code stats(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			  struct wr_buf *out, struct wr_err *err)
{
	(void)port;
	note("stats", params, "");
	return answer(out, err);
}

static enum wr_code show(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			 const char *place, struct wr_buf *out, struct wr_err *err)
{
	(void)port;
	note("show", params, place);
	return answer(out, err);
}

static enum wr_code jobs(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			 struct wr_buf *out, struct wr_err *err)
{
	(void)port;
	note("jobs", params, "");
	return answer(out, err);
}

static enum wr_code redrives(struct wr_dlq_port *port, struct wr_buf *out, struct wr_err *err)
{
	(void)port;
	note("redrives", NULL, "");
	return answer(out, err);
}

static enum wr_code job(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			const char *id, struct wr_buf *out, struct wr_err *err)
{
	(void)port;
	note("job", params, id);
	return answer(out, err);
}

static enum wr_code create(struct wr_dlq_port *port, struct wr_bytes body, const char *who,
			   struct wr_buf *out, bool *is_dry_r, struct wr_err *err)
{
	(void)port;
	snprintf(fake.asked, sizeof(fake.asked), "create %.*s by %s", (int)body.size,
		 (const char *)body.data, who);
	*is_dry_r = fake.is_dry;
	return answer(out, err);
}

static enum wr_code cancel(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			   const char *id, const char *who, struct wr_buf *out, struct wr_err *err)
{
	(void)port, (void)who;
	note("cancel", params, id);
	return answer(out, err);
}

static enum wr_code resume(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			   const char *id, const char *who, struct wr_buf *out, struct wr_err *err)
{
	(void)port, (void)who;
	note("resume", params, id);
	return answer(out, err);
}

static const struct wr_dlq_ops ops = {list,   stats,  show,     jobs,  job,
				      create, cancel, redrives, resume};
static struct wr_dlq_port port = {&ops};

static void ask(struct fixture *f, const char *method, const char *target, const char *body,
		struct answer *a)
{
	char request[2048];

	if (f->http == NULL) {
		f->deps.dlq = &port;
		start_server(f);
	}
	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", method,
		 target, strlen(body), body);
	exchange(f, WR_HTTP_ADMIN, request, a);
}

static int begin(void **state)
{
	fake.rc = WR_OK;
	fake.is_dry = false;
	return set_up(state);
}

static void each_call_asks_its_question(void **state)
{
	static const struct {
		const char *method, *target, *asked;
		int status;
	} calls[] = {
	    {"GET", "/admin/dlq?code=a%20b&limit=5", "list  code=a b limit=5", 200},
	    {"GET", "/admin/dlq/stats?class=poison", "stats  class=poison", 200},
	    {"GET", "/admin/dlq/letters/3/1742?pipeline=p", "show 3/1742 pipeline=p", 200},
	    {"GET", "/admin/dlq/redrives", "redrives ", 200},
	    {"GET", "/admin/dlq/jobs", "jobs ", 200},
	    {"GET", "/admin/dlq/jobs/j-1", "job j-1", 200},
	    {"DELETE", "/admin/dlq/jobs/j-1?pipeline=p", "cancel j-1 pipeline=p", 200},
	    {"POST", "/admin/dlq/jobs/j-1/resume", "resume j-1", 202},
	};
	struct answer a;

	for (size_t i = 0; i < UNIT_COUNT_OF(calls); i++) {
		ask(*state, calls[i].method, calls[i].target, "", &a);
		assert_int_equal(a.status, calls[i].status);
		assert_string_equal(fake.asked, calls[i].asked);
		assert_string_equal(a.body, "{\"done\":true}");
	}
}

static void a_job_is_accepted_and_a_dry_run_answered(void **state)
{
	struct answer a;

	ask(*state, "POST", "/admin/dlq/jobs", "{\"all\":true}", &a);
	assert_int_equal(a.status, 202);
	assert_string_equal(fake.asked, "create {\"all\":true} by admin API, from 127.0.0.1");
	fake.is_dry = true;
	ask(*state, "POST", "/admin/dlq/jobs", "{\"all\":true}", &a);
	assert_int_equal(a.status, 200);
	ask(*state, "POST", "/admin/dlq/jobs", "[", &a);
	assert_int_equal(a.status, 400);
}

static void what_fails_is_told_with_its_reason(void **state)
{
	static const struct {
		enum wr_code rc;
		int of_get, of_post;
	} failures[] = {{WR_EINVAL, 400, 422},   {WR_ENOTFOUND, 404, 404},
			{WR_EREFUSED, 503, 503}, {WR_EUNAVAILABLE, 503, 503},
			{WR_EUNKNOWN, 503, 503}, {WR_ECLOSED, 503, 503},
			{WR_ENOMEM, 500, 500}};
	struct answer a;

	for (size_t i = 0; i < UNIT_COUNT_OF(failures); i++) {
		fake.rc = failures[i].rc;
		ask(*state, "GET", "/admin/dlq", "", &a);
		assert_int_equal(a.status, failures[i].of_get);
		assert_non_null(strstr(a.body, "\"detail\":\"the reason\""));
		ask(*state, "POST", "/admin/dlq/jobs", "{}", &a);
		assert_int_equal(a.status, failures[i].of_post);
	}
	fake.rc = WR_EEXIST;
	ask(*state, "DELETE", "/admin/dlq/jobs/j-1", "", &a);
	assert_int_equal(a.status, 409);
}

static void a_parameter_that_is_not_taken_is_refused(void **state)
{
	struct answer a;

	ask(*state, "GET", "/admin/dlq/stats?limit=5", "", &a);
	assert_int_equal(a.status, 400);
	ask(*state, "GET", "/admin/dlq?colour=red", "", &a);
	assert_int_equal(a.status, 400);
}

static void without_pipelines_there_is_nothing(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	start_server(f);
	ask(f, "GET", "/admin/dlq", "", &a);
	assert_int_equal(a.status, 404);
	ask(f, "POST", "/admin/dlq/jobs", "{}", &a);
	assert_int_equal(a.status, 404);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(each_call_asks_its_question),
	    RULE(a_job_is_accepted_and_a_dry_run_answered),
	    RULE(what_fails_is_told_with_its_reason),
	    RULE(a_parameter_that_is_not_taken_is_refused),
	    RULE(without_pipelines_there_is_nothing),
	};

	wr_log_set_level(WR_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
