#include "config.h"

#include "core/envelope.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool wr_header_is_ours(const char *name)
{
	return strncmp(name, WR_HEADER_PREFIX, sizeof(WR_HEADER_PREFIX) - 1) == 0;
}

void wr_envelope_output(struct weir_bytes event_id, struct weir_bytes generation,
			struct weir_header headers_r[WR_OUTPUT_HEADERS])
{
	headers_r[0] = (struct weir_header){"weir-event-id", event_id};
	headers_r[1] = (struct weir_header){"weir-generation", generation};
}

struct weir_bytes wr_envelope_emit_id(struct weir_bytes event_id, const struct wr_emit *emit,
				      struct wr_arena *arena)
{
	size_t capacity = event_id.size + strlen(emit->stage) + 16;
	char *text = wr_arena_alloc(arena, capacity);
	int size;

	if (text == NULL)
		return (struct weir_bytes){NULL, 0};
	if (event_id.size > 0)
		memcpy(text, event_id.data, event_id.size);
	size = snprintf(text + event_id.size, capacity - event_id.size, "/%s/%u", emit->stage,
			emit->number);
	return (struct weir_bytes){text, event_id.size + (size_t)size};
}

/* Collects headers; the first lack of memory spoils the whole. */
struct writer {
	struct weir_header *headers;
	size_t count;
	struct wr_arena *arena;
	bool failed;
};

static void put(struct writer *w, const char *name, struct weir_bytes value)
{
	if (value.data == NULL)
		return;
	WR_ASSERT(w->count < WR_DEAD_LETTER_HEADERS);
	w->headers[w->count++] = (struct weir_header){name, value};
}

static void put_text(struct writer *w, const char *name, const char *text)
{
	if (text != NULL)
		put(w, name, (struct weir_bytes){text, strlen(text)});
}

static void put_number(struct writer *w, const char *name, int64_t number)
{
	char *text = wr_arena_alloc(w->arena, 24);

	if (text == NULL) {
		w->failed = true;
		return;
	}
	snprintf(text, 24, "%" PRId64, number);
	put_text(w, name, text);
}

size_t wr_envelope_dead_letter(const struct wr_dead_letter *letter, struct wr_arena *arena,
			       struct weir_header headers_r[WR_DEAD_LETTER_HEADERS])
{
	const struct wr_event *ev = letter->event;
	struct writer w = {headers_r, 0, arena, false};

	put_text(&w, "weir-origin-topic", ev->pub.topic);
	put_number(&w, "weir-origin-partition", ev->pub.partition);
	put_number(&w, "weir-origin-offset", ev->pub.offset);
	if (ev->pub.timestamp_ms >= 0)
		put_number(&w, "weir-origin-timestamp", ev->pub.timestamp_ms);
	put(&w, "weir-owner", wr_bytes_to_public(letter->owner));
	put(&w, "weir-event-id", ev->pub.id);
	put_text(&w, "weir-pipeline", letter->pipeline);
	put_text(&w, "weir-stage", letter->stage);
	put_text(&w, "weir-plugin", letter->plugin);
	put_text(&w, "weir-plugin-version", letter->plugin_version);
	put_text(&w, "weir-class", wr_class_name(ev->class));
	put_text(&w, "weir-code", ev->code);
	put_text(&w, "weir-message", ev->message);
	put_number(&w, "weir-attempts", letter->attempts);
	put_number(&w, "weir-first-failed-at", ev->first_failed_at_ms);
	put_number(&w, "weir-last-failed-at", ev->last_failed_at_ms);
	put_number(&w, "weir-replays", 0);
	put(&w, "weir-generation", letter->generation);
	return w.failed ? 0 : w.count;
}
