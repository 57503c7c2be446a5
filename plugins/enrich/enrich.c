/*
 * enrich: sets fields of an event's JSON value. What it does not set stays byte for byte as it was.
 */
#include "plugins/enrich/assignments.h"
#include "plugins/enrich/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MESSAGE_BYTES 1200
#define KEPT_BYTES ((size_t)1024 * 1024) /* a larger buffer is given back after its event */

struct enrich {
	struct assignments assignments;
	struct text edited[2]; /* the value after an assignment, in turn */
	struct text source;    /* a value that is made */
};

/* An event on its way through the assignments. */
struct enriching {
	struct enrich *self;
	struct weir_call *call;
	const struct weir_event *event;
	struct weir_result *result;
	const char *json; /* as it is now */
	size_t size;
	unsigned edits;
};

enum found { FOUND, NOT_FOUND, NOT_UTF8, NO_MEMORY };

static enum weir_verdict refuse(const struct enriching *e, const char *code, const char *before,
				const char *name, const char *after)
{
	char message[MESSAGE_BYTES];

	snprintf(message, sizeof(message), "%s%s%s", before, name, after);
	return weir_fail(e->call, e->result, code, message);
}

/* The length of the well-formed sequence at p; 0 when there is none. */
static size_t sequence(const unsigned char *p, size_t left)
{
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (length == 1)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

static bool is_utf8(struct weir_bytes text)
{
	const unsigned char *p = text.data;

	for (size_t i = 0, length; i < text.size; i += length) {
		length = sequence(p + i, text.size - i);
		if (length == 0)
			return false;
	}
	return true;
}

static enum found make_string(struct text *out, struct weir_bytes text)
{
	if (text.data == NULL)
		return NOT_FOUND;
	if (!is_utf8(text))
		return NOT_UTF8;
	return text_add_json_string(out, text.data, text.size) ? FOUND : NO_MEMORY;
}

static enum found make_integer(struct text *out, int64_t number)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRId64, number);

	return text_add(out, digits, (size_t)n) ? FOUND : NO_MEMORY;
}

static enum found make_iso(struct text *out, int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;
	char text[96];
	int n;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900)
		return NOT_FOUND;
	n = snprintf(text, sizeof(text), "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
		     tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		     (int)(time_ms % 1000));
	return text_add(out, text, (size_t)n) ? FOUND : NO_MEMORY;
}

static enum found make_time(struct text *out, enum time_form form, int64_t time_ms)
{
	if (time_ms < 0)
		return NOT_FOUND;
	switch (form) {
	case TIME_MS:
		return make_integer(out, time_ms);
	case TIME_S:
		return make_integer(out, time_ms / 1000);
	case TIME_ISO:
		return make_iso(out, time_ms);
	}
	return NOT_FOUND;
}

