#include "config.h"

#include "base/check.h"
#include "base/json_out.h"
#include "base/log.h"
#include "dlq/run_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 10
#define TRY_AGAIN_MS 1000
#define NAP_MS 50
#define SEEN_MS 3000
#define LOOK_AGAIN_MS 10

enum wr_code wr_dlq_no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory for a job");
}

int64_t wr_dlq_wall_ms(void)
{
	return wr_clock_wall_ms(&wr_clock_real);
}

static bool is_asked(const _Atomic bool *flag)
{
	return flag != NULL && atomic_load(flag);
}

bool wr_dlq_is_asked_to_end(const struct wr_dlq_run *run)
{
	return is_asked(run->stop) || is_asked(run->cancel);
}

/* Sleeps, but not past a stop. */
void wr_dlq_nap(const struct wr_dlq_run *run, int64_t ms)
{
	int64_t end = wr_clock_mono_ns(&wr_clock_real) + ms * WR_NS_PER_MS, left;

	while (!is_asked(run->stop) && !is_asked(run->cancel) &&
	       (left = end - wr_clock_mono_ns(&wr_clock_real)) > 0) {
		struct timespec t = {0, NAP_MS * WR_NS_PER_MS};

		if (left < t.tv_nsec)
			t.tv_nsec = left;
		nanosleep(&t, NULL);
	}
}

/* What the job writes into the state topic. ------------------------------------------------------------------------ */

enum wr_code wr_dlq_put_state(struct wr_dlq_runner *r, struct wr_bytes key, struct wr_bytes value,
			      struct wr_err *err)
{
	const struct wr_dlq_write write = {.topic = r->run->dlq->state_name,
					   .partition = 0,
					   .key = wr_bytes_to_public(key),
					   .value = wr_bytes_to_public(value)};

	return wr_dlq_writer_put(r->writer, &write, err);
}

/* A record under "<prefix>/<job>". */
enum wr_code wr_dlq_put_under(struct wr_dlq_runner *r, const char *prefix, struct wr_bytes value,
			      struct wr_err *err)
{
	char key[WR_DLQ_JOB_BYTES + 32];

	snprintf(key, sizeof(key), "%s/%s", prefix, r->run->job->id);
	return wr_dlq_put_state(r, wr_bytes_of(key), value, err);
}

enum wr_code wr_dlq_put_job(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc;

	r->run->job->updated_ms = wr_dlq_wall_ms();
	rc = wr_dlq_job_json(r->run->job, &text);
	rc = rc == WR_OK ? wr_dlq_put_under(r, "job", wr_bytes(text.data, text.size), err)
			 : wr_dlq_no_memory(err);
	wr_buf_fini(&text);
	return rc;
}

static bool is_same_chunk(const struct wr_dlq_place *a, const struct wr_dlq_place *b)
{
	return a->partition == b->partition && a->offset / WR_DLQ_CHUNK == b->offset / WR_DLQ_CHUNK;
}

/* The chunks that were marked, once each: the letters come in the order of their offsets. */
static enum wr_code put_marks(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_buf key = WR_BUF_INIT, value = WR_BUF_INIT;
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < r->marked_count && rc == WR_OK; i++) {
		if (i > 0 && is_same_chunk(&r->marked[i], &r->marked[i - 1]))
			continue;
		wr_buf_clear(&key);
		wr_buf_clear(&value);
		if (wr_dlq_marks_encode(r->run->dlq->marks, &r->marked[i], r->run->job->id, &key,
					&value) != WR_OK)
			rc = wr_dlq_no_memory(err);
		else
			rc = wr_dlq_put_state(r, wr_bytes(key.data, key.size),
					      wr_bytes(value.data, value.size), err);
	}
	wr_buf_fini(&key);
	wr_buf_fini(&value);
	return rc;
}

/* `by` NULL: whom the job names. */
static enum wr_code render_audit(const struct wr_dlq_runner *r, const char *act, const char *by,
				 int64_t now_ms, struct wr_buf *text)
{
	const struct wr_dlq_job *job = r->run->job;
	struct wr_json_out out;
	struct wr_buf step = WR_BUF_INIT, whole = WR_BUF_INIT;
	enum wr_code rc = wr_buf_printf(&step, "%s %s", wr_dlq_kind_name(job->kind), act);

	if (rc == WR_OK)
		rc = wr_dlq_job_json(job, &whole);
	if (rc == WR_OK) {
		wr_json_out_init(&out, text);
		wr_json_out_begin_object(&out, NULL);
		wr_json_out_integer(&out, "at", now_ms);
		wr_json_out_text(&out, "act", wr_buf_text(&step));
		if (by != NULL)
			wr_json_out_text(&out, "by", by);
		wr_json_out_text(&out, "topic", r->run->dlq->topic_name);
		wr_json_out_raw(&out, "job", wr_bytes(whole.data, whole.size));
		wr_json_out_end(&out);
		rc = wr_json_out_finish(&out);
	}
	wr_buf_fini(&step);
	wr_buf_fini(&whole);
	return rc;
}

