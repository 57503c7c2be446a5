/* Counts the events of each key and says the count in a header; the counts outlive a reload. See README.md. */
#include "counts.h"

#include <weir/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_VERSION 1

struct counter {
	char header[64];
	struct counts counts;
	struct weir_metric *keys;
};

static const char schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"header\": "
    "{\"type\": \"string\", \"minLength\": 1, \"maxLength\": 60}}}";

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	struct counter *self = calloc(1, sizeof(*self));
	struct weir_json header;

	(void)config_json;
	if (self == NULL) {
		weir_error_set(err, "no memory");
		return NULL;
	}
	strcpy(self->header, "count");
	if (weir_config_get(host, "/header", &header) == WEIR_JSON_STRING) {
		memcpy(self->header, header.string.data, header.string.size);
		self->header[header.string.size] = '\0';
	}
	self->keys = host->gauge(host, "counter_keys", "Keys that are counted.");
	return self;
}

static void destroy(void *me)
{
	struct counter *self = me;

	counts_fini(&self->counts);
	free(self);
}

static enum weir_verdict count(struct counter *self, struct weir_call *call,
			       const struct weir_event *event, struct weir_result *result)
{
	char text[24];
	struct count *count = counts_need(&self->counts, event->key);
	int size;

	if (count == NULL)
		return weir_retry(call, result, 0, "no-memory", "no memory for another key");
	count->since++;
	size = snprintf(text, sizeof(text), "%llu",
			(unsigned long long)(count->before + count->since));
	call->host->metric_set(self->keys, (double)self->counts.used);
	return call->host->set_header(call, result, self->header, text, (size_t)size)
		   ? WEIR_OK
		   : weir_retry(call, result, 0, "no-memory", "no memory for a header");
}

/* A record a key: how often it was seen before the last reload, how often since, the size of the key, the key. */
struct record {
	uint64_t before, since;
	uint32_t key_size, has_key;
};

static bool save(void *me, struct weir_state_out *out, struct weir_error *err)
{
	const struct counter *self = me;

	for (size_t i = 0; i < self->counts.capacity; i++) {
		const struct count *c = &self->counts.slots[i];
		struct record record = {c->before, c->since, (uint32_t)c->key_size, c->has_key};

		if (!c->used)
			continue;
		if (!out->write(out, &record, sizeof(record)) ||
		    !out->write(out, c->key, c->key_size)) {
			weir_error_set(err, "there is no room for all counts");
			return false;
		}
	}
	return true;
}

/* What every instance knew at the last reload is the same; what each has seen since adds up. */
static bool load_blob(struct counts *counts, struct weir_bytes data)
{
	const char *at = data.data;
	size_t left = data.size;

	while (left > 0) {
		struct record record;
		struct weir_bytes key;
		struct count *count;

		if (left < sizeof(record))
			return false;
		memcpy(&record, at, sizeof(record));
		at += sizeof(record);
		left -= sizeof(record);
		if (record.key_size > left)
			return false;
		key = (struct weir_bytes){record.has_key ? at : NULL, record.key_size};
		count = counts_need(counts, key);
		if (count == NULL)
			return false;
		if (record.before > count->base)
			count->base = record.before;
		count->seen += record.since;
		at += record.key_size;
		left -= record.key_size;
	}
	return true;
}

static bool load(void *me, const struct weir_state_blob *const *blobs, size_t count,
		 struct weir_error *err)
{
	struct counter *self = me;

	for (size_t i = 0; i < count; i++) {
		if (blobs[i]->version != STATE_VERSION) {
			weir_error_set(err,
				       "the counts were written by another version of this plugin");
			return false;
		}
		if (!load_blob(&self->counts, blobs[i]->data)) {
			weir_error_set(err,
				       "the counts can't be read, or there is no memory for them");
			return false;
		}
	}
	for (size_t i = 0; i < self->counts.capacity; i++) {
		struct count *c = &self->counts.slots[i];

		c->before = c->base + c->seen;
		c->base = c->seen = 0;
	}
	return true;
}

static const void *get_extension(const char *id)
{
	static const struct weir_state state = {
	    .size = (uint32_t)sizeof(state), .version = STATE_VERSION, .save = save, .load = load};

	return strcmp(id, WEIR_STATE) == 0 ? &state : NULL;
}

WEIR_EACH(process, struct counter, count)
WEIR_PLUGIN(.flags = WEIR_UNLOADABLE, .id = "counter", .version = "1.0.0", .config_schema = schema,
	    .create = create, .process = process, .destroy = destroy,
	    .get_extension = get_extension);
