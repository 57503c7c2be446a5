/*
 * What became of the dead letters of a topic: replayed or purged, by which job, when. Kept in the compacted topic beside
 * it, a record for a chunk of offsets and job, so that a million replays are a thousand small records and no two jobs
 * ever write the same one. In memory this is a bitmap for each of them.
 *
 *	key    letter/<partition>/<chunk>/<job>
 *	value  {"state":"replayed","at":<Unix ms>,"offsets":"0-511,600"}       offsets count from chunk * 1024
 *
 * A mark is never older than the dead letter it is for: of a topic that was made anew under its name the old marks mean
 * nothing, and a record that is younger than its mark is another one. Pure; one thread at a time.
 */
#ifndef WR_DLQ_MARKS_H
#define WR_DLQ_MARKS_H

#include "base/buf.h"
#include "dlq/filter.h"
#include "dlq/place.h"

#define WR_DLQ_CHUNK 1024
#define WR_DLQ_JOB_BYTES 40 /* of a job's id, terminated */

struct wr_dlq_marks;

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_marks_create(struct wr_dlq_marks **marks_r);
void wr_dlq_marks_destroy(struct wr_dlq_marks *marks);

/* Whether the id of a job has the form it must have. */
bool wr_dlq_job_id_is_good(struct wr_bytes id);

/* Takes a record of the topic; an absent value removes. WR_OK; WR_ENOTFOUND: it is no mark; WR_EINVAL: broken, and
 * passed over; WR_ENOMEM. */
enum wr_code wr_dlq_marks_apply(struct wr_dlq_marks *marks, struct wr_bytes key,
				struct wr_bytes value);

/* Marks a dead letter that was written at timestamp_ms. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_marks_put(struct wr_dlq_marks *marks, const struct wr_dlq_place *place,
			      int64_t timestamp_ms, enum wr_dlq_state state, const char *job,
			      int64_t now_ms);

/* Takes back what this job put. */
void wr_dlq_marks_take_back(struct wr_dlq_marks *marks, const struct wr_dlq_place *place,
			    const char *job);

/* The record for the chunk that this place is in, of this job. WR_OK, WR_ENOTFOUND, WR_ENOMEM. */
enum wr_code wr_dlq_marks_encode(const struct wr_dlq_marks *marks, const struct wr_dlq_place *place,
				 const char *job, struct wr_buf *key, struct wr_buf *value);

struct wr_dlq_mark {
	enum wr_dlq_state state;
	int64_t at_ms;   /* 0: open */
	const char *job; /* NULL: open; borrowed until the next change */
};

struct wr_dlq_mark wr_dlq_marks_get(const struct wr_dlq_marks *marks,
				    const struct wr_dlq_place *place, int64_t timestamp_ms);

/* How many offsets from `low` on are marked so; by chunks where that does not matter. */
uint64_t wr_dlq_marks_count(const struct wr_dlq_marks *marks, int32_t partition, int64_t low,
			    enum wr_dlq_state state);

#endif