enum wr_code wr_dlq_audit(struct wr_dlq_runner *r, const char *act, struct wr_err *err)
{
	struct wr_buf text = WR_BUF_INIT;
	char prefix[32];
	enum wr_code rc = render_audit(r, act, NULL, wr_dlq_wall_ms(), &text);

	snprintf(prefix, sizeof(prefix), "audit/%s", act);
	rc = rc == WR_OK ? wr_dlq_put_under(r, prefix, wr_bytes(text.data, text.size), err)
			 : wr_dlq_no_memory(err);
	wr_buf_fini(&text);
	return rc;
}

enum wr_code wr_dlq_audit_resumed(struct wr_dlq_runner *r, struct wr_err *err)
{
	int64_t now_ms = wr_dlq_wall_ms();
	struct wr_buf text = WR_BUF_INIT;
	struct wr_dlq_place refused;
	char prefix[64]; /* with the time, for no later one is to replace it */
	enum wr_code rc = wr_dlq_writer_begin(r->writer, err);

	if (rc == WR_OK && render_audit(r, "resumed", r->run->who, now_ms, &text) != WR_OK)
		rc = wr_dlq_no_memory(err);
	snprintf(prefix, sizeof(prefix), "audit/resumed/%" PRId64, now_ms);
	if (rc == WR_OK)
		rc = wr_dlq_put_under(r, prefix, wr_bytes(text.data, text.size), err);
	if (rc == WR_OK)
		rc = wr_dlq_writer_commit(r->writer, &refused, err);
	wr_buf_fini(&text);
	if (rc == WR_OK)
		r->run->who = NULL;
	return rc;
}

void wr_dlq_tell_audit(const struct wr_dlq_runner *r, const char *act)
{
	const struct wr_dlq_job *job = r->run->job;

	WR_LOG(WR_LOG_INFO, "audit: dead letters", WR_STR("act", wr_dlq_kind_name(job->kind)),
	       WR_STR("step", act), WR_STR("topic", r->run->dlq->topic_name),
	       WR_STR("job", job->id), WR_STR("who", job->who),
	       WR_INT("selected", job->counts[WR_DLQ_SELECTED]),
	       WR_INT("done", job->counts[WR_DLQ_FINISHED]));
}

/* Steps. ----------------------------------------------------------------------------------------------------------- */

static enum wr_code remember(struct wr_dlq_runner *r, struct wr_err *err)
{
	const struct wr_dlq_job *job = r->run->job;

	memcpy(r->counts, job->counts, sizeof(r->counts));
	r->next_id = job->next_id;
	if (r->ranges == NULL)
		r->ranges = calloc(job->range_count + 1, sizeof(*r->ranges));
	if (r->ranges == NULL)
		return wr_dlq_no_memory(err);
	if (job->range_count > 0)
		memcpy(r->ranges, job->ranges, job->range_count * sizeof(*r->ranges));
	return WR_OK;
}

/* The step did not happen. */
static void go_back(struct wr_dlq_runner *r)
{
	struct wr_dlq_job *job = r->run->job;

	memcpy(job->counts, r->counts, sizeof(r->counts));
	job->next_id = r->next_id;
	if (job->range_count > 0)
		memcpy(job->ranges, r->ranges, job->range_count * sizeof(*r->ranges));
	for (size_t i = 0; i < r->marked_count; i++)
		wr_dlq_marks_take_back(r->run->dlq->marks, &r->marked[i], job->id);
	r->marked_count = 0;
}

/* A record is too large. Of several that went together any may be meant, so they go one by one. */
static enum wr_code note_too_large(struct wr_dlq_runner *r, const struct wr_dlq_place *place,
				   struct wr_err *err)
{
	struct wr_dlq_place *list;

	if (r->limit > 1) {
		r->careful = WR_DLQ_STEP_RECORDS;
		return WR_OK;
	}
	list = realloc(r->too_large, (r->too_large_count + 1) * sizeof(*list));
	if (list == NULL)
		return wr_dlq_no_memory(err);
	r->too_large = list;
	r->too_large[r->too_large_count++] = *place;
	return WR_OK;
}

static void begin_step(struct wr_dlq_runner *r)
{
	int64_t rate = r->run->job->rate;

	r->limit = WR_DLQ_STEP_RECORDS;
	if (rate > 0 && rate / 10 < WR_DLQ_STEP_RECORDS)
		r->limit = rate > 10 ? (size_t)rate / 10 : 1;
	if (r->careful > 0) {
		r->careful--;
		r->limit = 1;
	}
	r->acted = r->bytes = 0;
	r->scanned = 0;
	r->marked_count = 0;
	wr_arena_reset(&r->arena);
}

static enum wr_code end_step(struct wr_dlq_runner *r, struct wr_dlq_place *refused_r,
			     struct wr_err *err)
{
	enum wr_code rc = put_marks(r, err);

	if (rc == WR_OK)
		rc = wr_dlq_put_job(r, err);
	if (rc != WR_OK)
		return rc;
	return wr_dlq_writer_commit(r->writer, refused_r, err);
}

/* One transaction. WR_OK, also when it did not come about and is to be tried again. */
static enum wr_code step(struct wr_dlq_runner *r, int *tries_p, bool *is_end_r, struct wr_err *err)
{
	struct wr_dlq_place refused = {0, 0};
	enum wr_code rc;

