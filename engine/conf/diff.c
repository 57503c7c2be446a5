#include "config.h"

#include "conf/diff.h"

#include "conf/config_json.h"
#include "conf/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_strings(const struct wr_conf_strings *a, const struct wr_conf_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!same_text(a->items[i], b->items[i]))
			return false;
	}
	return true;
}

static bool same_properties(const struct wr_conf_properties *a, const struct wr_conf_properties *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!same_text(a->items[i].name, b->items[i].name) ||
		    !same_text(a->items[i].value, b->items[i].value))
			return false;
	}
	return true;
}

static bool same_outputs(const struct wr_conf_pipeline *a, const struct wr_conf_pipeline *b)
{
	if (a->output_count != b->output_count)
		return false;
	for (size_t i = 0; i < a->output_count; i++) {
		if (!same_text(a->outputs[i].name, b->outputs[i].name) ||
		    !same_text(a->outputs[i].topic, b->outputs[i].topic))
			return false;
	}
	return true;
}

static bool same_redis(const struct wr_conf_redis *a, const struct wr_conf_redis *b)
{
	return a->is_unix == b->is_unix && same_text(a->host, b->host) && a->port == b->port &&
	       a->database == b->database && same_text(a->username, b->username) &&
	       same_text(a->password, b->password);
}

static bool same_listen(const struct wr_conf_listener *a, const struct wr_conf_listener *b)
{
	return same_text(a->host, b->host) && a->port == b->port;
}

static const void *at(const void *base, size_t offset)
{
	return (const char *)base + offset;
}

static bool same_bytes(const void *a, const void *b, size_t offset, size_t size)
{
	return memcmp(at(a, offset), at(b, offset), size) == 0;
}

static const char *text_at(const void *base, size_t offset)
{
	const char *text;

	memcpy(&text, at(base, offset), sizeof(text));
	return text;
}

/* Of the member of one row. `a` and `b` are what the row's offset counts from. */
static bool same_member(const struct wr_key_row *row, const void *a, const void *b)
{
	size_t m = row->member;

	if (!row->has_member)
		return row->type != WR_KEY_OUTPUTS || same_outputs(a, b);
	switch (row->type) {
	case WR_KEY_MAP:
	case WR_KEY_BOOL:
		return same_bytes(a, b, m, sizeof(bool));
	case WR_KEY_STRING:
	case WR_KEY_SECRET:
	case WR_KEY_SECRET_FILE:
		return same_text(text_at(a, m), text_at(b, m));
	case WR_KEY_STRINGS:
		return same_strings(at(a, m), at(b, m));
	case WR_KEY_INT:
	case WR_KEY_SHARE:
	case WR_KEY_ENUM:
		return same_bytes(a, b, m, sizeof(int));
	case WR_KEY_COUNT:
	case WR_KEY_SIZE:
		return same_bytes(a, b, m, sizeof(size_t));
	case WR_KEY_NUMBER:
		return same_bytes(a, b, m, sizeof(double));
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
		return same_bytes(a, b, m, sizeof(int64_t));
	case WR_KEY_LISTEN:
		return same_listen(at(a, m), at(b, m));
	case WR_KEY_REDIS_URL:
		return same_redis(at(a, m), at(b, m));
	case WR_KEY_PROPERTIES:
		return same_properties(at(a, m), at(b, m));
	case WR_KEY_OUTPUTS: /* of the whole pipeline */
	case WR_KEY_LIST:
	case WR_KEY_TREE:
	case WR_KEY_ONLY_TRUE:
		return true;
	}
	return true;
}

/* ---- telling ---- */

struct diff {
	const struct wr_conf *before, *after;
	wr_conf_difference_fn fn;
	void *arg;
	const struct wr_conf_pipeline *old_pipeline,
	    *new_pipeline;  /* being compared; NULL: the engine's own keys */
	size_t last_member; /* of the last difference: two keys may fill one member */
};

#define PIPELINE_PREFIX "pipelines[]."
#define STAGE_PREFIX "pipelines[].stages"
#define NO_MEMBER SIZE_MAX

/* "/pipelines/0/batch/linger" of "pipelines[0].batch.linger" */
static void pointer_of(const char *path, char pointer[WR_CONF_PATH_BYTES])
{
	size_t n = 0;

	pointer[n++] = '/';
	for (const char *p = path; *p != '\0' && n + 1 < WR_CONF_PATH_BYTES; p++) {
		if (*p != ']')
			pointer[n++] = *p == '.' || *p == '[' ? '/' : *p;
	}
	pointer[n] = '\0';
}

static void tell(struct diff *d, enum wr_conf_difference_kind kind, const char *pipeline,
		 const char *path, bool restart)
{
	struct wr_conf_difference difference = {
	    .kind = kind, .pipeline = pipeline, .restart = restart};
	char pointer[WR_CONF_PATH_BYTES];

	snprintf(difference.path, sizeof(difference.path), "%s", path);
	pointer_of(difference.path, pointer);
	if (d->after->places != NULL && kind != WR_CONF_REMOVED)
		difference.mark = wr_conf_places_find(d->after->places, pointer);
	d->fn(d->arg, &difference);
}

