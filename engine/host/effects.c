/*
 * What a handler asks for during a call is kept beside the event, in the batch's arena, and taken over only when
 * the event's verdict allows it: a call that asks for a retry has changed nothing.
 */
#include "config.h"

#include "host/call.h"
#include "host/text.h"

#include <string.h>

#define RESERVED_PREFIX "weir-"

static bool name_is_allowed(const char *name)
{
	size_t size;

	if (name == NULL || name[0] == '\0')
		return false;
	size = strnlen(name, WR_CALL_HEADER_NAME_MAX + 1);
	return size <= WR_CALL_HEADER_NAME_MAX &&
	       strncmp(name, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) != 0;
}

/* A copy in the batch's arena; absent stays absent. False when it is too large or there is no memory. */
static bool copy_bytes(struct wr_call *c, struct weir_bytes from, struct weir_bytes *to_r)
{
	*to_r = (struct weir_bytes){NULL, 0};
	if (from.data == NULL)
		return from.size == 0;
	if (c->arena == NULL || from.size > WR_CALL_ALLOC_MAX)
		return false;
	*to_r = (struct weir_bytes){wr_arena_copy(c->arena, from.data, from.size), from.size};
	return to_r->data != NULL;
}

void *wr_effects_alloc(struct weir_call *call, size_t size)
{
	struct wr_call *c = wr_call_of(call);

	if (c->arena == NULL || size > WR_CALL_ALLOC_MAX)
		return NULL;
	return wr_arena_alloc(c->arena, size);
}

bool wr_effects_set_value(struct weir_call *call, struct weir_result *res, const void *data,
			  size_t size)
{
	struct wr_call *c = wr_call_of(call);
	struct wr_event *event = wr_call_event_of_result(c, res);
	struct weir_bytes value;

	if (event == NULL || !copy_bytes(c, (struct weir_bytes){data, size}, &value))
		return false;
	event->effects.value = value;
	event->effects.has_value = true;
	return true;
}

bool wr_effects_set_key(struct weir_call *call, struct weir_result *res, const void *data,
			size_t size)
{
	struct wr_call *c = wr_call_of(call);
	struct wr_event *event = wr_call_event_of_result(c, res);
	struct weir_bytes key;

	if (event == NULL || !copy_bytes(c, (struct weir_bytes){data, size}, &key))
		return false;
	event->effects.key = key;
	event->effects.has_key = true;
	return true;
}

bool wr_effects_set_header(struct weir_call *call, struct weir_result *res, const char *name,
			   const void *value, size_t size)
{
	struct wr_call *c = wr_call_of(call);
	struct wr_event *event = wr_call_event_of_result(c, res);
	struct wr_header_change *change;
	struct wr_effects *fx;

	if (event == NULL || c->arena == NULL || !name_is_allowed(name) ||
	    event->effects.header_change_count >= WR_CALL_HEADERS_MAX)
		return false;
	change = wr_arena_alloc(c->arena, sizeof(*change));
	if (change == NULL)
		return false;
	change->next = NULL;
	change->header.name = wr_arena_copy(c->arena, name, strlen(name));
	if (change->header.name == NULL ||
	    !copy_bytes(c, (struct weir_bytes){value, size}, &change->header.value))
		return false;
	fx = &event->effects;
	if (fx->header_changes == NULL)
		fx->header_changes_tail_p = &fx->header_changes;
	*fx->header_changes_tail_p = change;
	fx->header_changes_tail_p = &change->next;
	fx->header_change_count++;
	return true;
}

static const char *copy_text(struct wr_arena *arena, const char *text, size_t max_bytes)
{
	size_t size;
	char *copy;

	if (text == NULL || text[0] == '\0')
		return NULL;
	size = strnlen(text, max_bytes) + 1;
	copy = wr_arena_alloc(arena, size);
	if (copy != NULL)
		wr_text_clean(copy, size, text);
	return copy;
}

void wr_effects_set_error(struct weir_call *call, struct weir_result *res, const char *code,
			  const char *message)
{
	struct wr_call *c = wr_call_of(call);
	struct wr_event *event = wr_call_event_of_result(c, res);

	if (event == NULL || c->arena == NULL)
		return;
	event->effects.code = copy_text(c->arena, code, WR_CODE_BYTES);
	event->effects.message = copy_text(c->arena, message, WR_MESSAGE_BYTES);
}

