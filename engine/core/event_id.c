#include "config.h"

#include "core/event_id.h"

#include <inttypes.h>
#include <stdio.h>

/* Beyond it a double no longer tells neighbours apart (RFC 8259, section 6), and somebody upstream may have used
 * doubles. */
#define MAX_INTEGER ((INT64_C(1) << 53) - 1)

static enum wr_event_id_result from_integer(int64_t integer, struct wr_arena *arena,
					    struct wr_bytes *id_r)
{
	char text[24];
	int size;

	if (integer > MAX_INTEGER || integer < -MAX_INTEGER)
		return WR_EVENT_ID_INVALID;
	size = snprintf(text, sizeof(text), "%" PRId64, integer);
	*id_r = wr_bytes(wr_arena_copy(arena, text, (size_t)size), (size_t)size);
	return id_r->data != NULL ? WR_EVENT_ID_OK : WR_EVENT_ID_INVALID;
}

static enum wr_event_id_result from_string(struct wr_bytes string, struct wr_arena *arena,
					   struct wr_bytes *id_r)
{
	if (string.size == 0)
		return WR_EVENT_ID_MISSING;
	if (string.size > WR_EVENT_ID_BYTES_MAX || memchr(string.data, '\0', string.size) != NULL)
		return WR_EVENT_ID_INVALID;
	*id_r = wr_bytes(wr_arena_copy(arena, string.data, string.size), string.size);
	return id_r->data != NULL ? WR_EVENT_ID_OK : WR_EVENT_ID_INVALID;
}

enum wr_event_id_result wr_event_id_from_json(const struct wr_json_value *value,
					      struct wr_arena *arena, struct wr_bytes *id_r)
{
	*id_r = wr_bytes(NULL, 0);
	switch (value->type) {
	case WR_JSON_MISSING:
	case WR_JSON_NULL:
		return WR_EVENT_ID_MISSING;
	case WR_JSON_INTEGER:
		return from_integer(value->integer, arena, id_r);
	case WR_JSON_STRING:
		return from_string(value->string, arena, id_r);
	case WR_JSON_BOOL:
	case WR_JSON_NUMBER:
	case WR_JSON_ARRAY:
	case WR_JSON_OBJECT:
		return WR_EVENT_ID_INVALID;
	}
	return WR_EVENT_ID_INVALID;
}

enum wr_event_id_result wr_event_id_from_bytes(struct wr_bytes bytes, struct wr_bytes *id_r)
{
	*id_r = wr_bytes(NULL, 0);
	if (bytes.data == NULL || bytes.size == 0)
		return WR_EVENT_ID_MISSING;
	if (bytes.size > WR_EVENT_ID_BYTES_MAX)
		return WR_EVENT_ID_INVALID;
	*id_r = bytes;
	return WR_EVENT_ID_OK;
}

const char *wr_event_id_code(enum wr_event_id_result result)
{
	switch (result) {
	case WR_EVENT_ID_OK:
		return NULL;
	case WR_EVENT_ID_MISSING:
		return "missing-id";
	case WR_EVENT_ID_INVALID:
		return "invalid-id";
	}
	return NULL;
}

const char *wr_event_id_text(enum wr_event_id_result result)
{
	switch (result) {
	case WR_EVENT_ID_OK:
		return NULL;
	case WR_EVENT_ID_MISSING:
		return "the event has no id where the pipeline's event_id looks for it";
	case WR_EVENT_ID_INVALID:
		return "an event id is a string without NUL or an integer within +-(2^53 - 1), and no "
		       "longer than 16 KiB";
	}
	return NULL;
}