static void tell_key(struct diff *d, const char *key, bool restart)
{
	char path[WR_CONF_PATH_BYTES];

	if (d->new_pipeline == NULL) {
		tell(d, WR_CONF_CHANGED, NULL, key, restart);
		return;
	}
	snprintf(path, sizeof(path), "pipelines[%zu].%s",
		 (size_t)(d->new_pipeline - d->after->pipelines), key);
	tell(d, WR_CONF_CHANGED, d->new_pipeline->name, path, restart);
}

/* ---- comparing ---- */

static void compare_row(struct diff *d, const struct wr_key_row *row)
{
	const void *a = d->before, *b = d->after;
	const char *key = row->path;

	if (d->new_pipeline != NULL) {
		a = d->old_pipeline;
		b = d->new_pipeline;
		key += strlen(PIPELINE_PREFIX);
	}
	if (row->status == WR_KEY_PLANNED || same_member(row, a, b) ||
	    (row->has_member && row->member == d->last_member))
		return;
	d->last_member =
	    row->type == WR_KEY_LISTEN || row->type == WR_KEY_REDIS_URL ? NO_MEMBER : row->member;
	tell_key(d, key, row->restart);
}

static void compare_rows(struct diff *d)
{
	size_t prefix = strlen(PIPELINE_PREFIX), stages = strlen(STAGE_PREFIX);

	d->last_member = NO_MEMBER;
	for (size_t i = 0; i < wr_schema_size(); i++) {
		const struct wr_key_row *row = wr_schema_row(i);
		bool of_pipeline = strncmp(row->path, PIPELINE_PREFIX, prefix) == 0;

		if (of_pipeline == (d->new_pipeline != NULL) &&
		    strncmp(row->path, STAGE_PREFIX, stages) != 0)
			compare_row(d, row);
	}
}

/* TLS has no member of its own: it is there when its certificate is. */
static void compare_tls(struct diff *d, const char *key, const struct wr_conf_tls *a,
			const struct wr_conf_tls *b)
{
	if ((a->cert_file == NULL) != (b->cert_file == NULL))
		tell_key(d, key, true);
}

/* The kind of an event's id is said by which key is there, so no key's member holds it. */
static void compare_id_source(struct diff *d)
{
	if (d->old_pipeline->event_id.source != d->new_pipeline->event_id.source &&
	    same_text(d->old_pipeline->event_id.pointer_or_name,
		      d->new_pipeline->event_id.pointer_or_name))
		tell_key(d, "event_id", false);
}

static void compare_pipelines(struct diff *d)
{
	char path[WR_CONF_PATH_BYTES];

	for (size_t i = 0; i < d->after->pipeline_count; i++) {
		d->new_pipeline = &d->after->pipelines[i];
		d->old_pipeline = wr_conf_find_pipeline(d->before, d->new_pipeline->name);
		snprintf(path, sizeof(path), "pipelines[%zu]", i);
		if (d->old_pipeline == NULL) {
			tell(d, WR_CONF_ADDED, d->new_pipeline->name, path, false);
			continue;
		}
		compare_rows(d);
		compare_id_source(d);
	}
	d->new_pipeline = NULL;
	for (size_t i = 0; i < d->before->pipeline_count; i++) {
		const char *name = d->before->pipelines[i].name;

		if (wr_conf_find_pipeline(d->after, name) == NULL)
			tell(d, WR_CONF_REMOVED, name, "pipelines", false);
	}
}

void wr_conf_diff(const struct wr_conf *before, const struct wr_conf *after,
		  wr_conf_difference_fn fn, void *arg)
{
	struct diff d = {.before = before, .after = after, .fn = fn, .arg = arg};

	compare_rows(&d);
	if (before->ingest.listener.configured && after->ingest.listener.configured)
		compare_tls(&d, "http.ingest.tls", &before->ingest.listener.tls,
			    &after->ingest.listener.tls);
	if (before->admin.configured && after->admin.configured)
		compare_tls(&d, "http.admin.tls", &before->admin.tls, &after->admin.tls);
	compare_pipelines(&d);
}

static bool strings_equal(const struct wr_conf_strings *a, const struct wr_conf_strings *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = strcmp(a->items[i], b->items[i]) == 0;
	return equal;
}

static bool backoffs_equal(const struct wr_conf_retry *a, const struct wr_conf_retry *b)
{
	return a->initial_ms == b->initial_ms && a->max_ms == b->max_ms &&
	       memcmp(&a->factor, &b->factor, sizeof(a->factor)) == 0 && a->jitter == b->jitter;
}

static bool circuits_equal(const struct wr_conf_retry *a, const struct wr_conf_retry *b)
{
	return memcmp(&a->budget_ratio, &b->budget_ratio, sizeof(a->budget_ratio)) == 0 &&
	       a->budget_floor == b->budget_floor && a->circuit_failures == b->circuit_failures &&
	       a->probe_initial_ms == b->probe_initial_ms && a->probe_max_ms == b->probe_max_ms;
}

bool wr_conf_retry_equal(const struct wr_conf_retry *a, const struct wr_conf_retry *b)
{
	return a->attempts == b->attempts && a->deadline_ms == b->deadline_ms &&
	       a->mode == b->mode && a->tier_count == b->tier_count &&
	       memcmp(a->tiers_ms, b->tiers_ms, a->tier_count * sizeof(a->tiers_ms[0])) == 0 &&
	       strings_equal(&a->permanent, &b->permanent) && backoffs_equal(a, b) &&
	       circuits_equal(a, b);
}