	begin_step(r);
	rc = remember(r, err);
	if (rc == WR_OK)
		rc = wr_dlq_writer_begin(r->writer, err);
	if (rc != WR_OK)
		return rc;
	rc = wr_dlq_act(r, is_end_r, err);
	if (rc == WR_OK)
		rc = end_step(r, &refused, err);
	if (rc == WR_OK) {
		*tries_p = 0;
		return WR_OK;
	}
	wr_dlq_writer_abort(r->writer);
	*is_end_r = false;
	go_back(r);
	if (rc == WR_EREFUSED)
		return note_too_large(r, &refused, err);
	if (rc != WR_EUNAVAILABLE || ++*tries_p > TRIES)
		return rc;
	wr_dlq_nap(r->run, TRY_AGAIN_MS);
	return WR_OK;
}

static enum wr_code dry_step(struct wr_dlq_runner *r, bool *is_end_r, struct wr_err *err)
{
	begin_step(r);
	r->limit = SIZE_MAX;
	return wr_dlq_act(r, is_end_r, err);
}

static bool is_seen(const struct wr_dlq_run *run)
{
	struct wr_dlq_job found;
	bool seen = wr_dlq_job_load(run->dlq, run->job->id, &found, NULL) == WR_OK &&
		    found.state == run->job->state && found.updated_ms == run->job->updated_ms;

	wr_dlq_job_fini(&found);
	return seen;
}

void wr_dlq_await_seen(const struct wr_dlq_run *run)
{
	int64_t end_ns = wr_clock_mono_ns(&wr_clock_real) + SEEN_MS * WR_NS_PER_MS;

	while (!is_seen(run) && !wr_dlq_is_asked_to_end(run) &&
	       wr_clock_mono_ns(&wr_clock_real) < end_ns)
		wr_dlq_nap(run, LOOK_AGAIN_MS);
}

/* The last transaction of a job. */
enum wr_code wr_dlq_finish(struct wr_dlq_runner *r, enum wr_dlq_job_state state, struct wr_err *err)
{
	struct wr_dlq_place refused;
	enum wr_code rc;

	r->run->job->state = state;
	if (r->writer == NULL)
		return WR_OK;
	rc = wr_dlq_writer_begin(r->writer, err);
	if (rc == WR_OK)
		rc = wr_dlq_put_job(r, err);
	if (rc == WR_OK && r->run->job->is_edited)
		rc = wr_dlq_put_under(r, "value", wr_bytes(NULL, 0), err);
	if (rc == WR_OK)
		rc = wr_dlq_put_under(r, "sync", wr_bytes(NULL, 0), err);
	if (rc == WR_OK)
		rc = wr_dlq_audit(r, wr_dlq_job_state_name(state), err);
	if (rc == WR_OK)
		rc = wr_dlq_writer_commit(r->writer, &refused, err);
	if (rc != WR_OK) {
		r->run->job->state = WR_DLQ_RUNNING;
		return rc;
	}
	wr_dlq_tell_audit(r, wr_dlq_job_state_name(state));
	wr_dlq_await_seen(r->run);
	return WR_OK;
}

/* As fast as the rate allows: the letters of this run against its time. */
static void keep_rate(const struct wr_dlq_runner *r, int64_t start_ns, uint64_t done_before)
{
	const struct wr_dlq_job *job = r->run->job;
	uint64_t done = job->counts[WR_DLQ_FINISHED] - done_before;
	int64_t due_ms, now_ms;

	if (job->rate == 0)
		return;
	due_ms = (int64_t)((double)done * 1000.0 / (double)job->rate);
	now_ms = (wr_clock_mono_ns(&wr_clock_real) - start_ns) / WR_NS_PER_MS;
	if (due_ms > now_ms)
		wr_dlq_nap(r->run, due_ms - now_ms);
}

static enum wr_code go(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_dlq_run *run = r->run;
	int64_t start_ns = wr_clock_mono_ns(&wr_clock_real);
	uint64_t done_before = run->job->counts[WR_DLQ_FINISHED];
	bool is_end = false;
	enum wr_code rc = WR_OK;
	int tries = 0;

	while (rc == WR_OK && !is_end) {
		if (is_asked(run->cancel))
			return wr_dlq_finish(r, WR_DLQ_CANCELLED, err);
		if (is_asked(run->stop))
			return WR_OK;
		rc = r->writer != NULL ? step(r, &tries, &is_end, err) : dry_step(r, &is_end, err);
		if (rc == WR_OK && run->progress != NULL)
			run->progress(run->arg, run->job);
		if (rc == WR_OK && !is_end && r->writer != NULL)
			keep_rate(r, start_ns, done_before);
	}
	return rc == WR_OK ? wr_dlq_finish(r, WR_DLQ_DONE, err) : rc;
}

enum wr_code wr_dlq_go(struct wr_dlq_runner *r, struct wr_err *err)
{
	enum wr_code rc = go(r, err);

	wr_dlq_topic_rest(r->run->dlq->topic);
	return rc;
}
