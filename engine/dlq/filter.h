/*
 * Which dead letters are meant: by what their envelope says, by when they were written, and by what became of them.
 * The names of its parts are the same in the options of the command line, the parameters of the admin API and the
 * record of a job. Pure.
 */
#ifndef WR_DLQ_FILTER_H
#define WR_DLQ_FILTER_H

#include "base/buf.h"
#include "base/err.h"
#include "core/envelope.h"

/* What became of a dead letter. */
enum wr_dlq_state { WR_DLQ_OPEN, WR_DLQ_REPLAYED, WR_DLQ_PURGED };

#define WR_DLQ_STATES 3

const char *wr_dlq_state_name(enum wr_dlq_state state);

/* Owns its strings; NULL is any. Zeroed it means all that are open. */
struct wr_dlq_filter {
	char *pipeline, *stage, *plugin, *code, *generation, *event_id;
	char *text;                /* somewhere in the message, in any case of ASCII letters */
	unsigned classes;          /* a bit each; 0: any */
	int64_t from_ms, until_ms; /* of the dead letter itself: [from, until); 0: open */
	unsigned states;           /* a bit each; 0: open ones */
};

#define WR_DLQ_FILTER_VALUE_MAX ((size_t)16 * 1024)

/* The names of its parts; ends at NULL. */
extern const char *const wr_dlq_filter_names[];

/* Sets a part by its name. Of classes there may be several, with commas between them. Times are Unix ms, RFC 3339
 * ("2026-11-23T06:00:00Z", with "Z" or an offset) or how long before now_ms ("90m"). WR_OK, WR_ENOTFOUND (no such
 * name), WR_EINVAL, WR_ENOMEM. */
enum wr_code wr_dlq_filter_set(struct wr_dlq_filter *filter, const char *name,
			       struct wr_bytes value, int64_t now_ms, struct wr_err *err);

void wr_dlq_filter_fini(struct wr_dlq_filter *filter);

/* Whether only the state and the time narrow it. */
bool wr_dlq_filter_is_wide(const struct wr_dlq_filter *filter);

/* Whether a dead letter is meant; what its envelope does not have matches no value. */
bool wr_dlq_filter_matches(const struct wr_dlq_filter *filter, const struct wr_envelope *envelope,
			   int64_t timestamp_ms, enum wr_dlq_state state);

/* Appends the parts that are set as members of a JSON object: "class":"poison","from":17... without braces. A
 * filter that is set from them is the same. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_filter_json(const struct wr_dlq_filter *filter, struct wr_buf *out);

#endif
