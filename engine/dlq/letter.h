/*
 * A dead letter as a listing shows it: what its envelope says, what became of it, and how large it is, without its
 * value and its headers. And as `show` does, with all.
 */
#ifndef WR_DLQ_LETTER_H
#define WR_DLQ_LETTER_H

#include "base/buf.h"
#include "dlq/marks.h"
#include "dlq/reader.h"

#define WR_DLQ_KEY_SHOWN 256

/* One block of memory: free() it. */
struct wr_dlq_letter {
	struct wr_dlq_place place;
	int64_t timestamp_ms;        /* when it was written to the topic */
	struct wr_envelope envelope; /* without values that are kept in it */
	struct wr_bytes key;         /* up to WR_DLQ_KEY_SHOWN bytes of it */
	size_t key_size, value_size; /* in full */
	bool has_stage_value, has_original_value;
	enum wr_dlq_state state;
	int64_t state_at_ms;        /* 0: open */
	char job[WR_DLQ_JOB_BYTES]; /* "": open */
	const char *broken;         /* why its envelope can't be trusted; NULL: it can */
};

/* Copies what a listing needs. NULL without memory. */
struct wr_dlq_letter *wr_dlq_letter_copy(const struct wr_dlq_record *record,
					 const struct wr_envelope *envelope, const char *broken,
					 const struct wr_dlq_mark *mark);

/* Appends {"id":"<partition>/<offset>",...}. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_letter_json(const struct wr_dlq_letter *letter, struct wr_buf *out);

/* The same with "key", "headers" and "value" in full; bytes that are not UTF-8 in base64 under "...Base64". */
enum wr_code wr_dlq_letter_json_full(const struct wr_dlq_letter *letter,
				     const struct wr_dlq_record *record, struct wr_buf *out);

#endif
