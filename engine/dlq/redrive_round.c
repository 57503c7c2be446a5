/* What a redrive does when its time has come. */
#include "config.h"

#include "base/log.h"
#include "dlq/redrive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_job(struct wr_redrive *r, const char *id)
{
	wr_lock_take(&r->service->lock);
	snprintf(r->job, sizeof(r->job), "%s", id);
	wr_lock_release(&r->service->lock);
}

/* After each step: counts, and looks whether it should go on. */
static void follow(void *arg, const struct wr_dlq_job *job)
{
	struct wr_redrive *r = arg;
	uint64_t done = job->counts[WR_DLQ_FINISHED];
	bool changed;

	if (r->job[0] == '\0')
		show_job(r, job->id);
	if (done > r->counted)
		wr_metric_add(r->redriven, (double)(done - r->counted));
	r->counted = done;
	wr_lock_take(&r->service->lock);
	changed = r->version != r->seen_version;
	wr_lock_release(&r->service->lock);
	/* Under other settings another round begins; another engine goes on with this one. */
	if (changed)
		atomic_store(&r->cancel, true);
	else if (atomic_load(&r->service->is_stopping) || !wr_redrive_is_owner(r))
		atomic_store(&r->stop, true);
}

static enum wr_code describe(struct wr_redrive *r, struct wr_dlq_job *job)
{
	char who[192];

	snprintf(who, sizeof(who), "redrive, by %s", r->service->instance);
	job->kind = WR_DLQ_REDRIVE;
	job->who = strdup(who);
	job->filter.pipeline = strdup(r->pipeline);
	job->filter.classes = r->now.classes;
	job->max = r->now.max;
	job->rate = r->now.rate;
	return job->who != NULL && job->filter.pipeline != NULL ? WR_OK : WR_ENOMEM;
}

/* All before the ends of the job was looked through. Without memory the next round looks once more. */
static void note_seen(struct wr_redrive *r, const struct wr_dlq_job *job)
{
	int64_t *seen = calloc(job->range_count + 1, sizeof(*seen));

	free(r->seen);
	r->seen = seen;
	r->seen_count = seen != NULL ? job->range_count : 0;
	for (size_t i = 0; i < r->seen_count; i++)
		seen[i] = job->ranges[i].end;
}

/* Borrows the topic and runs a part of a round. */
struct visit {
	struct wr_dlq *dlq;
	struct wr_dlq_job job;
	struct wr_dlq_pipeline *pipelines;
	struct wr_dlq_run run;
};

static enum wr_code enter(struct wr_redrive *r, struct visit *v, struct wr_err *err)
{
	enum wr_code rc;

	*v = (struct visit){.dlq = NULL};
	v->run = (struct wr_dlq_run){.kafka = r->service->kafka,
				     .job = &v->job,
				     .stop = &r->stop,
				     .cancel = &r->cancel,
				     .progress = follow,
				     .arg = r,
				     .seen = r->seen,
				     .seen_count = r->seen_count};
	atomic_store(&r->stop, false);
	if (atomic_load(&r->service->is_stopping))
		atomic_store(&r->stop, true); /* it may have been asked for just before */
	atomic_store(&r->cancel, false);
	r->counted = 0;
	v->pipelines = wr_dlq_site_pipelines(r->service, r->site_now, &v->run.pipeline_count);
	if (v->pipelines == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a redrive");
	v->run.pipelines = v->pipelines;
	rc = wr_dlq_site_take(r->service, r->site_now, &v->dlq, err);
	v->run.dlq = v->dlq;
	return rc;
}

static enum wr_code leave(struct wr_redrive *r, struct visit *v, enum wr_code rc)
{
	if (v->dlq != NULL)
		wr_dlq_site_give(r->service, r->site_now, v->dlq,
				 rc != WR_OK && rc != WR_ENOTFOUND);
	wr_dlq_job_fini(&v->job);
	free(v->pipelines);
	show_job(r, "");
	return rc;
}

static bool is_ours(const struct wr_redrive *r, const struct wr_dlq_job *job)
{
	return job->kind == WR_DLQ_REDRIVE && job->filter.pipeline != NULL &&
	       strcmp(job->filter.pipeline, r->pipeline) == 0;
}

/* A round that was not ended: by this engine before it was killed, or by another that was the owner. */
static enum wr_code go_on_with(struct wr_redrive *r, const struct wr_dlq_job *job,
			       struct wr_err *err)
{
	struct visit v;
	enum wr_code rc = enter(r, &v, err);

