/* Beginning, resuming and cancelling jobs. */
#include "config.h"

#include "dlq/run_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TIME_MARGIN_MS 60000
#define LOOK_AGAIN_MS 50
#define LEARN_MS 15000
#define NAME_BYTES 128
#define BARRIER_MS 90000 /* a transaction of a job that was killed is over by then */

static void init_runner(struct wr_dlq_runner *r, struct wr_dlq_run *run)
{
	*r = (struct wr_dlq_runner){.run = run};
	wr_arena_init(&r->arena, WR_DLQ_STEP_BYTES);
}

static void fini_runner(struct wr_dlq_runner *r)
{
	wr_dlq_writer_close(r->writer);
	wr_arena_fini(&r->arena);
	free(r->marked);
	free(r->ranges);
	free(r->too_large);
}

/* What a job acts on is open, whatever the filter says. */
static void borrow_filter(struct wr_dlq_runner *r)
{
	r->filter = r->run->job->filter;
	r->filter.states = 1u << WR_DLQ_OPEN;
}

/* The offsets that are there now: what comes later is not the job's. */
static enum wr_code take_ranges(struct wr_dlq_run *run, struct wr_err *err)
{
	struct wr_dlq_job *job = run->job;
	struct wr_dlq_topic *topic = run->dlq->topic;
	int32_t partitions = wr_dlq_topic_partitions(topic);
	enum wr_code rc = WR_OK;

	if (job->id_count > 0)
		return WR_OK;
	job->ranges = calloc((size_t)partitions + 1, sizeof(*job->ranges));
	if (job->ranges == NULL)
		return wr_dlq_no_memory(err);
	job->range_count = (size_t)partitions;
	for (int32_t i = 0; i < partitions && rc == WR_OK; i++) {
		struct wr_dlq_range *range = &job->ranges[i];

		range->partition = i;
		rc = wr_dlq_topic_bounds(topic, i, &range->next, &range->end, err);
		if (rc == WR_OK && (size_t)i < run->seen_count && run->seen[i] > range->next &&
		    run->seen[i] <= range->end)
			range->next = run->seen[i];
		if (rc == WR_OK && job->filter.from_ms != 0)
			rc = wr_dlq_topic_offset_at(topic, i, job->filter.from_ms, range->end,
						    &range->next, err);
		if (rc == WR_OK && job->filter.until_ms != 0)
			rc = wr_dlq_topic_offset_at(topic, i, job->filter.until_ms + TIME_MARGIN_MS,
						    range->end, &range->end, err);
		if (range->end < range->next)
			range->end = range->next;
	}
	return rc;
}

/* Also of a job that goes on: the topic may have been made anew, and its record may be anybody's. */
static enum wr_code check_partitions(const struct wr_dlq_run *run, struct wr_err *err)
{
	const struct wr_dlq_job *job = run->job;
	int32_t count = wr_dlq_topic_partitions(run->dlq->topic);

	for (size_t i = 0; i < job->id_count; i++) {
		if (job->ids[i].partition >= count)
			return wr_err_set(err, WR_EINVAL,
					  "%" PRId32 "/%" PRId64 ": %s has no partition %" PRId32,
					  job->ids[i].partition, job->ids[i].offset,
					  run->dlq->topic_name, job->ids[i].partition);
	}
	for (size_t i = 0; i < job->range_count; i++) {
		if (job->ranges[i].partition >= count)
			return wr_err_set(err, WR_EINVAL,
					  "job %s goes through partition %" PRId32
					  ", which %s does not have",
					  job->id, job->ranges[i].partition, run->dlq->topic_name);
	}
	return WR_OK;
}

/* What lies behind the end is not there: the topic was made anew or cut short meanwhile. */
static enum wr_code cut_ranges(const struct wr_dlq_run *run, struct wr_err *err)
{
	struct wr_dlq_job *job = run->job;
	int64_t low, high;
	enum wr_code rc = WR_OK;

	for (size_t i = 0; i < job->range_count && rc == WR_OK; i++) {
		struct wr_dlq_range *range = &job->ranges[i];

		if (range->next >= range->end)
			continue;
		rc = wr_dlq_topic_bounds(run->dlq->topic, range->partition, &low, &high, err);
		if (rc == WR_OK && range->end > high)
			range->end = high;
		if (rc == WR_OK && range->next > range->end)
			range->next = range->end;
	}
	return rc;
}

