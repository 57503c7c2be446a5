#include "config.h"

#include "http/event_body.h"

#include "base/buf.h"
#include "base/json_scan.h"
#include "base/json_slice.h"
#include "core/event_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Beyond it a double no longer tells neighbours apart, so two ids could be taken for one. */
#define MAX_INTEGER_ID ((INT64_C(1) << 53) - 1)

static const char one_event_only[] = "Idempotency-Key names one event, and the body is a batch";

struct reading {
	struct wr_json_reader *reader;
	struct wr_arena *arena;
	struct wr_bytes text;
	const struct wr_event_body_options *options;
};

/* The members of an event that matter here; data NULL: not there. */
struct members {
	struct wr_bytes event_id;
	struct wr_bytes key;
	bool is_empty; /* it has no member at all */
	const char *twice;
};

static enum wr_code refuse_body(struct wr_event_body *body, unsigned status, const char *detail)
{
	body->status = status;
	body->detail = detail;
	body->count = 0;
	return WR_OK;
}

static void refuse_item(struct wr_event_item *item, unsigned status, const char *detail)
{
	item->status = status;
	item->detail = detail;
	atomic_store_explicit(&item->fate, WR_FATE_INVALID, memory_order_relaxed);
}

static size_t offset_of(const struct reading *r, const void *at)
{
	return (size_t)((const char *)at - (const char *)r->text.data);
}

/* Parses `text`, a part of the body. On WR_EINVAL *detail_r and *offset_r (in the body) say what broke where. */
static enum wr_code check_json(const struct reading *r, struct wr_bytes text, const char **detail_r,
			       size_t *offset_r)
{
	struct wr_json_position where = {0};
	const char *what;
	enum wr_code rc = wr_json_read(r->reader, text, &where, NULL);

	*detail_r = "this is not valid JSON";
	*offset_r = offset_of(r, text.data) + where.offset;
	/* What the reader's message says as well, but without a line that would be counted from `text`. */
	if (rc == WR_EINVAL && !wr_json_scan(text, &where, &what))
		*detail_r = what;
	return rc;
}

static void find_members(struct wr_bytes object, struct members *found_r)
{
	struct wr_json_walk walk;
	struct wr_bytes name, value;

	*found_r = (struct members){.is_empty = true};
	wr_json_walk_begin(&walk, object);
	while (wr_json_walk_next(&walk, &name, &value)) {
		found_r->is_empty = false;
		if (wr_json_name_is(name, "eventId")) {
			if (found_r->event_id.data != NULL)
				found_r->twice = "eventId stands twice in the event";
			found_r->event_id = value;
		} else if (wr_json_name_is(name, "key")) {
			if (found_r->key.data != NULL)
				found_r->twice = "key stands twice in the event";
			found_r->key = value;
		}
	}
}

/* The text a JSON string stands for: in the body when nothing is escaped, else in the arena. WR_OK, WR_EINVAL, or
 * WR_ENOMEM. */
static enum wr_code read_string(struct wr_arena *arena, struct wr_bytes value,
				struct wr_bytes *string_r)
{
	struct wr_bytes escaped;
	size_t size;
	char *plain;
	enum wr_code rc;

	*string_r = wr_bytes(NULL, 0);
	if (!wr_json_slice_string(value, &escaped))
		return WR_EINVAL;
	if (escaped.size == 0 || memchr(escaped.data, '\\', escaped.size) == NULL) {
		*string_r = escaped;
		return WR_OK;
	}
	plain = wr_arena_alloc(arena, escaped.size);
	if (plain == NULL)
		return WR_ENOMEM;
	rc = wr_json_unescape(escaped, plain, &size);
	if (rc == WR_OK)
		*string_r = wr_bytes(plain, size);
	return rc;
}

static enum wr_code read_integer_id(struct wr_arena *arena, struct wr_bytes value,
				    struct wr_bytes *id_r, const char **wrong_r)
{
	char text[24];
	int64_t integer;
	int size;

	if (!wr_json_slice_integer(value, &integer) || integer > MAX_INTEGER_ID ||
	    integer < -MAX_INTEGER_ID) {
		*wrong_r = "eventId, as a number, must be an integer within +-(2^53 - 1)";
		return WR_OK;
	}
	size = snprintf(text, sizeof(text), "%" PRId64, integer);
	*id_r = wr_bytes(wr_arena_copy(arena, text, (size_t)size), (size_t)size);
	return id_r->data != NULL ? WR_OK : WR_ENOMEM;
}

static enum wr_code read_string_id(struct wr_arena *arena, struct wr_bytes value,
				   struct wr_bytes *id_r, const char **wrong_r)
{
	enum wr_code rc = read_string(arena, value, id_r);

