/* What run.c, start.c and act.c share. */
#ifndef WR_DLQ_RUN_PRIVATE_H
#define WR_DLQ_RUN_PRIVATE_H

#include "base/arena.h"
#include "dlq/run.h"
#include "dlq/writer.h"

#define WR_DLQ_STEP_RECORDS 2000
#define WR_DLQ_STEP_BYTES ((size_t)8 << 20)
#define WR_DLQ_STEP_SCANNED 50000

/* A running job and the step it is at: what is done in one transaction. */
struct wr_dlq_runner {
	struct wr_dlq_run *run;
	struct wr_dlq_writer *writer; /* NULL: dry */
	struct wr_dlq_filter filter;  /* the job's, borrowed, for open ones only */
	struct wr_arena arena;

	/* The step. */
	size_t limit; /* of letters */
	size_t acted; /* letters that something was written for */
	size_t bytes;
	uint64_t scanned;
	struct wr_dlq_place *marked; /* in the order of offsets */
	size_t marked_count, marked_capacity;
	enum wr_code rc; /* of what failed while a record was visited */
	struct wr_err *err;

	/* What the step began with. */
	uint64_t counts[WR_DLQ_COUNT_COUNT];
	size_t next_id;
	struct wr_dlq_range *ranges;

	/* Letters whose records are too large, found out one by one. */
	size_t careful; /* so many more are written one a transaction */
	struct wr_dlq_place *too_large;
	size_t too_large_count;
};

/* Goes through the next letters until the step is full or nothing is left; *is_end_r then. */
enum wr_code wr_dlq_act(struct wr_dlq_runner *r, bool *is_end_r, struct wr_err *err);

/* The pipeline that a letter is of; NULL: none that is known here. */
const struct wr_dlq_pipeline *wr_dlq_pipeline_of(const struct wr_dlq_run *run,
						 const struct wr_envelope *envelope);

/* Whether it goes on at its stage; *refused_r: it can't, and was to. */
bool wr_dlq_goes_to_stage(const struct wr_dlq_run *run, const struct wr_envelope *envelope,
			  bool *refused_r);

enum wr_code wr_dlq_no_memory(struct wr_err *err);
int64_t wr_dlq_wall_ms(void);

/* Whether run->stop or run->cancel is set. */
bool wr_dlq_is_asked_to_end(const struct wr_dlq_run *run);

/* Sleeps, but not past a stop. */
void wr_dlq_nap(const struct wr_dlq_run *run, int64_t ms);

/* Puts records of the state topic into the transaction: any; one under "<prefix>/<job>"; the job itself; who did what to
 * how many, which is also a line in the log. */
enum wr_code wr_dlq_put_state(struct wr_dlq_runner *r, struct wr_bytes key, struct wr_bytes value,
			      struct wr_err *err);
enum wr_code wr_dlq_put_under(struct wr_dlq_runner *r, const char *prefix, struct wr_bytes value,
			      struct wr_err *err);
enum wr_code wr_dlq_put_job(struct wr_dlq_runner *r, struct wr_err *err);

/* Who did what to how many: puts the record that stays into the transaction; the line in the log is for after its
 * commit. */
enum wr_code wr_dlq_audit(struct wr_dlq_runner *r, const char *act, struct wr_err *err);

/* The same, of somebody who goes on with it, which may happen more than once; and all of the transaction. */
enum wr_code wr_dlq_audit_resumed(struct wr_dlq_runner *r, struct wr_err *err);
void wr_dlq_tell_audit(const struct wr_dlq_runner *r, const char *act);

/* What was committed is seen by readers a moment later, when Kafka has marked it so, and where another job's transaction is
 * open when that one has ended. Whoever is told of a job shall find it: waits for that, for 3 seconds at most, which nobody
 * but the caller waits for. After that the answer is true as well, and the job is found a little later. */
void wr_dlq_await_seen(const struct wr_dlq_run *run);

/* Step by step to the end, or until it is asked to stop. */
enum wr_code wr_dlq_go(struct wr_dlq_runner *r, struct wr_err *err);

/* The last transaction of a job. */
enum wr_code wr_dlq_finish(struct wr_dlq_runner *r, enum wr_dlq_job_state state,
			   struct wr_err *err);

#endif