static enum wr_code check_job(const struct wr_dlq_run *run, struct wr_err *err)
{
	const struct wr_dlq_job *job = run->job;

	if (run->edited.data != NULL && job->id_count != 1)
		return wr_err_set(err, WR_EINVAL, "an edited value is for one dead letter");
	if (job->kind != WR_DLQ_PURGE && run->pipeline_count == 0)
		return wr_err_set(err, WR_EINVAL,
				  "no pipeline is known whose dead letters these are");
	return check_partitions(run, err);
}

struct judging {
	const struct wr_dlq_run *run;
	enum wr_code rc;
	struct wr_err *err;
};

/* What is not sent round in any case is not judged: the job counts it. */
static void judge_edit(void *arg, const struct wr_dlq_letter *letter,
		       const struct wr_dlq_record *record)
{
	struct judging *judging = arg;
	const struct wr_dlq_run *run = judging->run;
	const struct wr_dlq_pipeline *pipeline;
	struct wr_dlq_edit edit;
	struct wr_envelope e;
	bool refused;

	if (letter->state != WR_DLQ_OPEN ||
	    wr_envelope_read(record->headers, record->header_count, WR_ENVELOPE_DEAD_LETTER, &e,
			     NULL) != WR_OK)
		return;
	pipeline = wr_dlq_pipeline_of(run, &e);
	edit = (struct wr_dlq_edit){.letter = &e,
				    .value = wr_bytes_from(record->value),
				    .edited = run->edited,
				    .to_stage = wr_dlq_goes_to_stage(run, &e, &refused)};
	if (pipeline == NULL || refused)
		return;
	edit.rule = &pipeline->rule;
	judging->rc = wr_dlq_edit_check(&edit, judging->err);
}

static enum wr_code check_edit(const struct wr_dlq_run *run, struct wr_err *err)
{
	struct judging judging = {.run = run, .rc = WR_OK, .err = err};
	enum wr_code rc;

	if (run->edited.data == NULL)
		return WR_OK;
	rc = wr_dlq_show(run->dlq, &run->job->ids[0], judge_edit, &judging, err);
	if (rc == WR_ENOTFOUND)
		return WR_OK; /* it is gone, and counted as such */
	return rc == WR_OK ? judging.rc : rc;
}

static enum wr_code prepare(struct wr_dlq_run *run, struct wr_err *err)
{
	struct wr_dlq_job *job = run->job;
	uint64_t random = 0;
	enum wr_code rc = check_job(run, err);

	if (rc != WR_OK)
		return rc;
	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint64_t)wr_clock_mono_ns(&wr_clock_real);
	job->created_ms = wr_dlq_wall_ms();
	if (job->id[0] == '\0')
		wr_dlq_job_name(job->id, job->created_ms, random);
	job->is_edited = run->edited.data != NULL;
	free(job->runner);
	job->runner = strdup(run->dlq->instance);
	if (job->runner == NULL)
		return wr_dlq_no_memory(err);
	rc = wr_dlq_refresh(run->dlq, err);
	if (rc == WR_OK)
		rc = check_edit(run, err);
	return rc == WR_OK ? take_ranges(run, err) : rc;
}

/* Under what name the job writes: whoever opens the writer of that name ends the one who has it open. All redrives of a
 * pipeline have the same, so that there is one of them at a time wherever it runs. */
static const char *writer_name(const struct wr_dlq_job *job, char name[NAME_BYTES])
{
	if (job->kind != WR_DLQ_REDRIVE || job->filter.pipeline == NULL)
		return job->id;
	snprintf(name, NAME_BYTES, "redrive-%s", job->filter.pipeline);
	return name;
}

static enum wr_code open_writer(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_dlq_run *run = r->run;
	bool sends = run->job->kind != WR_DLQ_PURGE;
	char name[NAME_BYTES];
	const char *id = writer_name(run->job, name);
	enum wr_code rc = wr_dlq_topics_make(run->dlq, run->kafka, run->pipelines,
					     sends ? run->pipeline_count : 0, err);

	return rc == WR_OK ? wr_dlq_writer_open(run->kafka, run->dlq->instance, id, &r->writer, err)
			   : rc;
}