	if (rc == WR_EINVAL) {
		*wrong_r = "eventId holds half a surrogate pair";
		return WR_OK;
	}
	if (rc != WR_OK)
		return rc;
	if (id_r->size == 0)
		*wrong_r = "eventId is empty";
	else if (id_r->size > WR_EVENT_ID_BYTES_MAX)
		*wrong_r = "eventId is longer than 16 KiB";
	else if (memchr(id_r->data, '\0', id_r->size) != NULL)
		*wrong_r = "eventId holds a NUL character";
	return WR_OK;
}

/* Fills *id_r, or *wrong_r with a sentence. WR_OK or WR_ENOMEM. */
static enum wr_code read_id(struct wr_arena *arena, struct wr_bytes value, struct wr_bytes *id_r,
			    const char **wrong_r)
{
	enum wr_json_type type = wr_json_slice_type(value);

	*id_r = wr_bytes(NULL, 0);
	*wrong_r = NULL;
	if (type == WR_JSON_STRING)
		return read_string_id(arena, value, id_r, wrong_r);
	if (type == WR_JSON_NUMBER)
		return read_integer_id(arena, value, id_r, wrong_r);
	*wrong_r =
	    type == WR_JSON_NULL ? "eventId is null" : "eventId is neither a string nor an integer";
	return WR_OK;
}

static bool is_for_one_event(const struct reading *r)
{
	return r->options->idempotency_key.data != NULL;
}

/* The event with the member eventId put first. */
static enum wr_code add_id(struct wr_arena *arena, struct wr_event_item *item, struct wr_bytes id,
			   bool is_empty)
{
	const char *object = item->sent.data;
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc = WR_ENOMEM;

	if (wr_buf_append_text(&text, "{\"eventId\":") == WR_OK &&
	    wr_buf_append_json_string(&text, id) == WR_OK &&
	    wr_buf_append_text(&text, is_empty ? "" : ",") == WR_OK &&
	    wr_buf_append(&text, object + 1, item->sent.size - 1) == WR_OK) {
		item->value = wr_bytes(wr_arena_copy(arena, text.data, text.size), text.size);
		rc = item->value.data != NULL ? WR_OK : WR_ENOMEM;
	}
	wr_buf_fini(&text);
	return rc;
}

static enum wr_code apply_idempotency_key(const struct reading *r, struct wr_event_item *item,
					  const struct members *members, struct wr_bytes *id_p)
{
	struct wr_bytes given = r->options->idempotency_key;

	if (members->event_id.data == NULL) {
		*id_p = given;
		return add_id(r->arena, item, given, members->is_empty);
	}
	if (!wr_bytes_equal(*id_p, given))
		refuse_item(item, 422, "eventId and the header Idempotency-Key name different ids");
	return WR_OK;
}

static enum wr_code read_key(const struct reading *r, struct wr_event_item *item,
			     struct wr_bytes value, struct wr_bytes id)
{
	enum wr_code rc;

	item->key = id;
	if (value.data == NULL || wr_json_slice_type(value) == WR_JSON_NULL)
		return WR_OK;
	rc = read_string(r->arena, value, &item->key);
	if (rc != WR_EINVAL)
		return rc;
	refuse_item(item, 422, "key is not a string");
	return WR_OK;
}

/* A sentence with the limit that was passed. Without memory, one without. */
static const char *over_limit(struct wr_arena *arena, const char *what, size_t limit,
			      const char *unit_and_key)
{
	char text[128];
	const char *copy;

	snprintf(text, sizeof(text), "%s than %zu %s", what, limit, unit_and_key);
	copy = wr_arena_copy(arena, text, strlen(text));
	return copy != NULL ? copy : "it is larger than the server takes";
}

/* Reads one event, valid JSON at `sent`. WR_OK or WR_ENOMEM. */
static enum wr_code read_item(const struct reading *r, struct wr_bytes sent,
			      struct wr_event_item *item)
{
	struct wr_bytes id = {NULL, 0};
	struct members members;
	const char *wrong = NULL;
	enum wr_code rc = WR_OK;

	*item = (struct wr_event_item){.sent = sent, .value = sent};
	if (wr_json_slice_type(sent) != WR_JSON_OBJECT) {
		refuse_item(item, 422, "an event is a JSON object");
		return WR_OK;
	}
	if (sent.size > r->options->max_event_bytes) {
		wrong = over_limit(r->arena, "the event is larger", r->options->max_event_bytes,
				   "bytes (http.ingest.max_event)");
		refuse_item(item, 413, wrong);
		return WR_OK;
	}
	find_members(sent, &members);
	if (members.twice != NULL)
		wrong = members.twice;
	else if (members.event_id.data != NULL)
		rc = read_id(r->arena, members.event_id, &id, &wrong);
	else if (r->options->idempotency_key.data == NULL)
		wrong = "eventId is missing";
	if (rc == WR_OK && wrong != NULL)
		refuse_item(item, 422, wrong);
	if (rc == WR_OK && wrong == NULL && r->options->idempotency_key.data != NULL)
		rc = apply_idempotency_key(r, item, &members, &id);
	if (rc == WR_OK &&
	    atomic_load_explicit(&item->fate, memory_order_relaxed) == WR_FATE_PENDING)
		rc = read_key(r, item, members.key, id);
	return rc;
}

