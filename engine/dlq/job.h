/*
 * A job: dead letters that are to be sent round again, or purged, and how far that has come. It is a record of the state
 * topic, written in the same transaction as what it did, so that it goes on where it was, wherever it was stopped.
 *
 *	key    job/<id>
 *	value  the JSON object of wr_dlq_job_json(), which the admin API answers too
 *
 * An id begins with the time, in seconds. Pure.
 */
#ifndef WR_DLQ_JOB_H
#define WR_DLQ_JOB_H

#include "dlq/marks.h"

#define WR_DLQ_IDS_MAX 1000
#define WR_DLQ_REPLAYS_MAX \
	3 /* a dead letter that was sent round so often is refused unless forced */

enum wr_dlq_kind { WR_DLQ_REPLAY, WR_DLQ_PURGE, WR_DLQ_REDRIVE };

enum wr_dlq_job_state { WR_DLQ_RUNNING, WR_DLQ_DONE, WR_DLQ_CANCELLED, WR_DLQ_FAILED };

/* Where a replay goes on: at the stage when what entered it is known, else at the start; or only the one. */
enum wr_dlq_to { WR_DLQ_TO_AUTO, WR_DLQ_TO_STAGE, WR_DLQ_TO_START };

/* What became of those that were selected; the names are members of "counts". */
#define WR_DLQ_COUNTS(X)                                                                         \
	X(WR_DLQ_SELECTED, "selected")                                                           \
	X(WR_DLQ_FINISHED, "done")                    /* replayed, or purged */                  \
	X(WR_DLQ_SKIPPED, "skipped")                  /* replayed or purged before, or gone */   \
	X(WR_DLQ_REFUSED_LOOP, "refusedLoop")         /* replayed too often */                   \
	X(WR_DLQ_REFUSED_BROKEN, "refusedBroken")     /* its envelope can't be trusted */        \
	X(WR_DLQ_REFUSED_STAGE, "refusedStage")       /* what entered the stage is not known */  \
	X(WR_DLQ_REFUSED_PIPELINE, "refusedPipeline") /* of a pipeline that is not known here */ \
	X(WR_DLQ_REFUSED_SIZE, "refusedSize")         /* the retry topic takes no such record */

enum wr_dlq_count {
#define X(name, text) name,
	WR_DLQ_COUNTS(X)
#undef X
	    WR_DLQ_COUNT_COUNT
};

const char *wr_dlq_count_name(enum wr_dlq_count count);

/* What is left of a partition: [next, end). */
struct wr_dlq_range {
	int32_t partition;
	int64_t next, end;
};

/* Owns what it points to. */
struct wr_dlq_job {
	char id[WR_DLQ_JOB_BYTES];
	enum wr_dlq_kind kind;
	enum wr_dlq_job_state state;
	char *who;
	char *runner; /* the instance that runs it */
	int64_t created_ms, updated_ms;
	struct wr_dlq_filter filter;
	struct wr_dlq_place *ids; /* sorted; NULL: by the filter */
	size_t id_count, next_id;
	enum wr_dlq_to to;
	bool force;     /* past WR_DLQ_REPLAYS_MAX */
	int64_t max;    /* of a redrive: those that were redriven so often are none of its */
	bool is_edited; /* another value, under value/<id> */
	int64_t rate;   /* a second; 0: as fast as it goes */
	struct wr_dlq_range *ranges;
	size_t range_count;
	uint64_t counts[WR_DLQ_COUNT_COUNT];
	char *cancelled_by; /* NULL: it was not, or nobody says */
	char *error;        /* why it failed; NULL */
};

/* How many letters it has not looked at yet: of ids the ids, else offsets. */
uint64_t wr_dlq_job_left(const struct wr_dlq_job *job);

/* A new id. */
void wr_dlq_job_name(char id_r[WR_DLQ_JOB_BYTES], int64_t now_ms, uint64_t random);

void wr_dlq_job_fini(struct wr_dlq_job *job);

/* Adds a dead letter to the ids; one that is there stays once. WR_OK, WR_EINVAL (no place, or too many), WR_ENOMEM. */
enum wr_code wr_dlq_job_add(struct wr_dlq_job *job, struct wr_bytes place, struct wr_err *err);

/* Appends it as a JSON object. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_job_json(const struct wr_dlq_job *job, struct wr_buf *out);

/* Reads it back. WR_OK, WR_EINVAL, WR_ENOMEM; the job is then empty. */
enum wr_code wr_dlq_job_parse(struct wr_bytes text, struct wr_dlq_job *job_r);

const char *wr_dlq_kind_name(enum wr_dlq_kind kind);
const char *wr_dlq_job_state_name(enum wr_dlq_job_state state);
const char *wr_dlq_to_name(enum wr_dlq_to to);
bool wr_dlq_to_parse(struct wr_bytes name, enum wr_dlq_to *to_r);

#endif
