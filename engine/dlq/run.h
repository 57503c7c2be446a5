/*
 * Runs a job: goes through the dead letters that it selects, sends them round or purges them, a transaction of up to
 * two thousand at a time, each with the job's new state in it. Stopped or killed anywhere it goes on where it was, and
 * every dead letter is done exactly once. One thread; calls wait for Kafka.
 */
#ifndef WR_DLQ_RUN_H
#define WR_DLQ_RUN_H

#include "dlq/dlq.h"
#include "dlq/job.h"
#include "dlq/topics.h"

#include <stdatomic.h>

struct wr_dlq_run {
	struct wr_dlq *dlq;
	const struct wr_conf_kafka *kafka;
	const struct wr_dlq_pipeline *pipelines; /* whose dead letters may be sent round */
	size_t pipeline_count;
	struct wr_dlq_job *job;
	struct wr_bytes edited; /* the value instead; absent: as it is */
	bool dry_run;           /* only count */
	const char *who; /* cancels, or resumes and is NULL when that is on record; may be NULL */
	const int64_t
	    *seen; /* of a new job: what is before, by partition, is none of it; may be NULL */
	size_t seen_count;
	const _Atomic bool *stop;   /* end, to go on another time; may be NULL */
	const _Atomic bool *cancel; /* end for good; may be NULL */
	void (*progress)(void *arg,
			 const struct wr_dlq_job *job); /* after each step; may be NULL */
	void *arg;
};

/* Runs a new job: its kind, selection, who and options are set, its id is given here unless it has one. WR_OK: see
 * job->state, which is still `running` when it was stopped. WR_EINVAL: it can't be asked so, or not authorised.
 * WR_ECLOSED: another process runs it now. Else WR_EREFUSED, WR_EUNAVAILABLE, WR_EUNKNOWN, WR_ENOMEM; it can be
 * resumed. */
enum wr_code wr_dlq_run_new(struct wr_dlq_run *run, struct wr_err *err);

/* The same, but a job without a letter does not come to be: WR_ENOTFOUND, and run->job has the ranges that were looked
 * through. What others did up to the moment when this one is the only one is known to it: all redrives of a pipeline end
 * each other. */
enum wr_code wr_dlq_run_if_any(struct wr_dlq_run *run, struct wr_err *err);

/* Only writes a new job down, for somebody to resume. */
enum wr_code wr_dlq_run_create(struct wr_dlq_run *run, struct wr_err *err);

/* Goes on with the job of this id, which is then in run->job (empty before). Whoever else runs it is ended. Somebody
 * who wants it (run->who) is put on record. Also WR_ENOTFOUND, and WR_EEXIST: it is over already. */
enum wr_code wr_dlq_run_resume(struct wr_dlq_run *run, const char *id, struct wr_err *err);

/* Removes jobs that are over from the list. run->job says as whose writer; what they did stays. As new(). */
enum wr_code wr_dlq_run_forget(struct wr_dlq_run *run, const char *const *ids, size_t count,
			       struct wr_err *err);

/* Ends the job of this id for good, wherever it runs; as resume(). */
enum wr_code wr_dlq_run_cancel(struct wr_dlq_run *run, const char *id, struct wr_err *err);

/* After WR_ECLOSED: waits some seconds for what the other process says of the job, which is then run->job. WR_EEXIST: it
 * is over, and err says how and by whom; WR_ECLOSED: it runs there, as far as is known. Else as load(). */
enum wr_code wr_dlq_run_learn(struct wr_dlq_run *run, struct wr_err *err);

/* Finds a job. WR_OK, WR_ENOTFOUND, WR_EREFUSED, WR_EUNAVAILABLE, WR_ENOMEM. */
enum wr_code wr_dlq_job_load(struct wr_dlq *dlq, const char *id, struct wr_dlq_job *job_r,
			     struct wr_err *err);

/* The jobs that are known, the newest first: those that run, and of the others the last WR_DLQ_JOBS_MAX. The caller
 * owns the list. As load(). */
#define WR_DLQ_JOBS_MAX 200
enum wr_code wr_dlq_jobs_load(struct wr_dlq *dlq, struct wr_dlq_job **jobs_r, size_t *count_r,
			      struct wr_err *err);
void wr_dlq_jobs_free(struct wr_dlq_job *jobs, size_t count);

#endif