	WR_LOG(WR_LOG_INFO, "going on with a redrive", WR_STR("pipeline", r->pipeline),
	       WR_STR("job", job->id));
	r->counted = job->counts[WR_DLQ_FINISHED];
	if (rc == WR_OK)
		rc = wr_dlq_run_resume(&v.run, job->id, err);
	return leave(r, &v, rc == WR_EEXIST ? WR_OK : rc);
}

static enum wr_code load_jobs(struct wr_redrive *r, struct wr_dlq_job **jobs_r, size_t *count_r,
			      struct wr_err *err)
{
	struct visit v;
	enum wr_code rc = enter(r, &v, err);

	*jobs_r = NULL;
	*count_r = 0;
	if (rc == WR_OK)
		rc = wr_dlq_jobs_load(v.dlq, jobs_r, count_r, err);
	return leave(r, &v, rc);
}

/* Those of rounds that are over long ago: who did what stays in the audit records. */
static void forget_old(struct wr_redrive *r, const struct wr_dlq_job *jobs, size_t count)
{
	const char **ids = calloc(count + 1, sizeof(*ids));
	struct wr_err err = {.text = "out of memory"};
	enum wr_code rc = ids != NULL ? WR_OK : WR_ENOMEM;
	size_t kept = 0, old = 0;
	struct visit v;

	for (size_t i = 0; i < count && rc == WR_OK; i++) {
		if (is_ours(r, &jobs[i]) && jobs[i].state != WR_DLQ_RUNNING &&
		    ++kept > WR_REDRIVE_KEEP_JOBS)
			ids[old++] = jobs[i].id;
	}
	if (old > 0) {
		rc = enter(r, &v, &err);
		if (rc == WR_OK)
			rc = describe(r, &v.job);
		if (rc == WR_OK)
			rc = wr_dlq_run_forget(&v.run, ids, old, &err);
		leave(r, &v, rc);
	}
	free(ids);
	if (rc != WR_OK)
		WR_LOG(WR_LOG_DEBUG, "the jobs of old redrives stay",
		       WR_STR("pipeline", r->pipeline), WR_STR("reason", err.text));
}

enum wr_code wr_redrive_take_over(struct wr_redrive *r, struct wr_err *err)
{
	int64_t now_ms = wr_clock_wall_ms(&wr_clock_real), last_ms = 0, wait_ms;
	struct wr_dlq_job *jobs;
	size_t count;
	enum wr_code rc = load_jobs(r, &jobs, &count, err);

	for (size_t i = 0; i < count && rc == WR_OK; i++) {
		if (!is_ours(r, &jobs[i]))
			continue;
		if (jobs[i].created_ms > last_ms)
			last_ms = jobs[i].created_ms;
		if (jobs[i].state == WR_DLQ_RUNNING)
			rc = go_on_with(r, &jobs[i], err);
	}
	if (rc == WR_OK)
		forget_old(r, jobs, count);
	wr_dlq_jobs_free(jobs, count);
	if (rc != WR_OK)
		return rc;
	wait_ms = last_ms > 0 ? last_ms + r->now.every_ms - now_ms : r->now.every_ms;
	if (wait_ms < 0)
		wait_ms = 0;
	if (wait_ms > r->now.every_ms)
		wait_ms = r->now.every_ms; /* a clock was set back */
	r->next_mono_ns = wr_clock_mono_ns(&wr_clock_real) + wait_ms * WR_NS_PER_MS;
	return WR_OK;
}

enum wr_code wr_redrive_round(struct wr_redrive *r, struct wr_err *err)
{
	struct visit v;
	enum wr_code rc = enter(r, &v, err);

	if (rc == WR_OK && describe(r, &v.job) != WR_OK)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for a redrive");
	if (rc == WR_OK)
		rc = wr_dlq_run_if_any(&v.run, err);
	if (rc == WR_OK ? v.job.state == WR_DLQ_DONE : rc == WR_ENOTFOUND)
		note_seen(r, &v.job);
	if (rc == WR_OK && v.job.state == WR_DLQ_DONE)
		WR_LOG(WR_LOG_INFO, "dead letters were redriven", WR_STR("pipeline", r->pipeline),
		       WR_STR("job", v.job.id), WR_INT("redriven", v.job.counts[WR_DLQ_FINISHED]));
	return leave(r, &v, rc);
}