static enum wr_code write_down(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_dlq_place refused;
	enum wr_code rc = wr_dlq_writer_begin(r->writer, err);

	if (rc == WR_OK)
		rc = wr_dlq_put_job(r, err);
	if (rc == WR_OK && r->run->job->is_edited)
		rc = wr_dlq_put_under(r, "value", r->run->edited, err);
	if (rc == WR_OK)
		rc = wr_dlq_audit(r, "started", err);
	if (rc == WR_OK)
		rc = wr_dlq_writer_commit(r->writer, &refused, err);
	if (rc == WR_OK)
		wr_dlq_tell_audit(r, "started");
	return rc;
}

enum wr_code wr_dlq_run_create(struct wr_dlq_run *run, struct wr_err *err)
{
	struct wr_dlq_runner r;
	enum wr_code rc;

	init_runner(&r, run);
	rc = prepare(run, err);
	if (rc == WR_OK)
		rc = open_writer(&r, err);
	if (rc == WR_OK)
		rc = write_down(&r, err);
	if (rc == WR_OK)
		wr_dlq_await_seen(run);
	fini_runner(&r);
	return rc;
}

enum wr_code wr_dlq_run_new(struct wr_dlq_run *run, struct wr_err *err)
{
	struct wr_dlq_runner r;
	enum wr_code rc;

	init_runner(&r, run);
	rc = prepare(run, err);
	if (rc == WR_OK && !run->dry_run)
		rc = open_writer(&r, err);
	if (rc == WR_OK && !run->dry_run)
		rc = write_down(&r, err);
	if (rc == WR_OK) {
		borrow_filter(&r);
		rc = wr_dlq_go(&r, err);
	}
	fini_runner(&r);
	return rc;
}

struct value {
	char key[WR_DLQ_JOB_BYTES + 8];
	struct wr_buf text;
	bool found, out_of_memory;
};

static bool take_value(void *arg, const struct wr_dlq_record *record)
{
	struct value *value = arg;

	if (!wr_bytes_equal(wr_bytes_from(record->key), wr_bytes_of(value->key)))
		return true;
	wr_buf_clear(&value->text);
	value->found = record->value.data != NULL;
	value->out_of_memory =
	    wr_buf_append(&value->text, record->value.data, record->value.size) != WR_OK;
	return !value->out_of_memory;
}

/* The edited value that the job was made with. */
static enum wr_code load_value(struct wr_dlq_run *run, struct value *value, struct wr_err *err)
{
	enum wr_code rc;

	if (!run->job->is_edited)
		return WR_OK;
	snprintf(value->key, sizeof(value->key), "value/%s", run->job->id);
	rc = wr_dlq_state_read(run->dlq, take_value, value, err);
	if (rc == WR_OK && value->out_of_memory)
		return wr_dlq_no_memory(err);
	if (rc == WR_OK && !value->found)
		return wr_err_set(err, WR_EINVAL, "the edited value of the job is lost");
	run->edited = wr_bytes(value->text.data != NULL ? value->text.data : "", value->text.size);
	return rc;
}

struct barrier {
	char key[WR_DLQ_JOB_BYTES + 8], value[32];
	bool found;
};

static bool look_for_barrier(void *arg, const struct wr_dlq_record *record)
{
	struct barrier *barrier = arg;

	barrier->found |= wr_bytes_equal(wr_bytes_from(record->key), wr_bytes_of(barrier->key)) &&
			  wr_bytes_equal(wr_bytes_from(record->value), wr_bytes_of(barrier->value));
	return true;
}

/* What was committed last may hide behind another job's transaction that is still open. So one record more is written,
 * and when that is seen all before it is seen. */
static enum wr_code see_all(struct wr_dlq_runner *r, struct wr_err *err)
{
	struct wr_dlq_place refused;
	struct barrier barrier = {.found = false};
	int64_t end_ns = wr_clock_mono_ns(&wr_clock_real) + BARRIER_MS * WR_NS_PER_MS;
	enum wr_code rc;

