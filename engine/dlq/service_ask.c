/* Questions and orders of the admin API. */
#include "config.h"

#include "base/check.h"
#include "base/json_slice.h"
#include "base/log.h"
#include "dlq/json.h"
#include "dlq/page.h"
#include "dlq/redrive.h"
#include "dlq/service_private.h"
#include "dlq/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 50
#define SCAN_MAX 200000
#define SCAN_MS 2000
#define RATE_MAX 1000000

static struct wr_dlq_service *of(struct wr_dlq_port *port)
{
	struct wr_dlq_service *s = WR_CONTAINER_OF(port, struct wr_dlq_service, port);

	WR_CHECK(s, WR_DLQ_SERVICE_MAGIC);
	return s;
}

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "out of memory");
}

static const char *param(const struct wr_dlq_params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++) {
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	}
	return NULL;
}

/* The topic that a question is about, taken. */
struct place {
	struct wr_dlq_service *service;
	struct wr_dlq_site *site;
	struct wr_dlq *dlq;
};

static enum wr_code enter(struct wr_dlq_port *port, const char *pipeline, struct place *p,
			  struct wr_err *err)
{
	enum wr_code rc;

	*p = (struct place){.service = of(port)};
	rc = wr_dlq_site_find(p->service, pipeline, &p->site, err);
	return rc == WR_OK ? wr_dlq_site_take(p->service, p->site, &p->dlq, err) : rc;
}

static enum wr_code leave(struct place *p, enum wr_code rc)
{
	bool failed = rc == WR_EUNAVAILABLE || rc == WR_EUNKNOWN;

	if (p->dlq != NULL)
		wr_dlq_site_give(p->service, p->site, p->dlq, failed);
	return rc;
}

static bool is_filter(const char *name)
{
	for (size_t i = 0; wr_dlq_filter_names[i] != NULL; i++) {
		if (strcmp(name, wr_dlq_filter_names[i]) == 0)
			return true;
	}
	return false;
}

static enum wr_code read_filter(const struct wr_dlq_params *params, struct wr_dlq_filter *filter,
				struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < params->count && rc == WR_OK; i++) {
		if (is_filter(params->items[i].name))
			rc = wr_dlq_filter_set(filter, params->items[i].name,
					       wr_bytes_of(params->items[i].value),
					       wr_clock_wall_ms(&wr_clock_real), err);
	}
	return rc;
}

static enum wr_code append_page(const struct wr_dlq_page *page, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, "{\"items\":[");

	for (size_t i = 0; i < page->count && rc == WR_OK; i++) {
		if (i > 0)
			rc = wr_buf_append_text(out, ",");
		if (rc == WR_OK)
			rc = wr_dlq_letter_json(page->letters[i], out);
	}
	if (rc != WR_OK || page->is_last)
		return rc == WR_OK ? wr_buf_append_text(out, "],\"next\":null}") : rc;
	if ((rc = wr_buf_append_text(out, "],\"next\":\"")) != WR_OK ||
	    (rc = wr_dlq_cursor_print(&page->next, out)) != WR_OK)
		return rc;
	return wr_buf_append_text(out, "\"}");
}

static enum wr_code read_limit(const char *text, size_t *limit_r, struct wr_err *err)
{
	struct wr_bytes rest = wr_bytes_of(text);
	int64_t limit = 0;

	if (text == NULL)
		return WR_OK;
	if (!wr_dlq_take_number(&rest, WR_DLQ_PAGE_MAX, &limit) || rest.size > 0 || limit == 0)
		return wr_err_set(err, WR_EINVAL, "limit: a number from 1 to %d is expected",
				  WR_DLQ_PAGE_MAX);
	*limit_r = (size_t)limit;
	return WR_OK;
}

static enum wr_code read_request(const struct wr_dlq_params *params, struct wr_dlq_filter *filter,
				 struct wr_dlq_cursor *cursor, struct wr_dlq_page_request *request,
				 struct wr_err *err)
{
	const char *token = param(params, "cursor"), *order = param(params, "order");
	enum wr_code rc = read_filter(params, filter, err);

	*request = (struct wr_dlq_page_request){
	    .filter = filter, .limit = LIMIT, .scan_max = SCAN_MAX, .timeout_ms = SCAN_MS};
	if (rc == WR_OK)
		rc = read_limit(param(params, "limit"), &request->limit, err);
	if (rc == WR_OK && order != NULL) {
		request->oldest_first = strcmp(order, "oldest") == 0;
		if (!request->oldest_first && strcmp(order, "newest") != 0)
			rc = wr_err_set(err, WR_EINVAL, "order: newest or oldest is expected");
	}
	if (rc == WR_OK && token != NULL) {
		rc = wr_dlq_cursor_parse(wr_bytes_of(token), cursor, err);
		request->cursor = cursor;
	}
	return rc;
}