static enum wr_code make_items(const struct reading *r, struct wr_event_body *body, size_t count)
{
	if (count == 0)
		return refuse_body(body, 422, "the body holds no event");
	if (count > r->options->max_events)
		return refuse_body(body, 413,
				   over_limit(r->arena, "the body holds more",
					      r->options->max_events,
					      "events (http.ingest.max_batch_events)"));
	body->items = wr_arena_alloc(r->arena, count * sizeof(*body->items));
	return body->items != NULL ? WR_OK : WR_ENOMEM;
}

static enum wr_code read_array(const struct reading *r, struct wr_bytes array,
			       struct wr_event_body *body)
{
	struct wr_json_walk walk;
	struct wr_json_value whole;
	struct wr_bytes name, value;
	enum wr_code rc;

	body->is_batch = true;
	if (is_for_one_event(r))
		return refuse_body(body, 422, one_event_only);
	wr_json_get(r->reader, wr_bytes("", 0), &whole);
	rc = make_items(r, body, whole.count);
	if (rc != WR_OK || body->status != 0)
		return rc;
	wr_json_walk_begin(&walk, array);
	while (rc == WR_OK && body->count < whole.count && wr_json_walk_next(&walk, &name, &value))
		rc = read_item(r, value, &body->items[body->count++]);
	return rc;
}

static enum wr_code read_json(const struct reading *r, struct wr_event_body *body)
{
	struct wr_bytes whole = wr_json_trim(r->text);
	enum wr_code rc;

	if (whole.size == 0)
		return refuse_body(body, 400, "the body is empty");
	rc = check_json(r, r->text, &body->detail, &body->error_offset);
	if (rc == WR_EINVAL) {
		body->has_error_offset = true;
		return refuse_body(body, 400, body->detail);
	}
	if (rc != WR_OK)
		return rc;
	if (wr_json_slice_type(whole) == WR_JSON_ARRAY)
		return read_array(r, whole, body);
	rc = make_items(r, body, 1);
	if (rc != WR_OK || body->status != 0)
		return rc;
	body->count = 1;
	return read_item(r, whole, &body->items[0]);
}

/* The next line that is not blank, without white space around it; false at the end. */
static bool next_line(const char **at_p, const char *end, struct wr_bytes *line_r)
{
	const char *newline;

	while (*at_p < end) {
		newline = memchr(*at_p, '\n', (size_t)(end - *at_p));
		if (newline == NULL)
			newline = end;
		*line_r = wr_json_trim(wr_bytes(*at_p, (size_t)(newline - *at_p)));
		*at_p = newline < end ? newline + 1 : end;
		if (line_r->size > 0)
			return true;
	}
	return false;
}

static enum wr_code read_line(const struct reading *r, struct wr_bytes line,
			      struct wr_event_item *item)
{
	const char *detail;
	size_t offset;
	enum wr_code rc = check_json(r, line, &detail, &offset);

	if (rc == WR_OK)
		return read_item(r, line, item);
	if (rc != WR_EINVAL)
		return rc;
	*item = (struct wr_event_item){.sent = line, .error_offset = offset};
	refuse_item(item, 400, detail);
	return WR_OK;
}

static enum wr_code read_lines(const struct reading *r, struct wr_event_body *body)
{
	const char *at = r->text.data, *end = at + r->text.size;
	struct wr_bytes line;
	size_t count = 0;
	enum wr_code rc;

	if (is_for_one_event(r))
		return refuse_body(body, 422, one_event_only);
	while (count <= r->options->max_events && next_line(&at, end, &line))
		count++;
	if (count == 0)
		return refuse_body(body, 400, "the body is empty");
	rc = make_items(r, body, count);
	if (rc != WR_OK || body->status != 0)
		return rc;
	at = r->text.data;
	while (rc == WR_OK && next_line(&at, end, &line))
		rc = read_line(r, line, &body->items[body->count++]);
	return rc;
}

enum wr_code wr_event_body_read(struct wr_json_reader *reader, struct wr_arena *arena,
				struct wr_bytes text, const struct wr_event_body_options *options,
				struct wr_event_body *body_r)
{
	const struct reading r = {reader, arena, text, options};

	*body_r = (struct wr_event_body){.is_batch = options->type == WR_EVENT_BODY_NDJSON};
	if (text.size == 0)
		return refuse_body(body_r, 400, "the body is empty");
	return options->type == WR_EVENT_BODY_NDJSON ? read_lines(&r, body_r)
						     : read_json(&r, body_r);
}