	snprintf(barrier.key, sizeof(barrier.key), "sync/%s", r->run->job->id);
	snprintf(barrier.value, sizeof(barrier.value), "%" PRId64,
		 wr_clock_mono_ns(&wr_clock_real));
	rc = wr_dlq_writer_begin(r->writer, err);
	if (rc == WR_OK)
		rc = wr_dlq_put_state(r, wr_bytes_of(barrier.key), wr_bytes_of(barrier.value), err);
	if (rc == WR_OK)
		rc = wr_dlq_writer_commit(r->writer, &refused, err);
	while (rc == WR_OK && !barrier.found) {
		rc = wr_dlq_state_read(r->run->dlq, look_for_barrier, &barrier, err);
		if (rc == WR_OK && !barrier.found && wr_dlq_is_asked_to_end(r->run))
			rc = wr_err_set(err, WR_EUNAVAILABLE, "it was ended before it began");
		if (rc == WR_OK && !barrier.found && wr_clock_mono_ns(&wr_clock_real) >= end_ns)
			rc = wr_err_set(err, WR_EUNAVAILABLE,
					"another job's transaction hides how far this one is");
		if (rc == WR_OK && !barrier.found)
			wr_dlq_nap(r->run, LOOK_AGAIN_MS);
	}
	return rc;
}

/* With the writer open nobody else writes for the job, so what is read then is how far it is. */
static enum wr_code take_over(struct wr_dlq_runner *r, const char *id, struct wr_err *err)
{
	struct wr_dlq_run *run = r->run;
	enum wr_code rc;

	/* First without ending anybody, should there be no such job. */
	rc = wr_dlq_job_load(run->dlq, id, run->job, err);
	if (rc == WR_OK && run->job->state == WR_DLQ_RUNNING)
		rc = open_writer(r, err);
	if (rc == WR_OK && r->writer != NULL)
		rc = see_all(r, err);
	if (rc == WR_OK && r->writer != NULL) {
		wr_dlq_job_fini(run->job);
		rc = wr_dlq_job_load(run->dlq, id, run->job, err);
	}
	if (rc == WR_OK && run->job->state != WR_DLQ_RUNNING)
		rc = wr_err_set(err, WR_EEXIST, "job %s is %s", id,
				wr_dlq_job_state_name(run->job->state));
	if (rc != WR_OK)
		return rc;
	free(run->job->runner);
	run->job->runner = strdup(run->dlq->instance);
	if (run->job->runner == NULL)
		return wr_dlq_no_memory(err);
	return wr_dlq_refresh(run->dlq, err);
}

enum wr_code wr_dlq_run_resume(struct wr_dlq_run *run, const char *id, struct wr_err *err)
{
	struct value value = {.text = WR_BUF_INIT};
	struct wr_dlq_runner r;
	enum wr_code rc;

	init_runner(&r, run);
	rc = take_over(&r, id, err);
	if (rc == WR_OK)
		rc = check_partitions(run, err);
	if (rc == WR_OK)
		rc = cut_ranges(run, err);
	if (rc == WR_OK)
		rc = load_value(run, &value, err);
	if (rc == WR_OK && run->who != NULL)
		rc = wr_dlq_audit_resumed(&r, err);
	if (rc == WR_OK) {
		borrow_filter(&r);
		rc = wr_dlq_go(&r, err);
	}
	fini_runner(&r);
	run->edited = wr_bytes(NULL, 0);
	wr_buf_fini(&value.text);
	return rc;
}

enum wr_code wr_dlq_run_cancel(struct wr_dlq_run *run, const char *id, struct wr_err *err)
{
	struct wr_dlq_runner r;
	enum wr_code rc;

	init_runner(&r, run);
	rc = take_over(&r, id, err);
	if (rc == WR_OK && run->who != NULL) {
		free(run->job->cancelled_by);
		run->job->cancelled_by = strdup(run->who);
		if (run->job->cancelled_by == NULL)
			rc = wr_dlq_no_memory(err);
	}
	if (rc == WR_OK)
		rc = wr_dlq_finish(&r, WR_DLQ_CANCELLED, err);
	fini_runner(&r);
	return rc;
}

static enum wr_code say_end(const struct wr_dlq_job *job, struct wr_err *err)
{
	if (job->state != WR_DLQ_CANCELLED)
		return wr_err_set(err, WR_EEXIST, "another process has taken job %s over; it is %s",
				  job->id, wr_dlq_job_state_name(job->state));
	if (job->cancelled_by == NULL)
		return wr_err_set(err, WR_EEXIST, "job %s was cancelled", job->id);
	return wr_err_set(err, WR_EEXIST, "job %s was cancelled by %s", job->id, job->cancelled_by);
}