static enum wr_code list(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			 struct wr_buf *out, struct wr_err *err)
{
	struct wr_dlq_filter filter = {.states = 0};
	struct wr_dlq_cursor cursor = {.positions = NULL};
	struct wr_dlq_page page = {.letters = NULL};
	struct wr_dlq_page_request request;
	struct place p = {.site = NULL};
	enum wr_code rc = read_request(params, &filter, &cursor, &request, err);

	if (rc == WR_OK)
		rc = enter(port, param(params, "pipeline"), &p, err);
	if (rc == WR_OK)
		rc = wr_dlq_page_read(p.dlq, &request, &page, err);
	if (rc == WR_OK && append_page(&page, out) != WR_OK)
		rc = no_memory(err);
	wr_dlq_page_fini(&page);
	wr_dlq_cursor_fini(&cursor);
	wr_dlq_filter_fini(&filter);
	return leave(&p, rc);
}

static enum wr_code stats(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			  struct wr_buf *out, struct wr_err *err)
{
	const char *token = param(params, "cursor");
	struct wr_dlq_filter filter = {.states = 0};
	struct wr_dlq_stats counted;
	struct place p = {.site = NULL};
	enum wr_code rc = wr_dlq_stats_init(&counted);

	rc = rc == WR_OK ? read_filter(params, &filter, err) : no_memory(err);
	if (rc == WR_OK && token != NULL)
		rc = wr_dlq_cursor_parse(wr_bytes_of(token), &counted.next, err);
	if (rc == WR_OK)
		rc = enter(port, param(params, "pipeline"), &p, err);
	if (rc == WR_OK)
		rc = wr_dlq_stats_read(p.dlq, &filter, SCAN_MS, &counted, err);
	if (rc == WR_OK && wr_dlq_stats_json(&counted, out) != WR_OK)
		rc = no_memory(err);
	wr_dlq_stats_fini(&counted);
	wr_dlq_filter_fini(&filter);
	return leave(&p, rc);
}

struct showing {
	struct wr_buf *out;
	enum wr_code rc;
};

static void render(void *arg, const struct wr_dlq_letter *letter,
		   const struct wr_dlq_record *record)
{
	struct showing *showing = arg;

	showing->rc = wr_dlq_letter_json_full(letter, record, showing->out);
}

static enum wr_code show(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			 const char *text, struct wr_buf *out, struct wr_err *err)
{
	struct showing showing = {.out = out, .rc = WR_OK};
	struct wr_dlq_place place;
	struct place p = {.site = NULL};
	enum wr_code rc = WR_OK;

	if (!wr_dlq_place_parse(wr_bytes_of(text), &place))
		rc = wr_err_set(err, WR_ENOTFOUND, "a dead letter is at PARTITION/OFFSET");
	if (rc == WR_OK)
		rc = enter(port, param(params, "pipeline"), &p, err);
	if (rc == WR_OK)
		rc = wr_dlq_show(p.dlq, &place, render, &showing, err);
	if (rc == WR_OK && showing.rc != WR_OK)
		rc = no_memory(err);
	return leave(&p, rc);
}

static enum wr_code append_jobs(const struct wr_dlq_job *jobs, size_t count, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, "{\"jobs\":[");

	for (size_t i = 0; i < count && rc == WR_OK; i++) {
		if (i > 0)
			rc = wr_buf_append_text(out, ",");
		if (rc == WR_OK)
			rc = wr_dlq_job_json(&jobs[i], out);
	}
	return rc == WR_OK ? wr_buf_append_text(out, "]}") : rc;
}

static enum wr_code show_jobs(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			      struct wr_buf *out, struct wr_err *err)
{
	struct wr_dlq_job *jobs = NULL;
	struct place p;
	size_t count = 0;
	enum wr_code rc = enter(port, param(params, "pipeline"), &p, err);

	if (rc == WR_OK)
		rc = wr_dlq_jobs_load(p.dlq, &jobs, &count, err);
	if (rc == WR_OK && append_jobs(jobs, count, out) != WR_OK)
		rc = no_memory(err);
	wr_dlq_jobs_free(jobs, count);
	return leave(&p, rc);
}

