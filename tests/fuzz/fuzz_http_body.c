/*
 * Any bytes as the body of a POST of events: each event found in it is valid JSON, stands in the body as it was sent,
 * and has the id that a pipeline will find in it; everything else is refused with a reason. The answer is valid JSON
 * whatever became of the events. The first byte chooses how the body is sent.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "base/check.h"
#include "base/json_slice.h"
#include "core/event_id.h"
#include "http/ingest_answer.h"

#include <stdlib.h>

#define MAX_EVENT_BYTES 4096
#define MAX_EVENTS 50
#define FATES (WR_FATE_UNKNOWN + 1)

const char *const fuzz_corpus[] = {"tests/fuzz/corpus/http_body", NULL};
const char *const fuzz_words[] = {"{",
				  "}",
				  "[",
				  "]",
				  ",",
				  ":",
				  "\"",
				  "\\",
				  "\n",
				  "\r\n",
				  " ",
				  "\"eventId\":",
				  "\"event\\u0049d\":",
				  "\"key\":",
				  "\"payload\":{}",
				  "{\"eventId\":\"a\"}",
				  "{\"eventId\":1}\n",
				  "null",
				  "true",
				  "9007199254740993",
				  "9007199254740991",
				  "-9007199254740991",
				  "-0",
				  "1e400",
				  "1.0",
				  "\\u0000",
				  "\\ud800",
				  "\\ud83d\\ude00",
				  "\xC3\xA9",
				  "\xFF",
				  "\xEF\xBB\xBF",
				  NULL};

static struct wr_json_reader *reader, *checker;

/* Text that nobody checked: the walk may end early, but stays within its bytes. */
static void walk_anything(struct wr_bytes text, unsigned depth)
{
	struct wr_json_walk walk;
	struct wr_bytes name, value;

	if (depth > 8 || !wr_json_walk_begin(&walk, text))
		return;
	while (wr_json_walk_next(&walk, &name, &value)) {
		WR_ASSERT((const char *)value.data >= (const char *)text.data);
		WR_ASSERT((const char *)value.data + value.size <=
			  (const char *)text.data + text.size);
		walk_anything(value, depth + 1);
	}
}

static bool is_within(struct wr_bytes part, struct wr_bytes whole)
{
	const char *at = part.data, *start = whole.data;

	return at >= start && at + part.size <= start + whole.size;
}

/* A good event, as a pipeline will read it. */
static void check_good(const struct wr_event_item *item, struct wr_arena *arena)
{
	struct wr_json_value id, key;
	struct wr_bytes text;

	WR_ASSERT(wr_json_read(checker, item->value, NULL, NULL) == WR_OK);
	wr_json_get(checker, wr_bytes_of("/eventId"), &id);
	WR_ASSERT(wr_event_id_from_json(&id, arena, &text) == WR_EVENT_ID_OK);
	if (wr_json_get(checker, wr_bytes_of("/key"), &key) == WR_JSON_STRING)
		text = key.string;
	WR_ASSERT(text.size == item->key.size);
	WR_ASSERT(text.size == 0 || memcmp(text.data, item->key.data, text.size) == 0);
	WR_ASSERT(item->sent.size <= MAX_EVENT_BYTES);
}

static void check_items(const struct wr_event_body *body, struct wr_bytes text,
			struct wr_arena *arena)
{
	const char *behind = text.data;
	const struct wr_event_item *item;
	size_t i;

	WR_ASSERT(body->count > 0 && body->count <= MAX_EVENTS);
	WR_ASSERT(body->is_batch || body->count == 1);
	for (i = 0; i < body->count; i++) {
		item = &body->items[i];
		WR_ASSERT(is_within(item->sent, text) && (const char *)item->sent.data >= behind);
		behind = (const char *)item->sent.data + item->sent.size;
		if (item->fate == WR_FATE_PENDING)
			check_good(item, arena);
		else
			WR_ASSERT(
			    item->fate == WR_FATE_INVALID && item->detail != NULL &&
			    (item->status == 400 || item->status == 413 || item->status == 422));
	}
}

static void check_answer(struct wr_event_body *body, struct wr_bytes text, unsigned seed)
{
	struct wr_buf out = WR_BUF_INIT;
	unsigned status = 0;
	size_t i;

	for (i = 0; i < body->count; i++) {
		if (body->items[i].fate == WR_FATE_PENDING && (seed + i) % FATES != WR_FATE_INVALID)
			body->items[i].fate = (int)((seed + i) % FATES);
	}
	WR_ASSERT(wr_ingest_answer(body, text, &out, &status) == WR_OK);
	WR_ASSERT(status >= 200 && status < 600);
	WR_ASSERT(wr_json_read(checker, wr_bytes(out.data, out.size), NULL, NULL) == WR_OK);
	wr_buf_fini(&out);
}

static void read_body(struct wr_bytes text, uint8_t choice)
{
	const struct wr_event_body_options options = {
	    .type = (choice & 1) != 0 ? WR_EVENT_BODY_NDJSON : WR_EVENT_BODY_JSON,
	    .max_event_bytes = MAX_EVENT_BYTES,
	    .max_events = MAX_EVENTS,
	    .idempotency_key = (choice & 2) != 0 ? wr_bytes_of("a") : wr_bytes(NULL, 0),
	};
	struct wr_event_body body;
	struct wr_arena arena;

	wr_arena_init(&arena, 0);
	WR_ASSERT(wr_event_body_read(reader, &arena, text, &options, &body) == WR_OK);
	if (body.status == 0)
		check_items(&body, text, &arena);
	else
		WR_ASSERT(body.detail != NULL && body.count == 0);
	check_answer(&body, text, choice >> 2);
	wr_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size == 0)
		return 0;
	if (reader == NULL &&
	    (wr_json_reader_create(&reader) != WR_OK || wr_json_reader_create(&checker) != WR_OK))
		abort();
	/* Exactly as long, so that the sanitizer sees a step too far. */
	copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	walk_anything(wr_bytes(copy, size - 1), 0);
	read_body(wr_bytes(copy, size - 1), data[0]);
	free(copy);
	return 0;
}