static int64_t now_ms(void)
{
	struct timespec now = {.tv_sec = 0};

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A source that is not in the value, as JSON in self->source. */
static enum found make_source(const struct enriching *e, const struct assignment *a)
{
	const struct weir_event *event = e->event;
	struct text *out = &e->self->source;

	out->size = 0;
	switch (a->source) {
	case SOURCE_VALUE:
	case SOURCE_FIELD:
		return NOT_FOUND;
	case SOURCE_HEADER:
		return make_string(out, weir_header_get(event, a->header));
	case SOURCE_ID:
		return make_string(out, event->id);
	case SOURCE_KEY:
		return make_string(out, event->key);
	case SOURCE_TOPIC:
		return make_string(out, (struct weir_bytes){event->topic, strlen(event->topic)});
	case SOURCE_PARTITION:
		return make_integer(out, event->partition);
	case SOURCE_OFFSET:
		return make_integer(out, event->offset);
	case SOURCE_ATTEMPT:
		return make_integer(out, event->attempt);
	case SOURCE_TIMESTAMP:
		return make_time(out, a->form, event->timestamp_ms);
	case SOURCE_NOW:
		return make_time(out, a->form, now_ms());
	}
	return NOT_FOUND;
}

static enum found find_source(const struct enriching *e, const struct assignment *a,
			      const char **value_r, size_t *size_r)
{
	enum found found = NOT_FOUND;

	if (a->source == SOURCE_VALUE) {
		*value_r = a->constant.data;
		*size_r = a->constant.size;
		return FOUND;
	}
	if (a->source == SOURCE_FIELD) {
		if (edit_find(e->json, e->size, &a->from, value_r, size_r) == EDIT_OK)
			return FOUND;
	} else {
		found = make_source(e, a);
		*value_r = e->self->source.data;
		*size_r = e->self->source.size;
	}
	if (found == NOT_FOUND && a->fallback.data != NULL) {
		*value_r = a->fallback.data;
		*size_r = a->fallback.size;
		return FOUND;
	}
	return found;
}

static enum weir_verdict out_of_memory(const struct enriching *e)
{
	return weir_retry(e->call, e->result, 0, "out-of-memory", NULL);
}

static enum weir_verdict set(struct enriching *e, const struct assignment *a, const char *value,
			     size_t size)
{
	struct text *out = &e->self->edited[e->edits % 2];
	const char *there;
	size_t there_size;

	if (!a->overwrite && edit_find(e->json, e->size, &a->to, &there, &there_size) == EDIT_OK)
		return WEIR_OK;
	switch (edit_set(e->json, e->size, &a->to, value, size, e->self->assignments.create_parents,
			 out)) {
	case EDIT_OK:
		e->json = out->data;
		e->size = out->size;
		e->edits++;
		return WEIR_OK;
	case EDIT_MISSING:
	case EDIT_NO_PARENT:
		return refuse(e, "no-parent", "", a->to.text,
			      " can't be set: what stands on the way is no object");
	case EDIT_DOUBLE:
		return refuse(e, "ambiguous-field", "", a->to.text,
			      " can't be set: a name on the way is there twice");
	case EDIT_BROKEN:
		return refuse(e, "not-json", "", "the value is not JSON", "");
	case EDIT_NO_MEMORY:
		return out_of_memory(e);
	}
	return WEIR_FAIL;
}

static enum weir_verdict assign(struct enriching *e, const struct assignment *a)
{
	const char *value = NULL;
	size_t size = 0;

	switch (find_source(e, a, &value, &size)) {
	case FOUND:
		return set(e, a, value, size);
	case NOT_FOUND:
		if (!e->self->assignments.fail_on_missing)
			return WEIR_OK;
		return refuse(e, "missing-source", "what ", a->to.text,
			      " is to be set from is missing");
	case NOT_UTF8:
		return refuse(e, "not-utf8", "what ", a->to.text,
			      " is to be set from is not UTF-8");
	case NO_MEMORY:
		return out_of_memory(e);
	}
	return WEIR_FAIL;
}

static void give_back(struct text *text)
{
	if (text->capacity > KEPT_BYTES)
		text_fini(text);
}

static enum weir_verdict enrich_event(struct enrich *self, struct weir_call *call,
				      const struct weir_event *event, struct weir_result *result)
{
	struct enriching e = {self, call, event, result, event->value.data, event->value.size, 0};
	enum weir_verdict verdict = WEIR_OK;
	struct weir_json value;

	if (event->value.data == NULL)
		return refuse(&e, "not-json", "the event has no value", "", "");
	if (weir_json_get(call, event, "", &value) == WEIR_JSON_MISSING)
		return refuse(&e, "not-json", "the value is not JSON", "", "");
	for (size_t i = 0; verdict == WEIR_OK && i < self->assignments.count; i++)
		verdict = assign(&e, &self->assignments.items[i]);
	if (verdict == WEIR_OK && e.edits > 0 &&
	    !call->host->set_value(call, result, e.json, e.size))
		verdict = out_of_memory(&e);
	give_back(&self->edited[0]);
	give_back(&self->edited[1]);
	give_back(&self->source);
	return verdict;
}

static void destroy(void *instance)
{
	struct enrich *self = instance;

	assignments_fini(&self->assignments);
	text_fini(&self->edited[0]);
	text_fini(&self->edited[1]);
	text_fini(&self->source);
	free(self);
}

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	struct enrich *self = calloc(1, sizeof(*self));

	if (self == NULL) {
		weir_error_set(err, "out of memory");
		return NULL;
	}
	if (!assignments_init(&self->assignments, host, config_json, err)) {
		destroy(self);
		return NULL;
	}
	return self;
}

WEIR_EACH(process, struct enrich, enrich_event)

WEIR_PLUGIN(.flags = WEIR_UNLOADABLE, .id = "enrich", .version = "1.0.0",
	    .config_schema = ENRICH_SCHEMA, .create = create, .process = process,
	    .destroy = destroy);