static enum wr_code check_id(const char *id, struct wr_err *err)
{
	if (wr_dlq_job_id_is_good(wr_bytes_of(id)))
		return WR_OK;
	return wr_err_set(err, WR_ENOTFOUND, "there is no job of this id");
}

/* The topic of a job that is asked for by its id. */
static enum wr_code enter_for_job(struct wr_dlq_port *port, const struct wr_dlq_params *params,
				  const char *id, struct place *p, struct wr_err *err)
{
	enum wr_code rc = check_id(id, err);

	*p = (struct place){.site = NULL};
	return rc == WR_OK ? enter(port, param(params, "pipeline"), p, err) : rc;
}

/* Ends a question about a job with the job itself, unless it has failed before. */
static enum wr_code leave_with_job(struct place *p, struct wr_dlq_job *job, enum wr_code rc,
				   struct wr_buf *out, struct wr_err *err)
{
	if (rc == WR_OK && wr_dlq_job_json(job, out) != WR_OK)
		rc = no_memory(err);
	wr_dlq_job_fini(job);
	return leave(p, rc);
}

static enum wr_code show_job(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			     const char *id, struct wr_buf *out, struct wr_err *err)
{
	struct wr_dlq_job job = {.who = NULL};
	struct place p;
	enum wr_code rc = enter_for_job(port, params, id, &p, err);

	if (rc == WR_OK)
		rc = wr_dlq_job_load(p.dlq, id, &job, err);
	return leave_with_job(&p, &job, rc, out, err);
}

/* What the body of an order says beside the job. */
struct order {
	struct wr_dlq_job job;
	char *pipeline, *value;
	bool all, dry_run, confirmed, has_filter;
};

static void fini_order(struct order *o)
{
	wr_dlq_job_fini(&o->job);
	free(o->pipeline);
	free(o->value);
}

static enum wr_code expect(struct wr_err *err, const char *name, const char *what)
{
	return wr_err_set(err, WR_EINVAL, "%s: %s is expected", name, what);
}

static enum wr_code take_ids(struct order *o, struct wr_bytes value, struct wr_err *err)
{
	struct wr_json_walk walk;
	struct wr_bytes name, element, text;
	enum wr_code rc = WR_OK;

	if (wr_json_slice_type(value) != WR_JSON_ARRAY || !wr_json_walk_begin(&walk, value))
		return expect(err, "ids", "a list of texts");
	while (rc == WR_OK && wr_json_walk_next(&walk, &name, &element)) {
		if (!wr_json_slice_string(element, &text))
			return expect(err, "ids", "a list of texts");
		rc = wr_dlq_job_add(&o->job, text, err);
	}
	if (rc == WR_EINVAL)
		wr_err_prefix(err, "ids");
	return rc;
}

static enum wr_code take_filter(struct order *o, struct wr_bytes value, struct wr_err *err)
{
	struct wr_json_walk walk;
	struct wr_bytes escaped, element;
	enum wr_code rc = WR_OK;
	char name[32] = "", *text;

	if (wr_json_slice_type(value) != WR_JSON_OBJECT || !wr_json_walk_begin(&walk, value))
		return expect(err, "filter", "an object");
	while (rc == WR_OK && wr_json_walk_next(&walk, &escaped, &element)) {
		snprintf(name, sizeof(name), "%.*s", (int)escaped.size, (const char *)escaped.data);
		text = wr_dlq_json_string(element);
		if (text == NULL || strcmp(name, "state") == 0)
			rc = wr_err_set(err, WR_EINVAL, "a text is expected, and no state");
		else
			rc = wr_dlq_filter_set(&o->job.filter, name, wr_bytes_of(text),
					       wr_clock_wall_ms(&wr_clock_real), err);
		free(text);
		o->has_filter = true;
	}
	if (rc != WR_OK && rc != WR_ENOMEM) {
		wr_err_prefix(err, "filter");
		rc = WR_EINVAL;
	}
	return rc;
}

static enum wr_code take_bool(struct wr_bytes value, const char *name, bool *flag,
			      struct wr_err *err)
{
	*flag = wr_bytes_equal(value, wr_bytes_of("true"));
	if (*flag || wr_bytes_equal(value, wr_bytes_of("false")))
		return WR_OK;
	return expect(err, name, "true or false");
}

static enum wr_code take_text(struct wr_bytes value, const char *name, char **text,
			      struct wr_err *err)
{
	free(*text);
	*text = wr_dlq_json_string(value);
	return *text != NULL ? WR_OK : expect(err, name, "a text");
}

