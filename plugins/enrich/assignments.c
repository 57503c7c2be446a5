#include "plugins/enrich/assignments.h"

#include <stdio.h>
#include <stdlib.h>

#define POINTER_BYTES 64

/* The config of one assignment. */
struct entry {
	const struct weir_host *host;
	const char *config_json;
	size_t index;
	struct weir_error *err;
};

static enum weir_json_type get(const struct entry *e, const char *name, struct weir_json *value_r)
{
	char pointer[POINTER_BYTES];

	snprintf(pointer, sizeof(pointer), "/set/%zu/%s", e->index, name);
	return weir_config_get(e->host, pointer, value_r);
}

static bool is_text(const struct weir_json *value, const char *text)
{
	return value->type == WEIR_JSON_STRING && value->string.size == strlen(text) &&
	       memcmp(value->string.data, text, value->string.size) == 0;
}

static bool read_pointer(const struct entry *e, const char *name, struct pointer *pointer)
{
	struct weir_json value;

	get(e, name, &value);
	return pointer_init(pointer, value.string.data, value.string.size);
}

/* The member's own text: a constant keeps every digit of its numbers. */
static bool read_raw(const struct entry *e, const char *name, struct text *text)
{
	char at[POINTER_BYTES];
	struct pointer pointer;
	const char *raw;
	size_t size;
	bool ok;

	snprintf(at, sizeof(at), "/set/%zu/%s", e->index, name);
	if (!pointer_init(&pointer, at, strlen(at)))
		return false;
	ok = edit_find(e->config_json, strlen(e->config_json), &pointer, &raw, &size) == EDIT_OK &&
	     text_add(text, raw, size);
	pointer_fini(&pointer);
	return ok;
}

static bool read_header(const struct entry *e, struct assignment *a, const struct weir_json *value)
{
	a->header = strndup(value->string.data, value->string.size);
	if (a->header == NULL || strlen(a->header) == value->string.size)
		return a->header != NULL;
	weir_error_set(e->err, "the name of a header has a NUL character in it");
	return false;
}

static void read_part(struct assignment *a, const struct weir_json *value)
{
	static const struct {
		const char *name;
		enum source source;
	} parts[] = {{"id", SOURCE_ID},         {"key", SOURCE_KEY},
		     {"topic", SOURCE_TOPIC},   {"partition", SOURCE_PARTITION},
		     {"offset", SOURCE_OFFSET}, {"attempt", SOURCE_ATTEMPT}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (is_text(value, parts[i].name))
			a->source = parts[i].source;
	}
}

static void read_time(struct assignment *a, enum source source, const struct weir_json *value)
{
	a->source = source;
	a->form = is_text(value, "iso") ? TIME_ISO : is_text(value, "s") ? TIME_S : TIME_MS;
}

static bool read_source(const struct entry *e, struct assignment *a)
{
	struct weir_json value;

	if (get(e, "from", &value) != WEIR_JSON_MISSING) {
		a->source = SOURCE_FIELD;
		return read_pointer(e, "from", &a->from);
	}
	if (get(e, "header", &value) != WEIR_JSON_MISSING) {
		a->source = SOURCE_HEADER;
		return read_header(e, a, &value);
	}
	if (get(e, "event", &value) != WEIR_JSON_MISSING) {
		read_part(a, &value);
		return true;
	}
	if (get(e, "timestamp", &value) != WEIR_JSON_MISSING) {
		read_time(a, SOURCE_TIMESTAMP, &value);
		return true;
	}
	if (get(e, "now", &value) != WEIR_JSON_MISSING) {
		read_time(a, SOURCE_NOW, &value);
		return true;
	}
	a->source = SOURCE_VALUE;
	return read_raw(e, "value", &a->constant);
}

static bool read_assignment(const struct entry *e, struct assignment *a)
{
	struct weir_json value;

	a->overwrite = get(e, "overwrite", &value) != WEIR_JSON_BOOL || value.boolean;
	if (get(e, "default", &value) != WEIR_JSON_MISSING && !read_raw(e, "default", &a->fallback))
		return false;
	return read_pointer(e, "to", &a->to) && read_source(e, a);
}

bool assignments_init(struct assignments *all, const struct weir_host *host,
		      const char *config_json, struct weir_error *err)
{
	struct weir_json value;

	weir_error_set(err, "out of memory");
	all->create_parents =
	    weir_config_get(host, "/create_parents", &value) != WEIR_JSON_BOOL || value.boolean;
	weir_config_get(host, "/on_missing", &value);
	all->fail_on_missing = is_text(&value, "fail");
	weir_config_get(host, "/set", &value);
	all->items = calloc(value.count + 1, sizeof(*all->items));
	if (all->items == NULL)
		return false;
	for (size_t i = 0; i < value.count; i++) {
		const struct entry e = {host, config_json, i, err};

		all->count++;
		if (!read_assignment(&e, &all->items[i]))
			return false;
	}
	return true;
}

void assignments_fini(struct assignments *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct assignment *a = &all->items[i];

		pointer_fini(&a->to);
		pointer_fini(&a->from);
		free(a->header);
		text_fini(&a->constant);
		text_fini(&a->fallback);
	}
	free(all->items);
	*all = (struct assignments){.count = 0};
}
