/*
 * The event id: where it is found and which values are one. Two ids must never be taken for one, so whatever can't
 * be told apart exactly is refused.
 */
#ifndef WR_CORE_EVENT_ID_H
#define WR_CORE_EVENT_ID_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/json.h"

/* The id travels in a header of every record that is written. Were it as long as a record may be, no output and no
 * dead-letter topic would take the event, and it would hold up its partition for ever. */
#define WR_EVENT_ID_BYTES_MAX ((size_t)16 * 1024)

enum wr_event_id_result {
	WR_EVENT_ID_OK,
	WR_EVENT_ID_MISSING, /* not there, null, or empty */
	WR_EVENT_ID_INVALID /* there, but no string and no integer within +-(2^53 - 1), or with a NUL inside, or too
			       long */
};

/* The id in a JSON value, into the arena (so that it outlives the document). An integer's id is its decimal text:
 * 42 and "42" are the same id. *id_r is absent unless the result is OK. */
enum wr_event_id_result wr_event_id_from_json(const struct wr_json_value *value,
					      struct wr_arena *arena, struct wr_bytes *id_r);

/* The id in bytes: a key or a header. Any bytes will do, but not too many; absent and empty are missing. */
enum wr_event_id_result wr_event_id_from_bytes(struct wr_bytes bytes, struct wr_bytes *id_r);

/* A word and a sentence for people; NULL for OK. */
const char *wr_event_id_code(enum wr_event_id_result result);
const char *wr_event_id_text(enum wr_event_id_result result);

#endif