/* JSON has no integers, so 100.0 is as good as 100: without the fraction that says nothing. */
static struct wr_bytes without_zeros(struct wr_bytes number)
{
	const char *text = number.data, *point = memchr(text, '.', number.size);
	size_t size = number.size;

	if (point == NULL)
		return number;
	while (text[size - 1] == '0')
		size--;
	return text + size - 1 == point ? wr_bytes(text, size - 1) : number;
}

static enum wr_code take_rate(struct order *o, struct wr_bytes value, struct wr_err *err)
{
	if (wr_json_slice_type(value) == WR_JSON_NUMBER)
		value = without_zeros(value);
	if (wr_json_slice_integer(value, &o->job.rate) && o->job.rate >= 1 &&
	    o->job.rate <= RATE_MAX)
		return WR_OK;
	return expect(err, "rate", "a number from 1 to 1000000");
}

static enum wr_code take_word(struct order *o, struct wr_bytes value, const char *name,
			      struct wr_err *err)
{
	struct wr_bytes word = {NULL, 0};

	wr_json_slice_string(value, &word);
	if (strcmp(name, "to") == 0)
		return word.data != NULL && wr_dlq_to_parse(word, &o->job.to)
			   ? WR_OK
			   : expect(err, name, "auto, stage or start");
	o->job.kind = WR_DLQ_PURGE;
	if (wr_bytes_equal(word, wr_bytes_of("purge")))
		return WR_OK;
	o->job.kind = WR_DLQ_REPLAY;
	return wr_bytes_equal(word, wr_bytes_of("replay")) ? WR_OK
							   : expect(err, name, "replay or purge");
}

static enum wr_code take_member(struct order *o, const char *name, struct wr_bytes value,
				struct wr_err *err)
{
	if (strcmp(name, "kind") == 0 || strcmp(name, "to") == 0)
		return take_word(o, value, name, err);
	if (strcmp(name, "pipeline") == 0)
		return take_text(value, name, &o->pipeline, err);
	if (strcmp(name, "value") == 0)
		return take_text(value, name, &o->value, err);
	if (strcmp(name, "ids") == 0)
		return take_ids(o, value, err);
	if (strcmp(name, "filter") == 0)
		return take_filter(o, value, err);
	if (strcmp(name, "rate") == 0)
		return take_rate(o, value, err);
	if (strcmp(name, "all") == 0)
		return take_bool(value, name, &o->all, err);
	if (strcmp(name, "force") == 0)
		return take_bool(value, name, &o->job.force, err);
	if (strcmp(name, "dryRun") == 0)
		return take_bool(value, name, &o->dry_run, err);
	if (strcmp(name, "confirm") == 0)
		return take_bool(value, name, &o->confirmed, err);
	return wr_err_set(err, WR_EINVAL, "%s: no such member", name);
}

static enum wr_code check_order(struct order *o, struct wr_err *err)
{
	bool by_ids = o->job.id_count > 0;

	if ((by_ids ? 1 : 0) + (o->has_filter ? 1 : 0) + (o->all ? 1 : 0) != 1)
		return wr_err_set(err, WR_EINVAL,
				  "one of ids, filter and all says which dead letters are meant");
	if (o->value != NULL && (o->job.id_count != 1 || o->job.kind == WR_DLQ_PURGE))
		return wr_err_set(err, WR_EINVAL, "value: it is for one id, and a replay");
	if (o->job.kind == WR_DLQ_PURGE && !o->confirmed && !o->dry_run)
		return wr_err_set(
		    err, WR_EINVAL,
		    "confirm: true is expected of a purge; dryRun says what it would do");
	if (o->pipeline != NULL && !by_ids)
		return wr_dlq_filter_set(&o->job.filter, "pipeline", wr_bytes_of(o->pipeline), 0,
					 err);
	return WR_OK;
}

static enum wr_code read_order(struct wr_bytes body, struct order *o, struct wr_err *err)
{
	struct wr_json_walk walk;
	struct wr_bytes escaped, value;
	enum wr_code rc = WR_OK;
	char name[32];

	if (!wr_json_walk_begin(&walk, body))
		return expect(err, "the body", "an object");
	while (rc == WR_OK && wr_json_walk_next(&walk, &escaped, &value)) {
		snprintf(name, sizeof(name), "%.*s", (int)escaped.size, (const char *)escaped.data);
		rc = take_member(o, name, value, err);
	}
	return rc == WR_OK ? check_order(o, err) : rc;
}