/* The headers of a record that is emitted. False when one is refused. */
static bool copy_headers(struct wr_call *c, const struct weir_record *record, struct wr_emit *emit)
{
	struct weir_header *headers;

	emit->headers = NULL;
	emit->header_count = 0;
	if (record->header_count == 0)
		return true;
	if (record->headers == NULL || record->header_count > WR_CALL_HEADERS_MAX)
		return false;
	headers = wr_arena_alloc(c->arena, record->header_count * sizeof(*headers));
	if (headers == NULL)
		return false;
	for (size_t i = 0; i < record->header_count; i++) {
		const struct weir_header *from = &record->headers[i];

		if (!name_is_allowed(from->name))
			return false;
		headers[i].name = wr_arena_copy(c->arena, from->name, strlen(from->name));
		if (headers[i].name == NULL || !copy_bytes(c, from->value, &headers[i].value))
			return false;
	}
	emit->headers = headers;
	emit->header_count = record->header_count;
	return true;
}

static bool record_is_sound(const struct wr_instance *instance, weir_output output,
			    const struct weir_record *record)
{
	return record != NULL && (record->size == 0 || record->size >= sizeof(*record)) &&
	       output < instance->pipeline->conf->output_count;
}

static void append_emit(struct wr_emits *emits, struct wr_emit *emit)
{
	emit->next = NULL;
	emit->number = emits->count++;
	if (emits->tail_p == NULL)
		emits->tail_p = &emits->first;
	*emits->tail_p = emit;
	emits->tail_p = &emit->next;
}

bool wr_effects_emit(struct weir_call *call, struct weir_result *res, weir_output output,
		     const struct weir_record *record)
{
	struct wr_call *c = wr_call_of(call);
	struct wr_instance *instance = wr_call_instance(c);
	struct wr_event *event = wr_call_event_of_result(c, res);
	struct wr_emit *emit;

	if (event == NULL || c->arena == NULL || !record_is_sound(instance, output, record) ||
	    event->effects.emits.count >= WR_CALL_EMITS_MAX)
		return false;
	emit = wr_arena_alloc(c->arena, sizeof(*emit));
	if (emit == NULL || !copy_bytes(c, record->key, &emit->key) ||
	    !copy_bytes(c, record->value, &emit->value) || !copy_headers(c, record, emit))
		return false;
	emit->output = output;
	emit->stage = instance->stage->name;
	append_emit(&event->effects.emits, emit);
	return true;
}

/* Drops every header of the change's name from the list and, unless it only removes, adds the new one. */
static size_t change_headers(struct weir_header *headers, size_t count,
			     const struct weir_header *change)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(headers[i].name, change->name) != 0)
			headers[kept++] = headers[i];
	}
	if (change->value.data != NULL)
		headers[kept++] = *change;
	return kept;
}

static enum wr_code apply_headers(struct wr_event *event, struct wr_arena *arena)
{
	const struct wr_header_change *change;
	struct weir_header *headers;
	size_t count = event->pub.header_count, room = count;

	for (change = event->effects.header_changes; change != NULL; change = change->next)
		room++;
	headers = wr_arena_alloc(arena, room * sizeof(*headers));
	if (headers == NULL)
		return WR_ENOMEM;
	if (count > 0)
		memcpy(headers, event->pub.headers, count * sizeof(*headers));
	for (change = event->effects.header_changes; change != NULL; change = change->next)
		count = change_headers(headers, count, &change->header);
	event->pub.headers = headers;
	event->pub.header_count = count;
	return WR_OK;
}

static void append_emits(struct wr_emits *to, const struct wr_emits *from)
{
	if (from->first == NULL)
		return;
	if (to->tail_p == NULL)
		to->tail_p = &to->first;
	*to->tail_p = from->first;
	to->tail_p = from->tail_p;
	to->count += from->count;
}

enum wr_code wr_effects_apply(struct wr_event *event, struct wr_arena *arena, bool changes)
{
	struct wr_effects *fx = &event->effects;

	if (changes && fx->header_changes != NULL && apply_headers(event, arena) != WR_OK)
		return WR_ENOMEM;
	if (changes && fx->has_value)
		event->pub.value = fx->value;
	if (changes && fx->has_key)
		event->pub.key = fx->key;
	append_emits(&event->emits, &fx->emits);
	wr_effects_forget(fx);
	return WR_OK;
}
