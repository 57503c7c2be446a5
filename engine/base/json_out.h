/*
 * Writes JSON into a buffer, member by member, so that it is well-formed whatever the values hold: commas, quotes and
 * escapes are its own. A failure (memory) is kept until finish(), so that no call in between need be checked. The
 * counterpart of json.h, for answers to people and programs; not for the hot path.
 *
 *	wr_json_out_init(&out, &buf);
 *	wr_json_out_begin_object(&out, NULL);
 *	wr_json_out_text(&out, "name", pipeline->name);
 *	wr_json_out_end(&out);
 *	rc = wr_json_out_finish(&out);
 */
#ifndef WR_BASE_JSON_OUT_H
#define WR_BASE_JSON_OUT_H

#include "base/buf.h"
#include "base/code.h"

#include <stdbool.h>
#include <stdint.h>

#define WR_JSON_OUT_DEPTH_MAX 32u

struct wr_json_out {
	struct wr_buf *buf; /* borrowed; appended to */
	size_t start;
	enum wr_code rc;
	unsigned depth;
	uint32_t is_array;  /* by depth, a bit each */
	uint32_t has_items; /* likewise */
};

/* What is in `buf` already stays before the document. */
void wr_json_out_init(struct wr_json_out *out, struct wr_buf *buf);

/* `name` of each: the member's in an object; NULL in an array and for the whole document. */
void wr_json_out_begin_object(struct wr_json_out *out, const char *name);
void wr_json_out_begin_array(struct wr_json_out *out, const char *name);
void wr_json_out_end(struct wr_json_out *out); /* of the innermost object or array */

/* NULL and absent are null; what is not UTF-8 becomes U+FFFD. */
void wr_json_out_text(struct wr_json_out *out, const char *name, const char *text);
void wr_json_out_bytes(struct wr_json_out *out, const char *name, struct wr_bytes text);

void wr_json_out_integer(struct wr_json_out *out, const char *name, int64_t value);
void wr_json_out_number(struct wr_json_out *out, const char *name,
			double value); /* not finite: null */
void wr_json_out_bool(struct wr_json_out *out, const char *name, bool value);
void wr_json_out_null(struct wr_json_out *out, const char *name);

/* Unix time in milliseconds as "2026-01-31T12:00:00.000Z". */
void wr_json_out_time(struct wr_json_out *out, const char *name, int64_t wall_ms);

/* What is JSON already. */
void wr_json_out_raw(struct wr_json_out *out, const char *name, struct wr_bytes json);

/* The result of it all: WR_OK, or WR_ENOMEM with the buffer as it was. Everything must have been ended. */
enum wr_code wr_json_out_finish(struct wr_json_out *out);

#endif