static enum wr_code perform(struct place *p, struct order *o, struct wr_dlq_run *run,
			    struct wr_buf *out, struct wr_err *err)
{
	enum wr_code rc = o->dry_run ? wr_dlq_run_new(run, err) : wr_dlq_run_create(run, err);

	if (rc == WR_OK && !o->dry_run &&
	    wr_dlq_service_queue(p->service, p->site, o->job.id, NULL,
				 wr_clock_mono_ns(&wr_clock_real)) != WR_OK)
		rc = no_memory(err);
	if (o->dry_run)
		o->job.id[0] = '\0'; /* there is no such job */
	if (rc == WR_OK && wr_dlq_job_json(&o->job, out) != WR_OK)
		rc = no_memory(err);
	return rc;
}

static enum wr_code create(struct wr_dlq_port *port, struct wr_bytes body, const char *who,
			   struct wr_buf *out, bool *is_dry_r, struct wr_err *err)
{
	struct order o = {.job = {.kind = WR_DLQ_REPLAY}};
	struct wr_dlq_pipeline *pipelines = NULL;
	struct wr_dlq_run run = {.job = &o.job};
	struct place p = {.site = NULL};
	enum wr_code rc = read_order(body, &o, err);

	*is_dry_r = o.dry_run;
	if (rc == WR_OK)
		rc = enter(port, o.pipeline, &p, err);
	if (rc == WR_OK) {
		run.dlq = p.dlq;
		run.kafka = p.service->kafka;
		run.dry_run = o.dry_run;
		run.stop = &p.service->is_stopping;
		run.edited = wr_bytes_of(o.value);
		pipelines = wr_dlq_site_pipelines(p.service, p.site, &run.pipeline_count);
		run.pipelines = pipelines;
		o.job.who = strdup(who);
		rc = pipelines != NULL && o.job.who != NULL ? perform(&p, &o, &run, out, err)
							    : no_memory(err);
	}
	free(pipelines);
	fini_order(&o);
	return leave(&p, rc);
}

static enum wr_code cancel(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			   const char *id, const char *who, struct wr_buf *out, struct wr_err *err)
{
	struct wr_dlq_job job = {.who = NULL};
	struct wr_dlq_run run = {.job = &job, .who = who};
	struct place p;
	enum wr_code rc = enter_for_job(port, params, id, &p, err);

	if (rc == WR_OK) {
		run.dlq = p.dlq;
		run.kafka = p.service->kafka;
		rc = wr_dlq_run_cancel(&run, id, err);
	}
	if (rc == WR_OK)
		WR_LOG(WR_LOG_INFO, "audit: a job of dead letters was cancelled", WR_STR("job", id),
		       WR_STR("who", who));
	return leave_with_job(&p, &job, rc, out, err);
}

static enum wr_code resume(struct wr_dlq_port *port, const struct wr_dlq_params *params,
			   const char *id, const char *who, struct wr_buf *out, struct wr_err *err)
{
	struct wr_dlq_job job = {.who = NULL};
	struct place p;
	enum wr_code rc = enter_for_job(port, params, id, &p, err);

	if (rc == WR_OK)
		rc = wr_dlq_job_load(p.dlq, id, &job, err);
	if (rc == WR_OK && job.state != WR_DLQ_RUNNING)
		rc = wr_err_set(err, WR_EEXIST, "job %s is %s", id,
				wr_dlq_job_state_name(job.state));
	if (rc == WR_OK && wr_dlq_service_queue(p.service, p.site, id, who,
						wr_clock_mono_ns(&wr_clock_real)) != WR_OK)
		rc = no_memory(err);
	if (rc == WR_OK)
		WR_LOG(WR_LOG_INFO, "audit: a job of dead letters is resumed", WR_STR("job", id),
		       WR_STR("who", who));
	return leave_with_job(&p, &job, rc, out, err);
}

static enum wr_code show_redrives(struct wr_dlq_port *port, struct wr_buf *out, struct wr_err *err)
{
	return wr_redrive_json(of(port), out) == WR_OK ? WR_OK : no_memory(err);
}

const struct wr_dlq_ops wr_dlq_service_ops = {.list = list,
					      .stats = stats,
					      .show = show,
					      .jobs = show_jobs,
					      .job = show_job,
					      .create = create,
					      .cancel = cancel,
					      .redrives = show_redrives,
					      .resume = resume};