enum wr_code wr_dlq_run_learn(struct wr_dlq_run *run, struct wr_err *err)
{
	int64_t end_ns = wr_clock_mono_ns(&wr_clock_real) + LEARN_MS * WR_NS_PER_MS;
	uint64_t seen = run->job->counts[WR_DLQ_SELECTED];
	char id[WR_DLQ_JOB_BYTES];
	enum wr_code rc;

	memcpy(id, run->job->id, sizeof(id));
	for (;;) {
		wr_dlq_job_fini(run->job);
		rc = wr_dlq_job_load(run->dlq, id, run->job, err);
		if (rc != WR_OK)
			return rc;
		if (run->job->state != WR_DLQ_RUNNING)
			return say_end(run->job, err);
		if (run->job->counts[WR_DLQ_SELECTED] > seen || wr_dlq_is_asked_to_end(run) ||
		    wr_clock_mono_ns(&wr_clock_real) >= end_ns)
			return wr_err_set(err, WR_ECLOSED, "another process has taken job %s over",
					  id);
		wr_dlq_nap(run, LOOK_AGAIN_MS);
	}
}

/* Whether there is anything to do: reads up to the first letter that is meant. */
static enum wr_code peek(struct wr_dlq_runner *r, bool *found_r, struct wr_err *err)
{
	struct wr_dlq_job *job = r->run->job;
	size_t bytes = job->range_count * sizeof(*job->ranges);
	struct wr_dlq_range *kept = malloc(bytes + 1);
	bool is_end = false;
	enum wr_code rc = WR_OK;

	if (kept == NULL)
		return wr_dlq_no_memory(err);
	if (bytes > 0)
		memcpy(kept, job->ranges, bytes);
	while (rc == WR_OK && !is_end && job->counts[WR_DLQ_SELECTED] == 0) {
		r->limit = 1;
		r->scanned = 0;
		rc = wr_dlq_act(r, &is_end, err);
		if (wr_dlq_is_asked_to_end(r->run))
			break;
	}
	*found_r = job->counts[WR_DLQ_SELECTED] > 0;
	memset(job->counts, 0, sizeof(job->counts));
	r->acted = r->bytes = 0;
	if (bytes > 0)
		memcpy(job->ranges, kept, bytes);
	free(kept);
	return rc;
}

enum wr_code wr_dlq_run_if_any(struct wr_dlq_run *run, struct wr_err *err)
{
	struct wr_dlq_runner r;
	bool found = false;
	enum wr_code rc;

	init_runner(&r, run);
	rc = prepare(run, err);
	if (rc == WR_OK) {
		borrow_filter(&r);
		rc = peek(&r, &found, err);
	}
	if (rc == WR_OK && !found)
		rc = wr_err_set(err, WR_ENOTFOUND, "there is nothing to do");
	if (rc == WR_OK)
		rc = open_writer(&r, err);
	if (rc == WR_OK)
		rc = see_all(&r, err);
	if (rc == WR_OK)
		rc = wr_dlq_refresh(run->dlq, err); /* what the one who was ended had still done */
	if (rc == WR_OK)
		rc = write_down(&r, err);
	if (rc == WR_OK)
		rc = wr_dlq_go(&r, err);
	fini_runner(&r);
	return rc;
}

enum wr_code wr_dlq_run_forget(struct wr_dlq_run *run, const char *const *ids, size_t count,
			       struct wr_err *err)
{
	char key[WR_DLQ_JOB_BYTES + 8];
	struct wr_dlq_place refused;
	struct wr_dlq_runner r;
	enum wr_code rc;

	init_runner(&r, run);
	rc = open_writer(&r, err);
	if (rc == WR_OK)
		rc = wr_dlq_writer_begin(r.writer, err);
	for (size_t i = 0; i < count && rc == WR_OK; i++) {
		snprintf(key, sizeof(key), "job/%s", ids[i]);
		rc = wr_dlq_put_state(&r, wr_bytes_of(key), wr_bytes(NULL, 0), err);
	}
	if (rc == WR_OK)
		rc = wr_dlq_writer_commit(r.writer, &refused, err);
	fini_runner(&r);
	return rc;
}
