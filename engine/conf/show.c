#include "config.h"

#include "conf/show.h"

#include "base/check.h"
#include "conf/describe.h"
#include "conf/schema.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool wr_conf_name_is_telling(struct wr_bytes name)
{
	static const char *const parts[] = {
	    "password", "passwd",  "passphrase", "secret",  "token", "api_key",           "apikey",
	    "api-key",  "private", "credential", "key.pem", "jaas",  "oauthbearer.config"};
	const char *text = name.data;

	for (size_t i = 0; i < WR_COUNT_OF(parts); i++) {
		size_t size = strlen(parts[i]);

		for (size_t at = 0; at + size <= name.size; at++) {
			if (strncasecmp(text + at, parts[i], size) == 0)
				return true;
		}
	}
	return false;
}

static void show_below(const char *prefix, const void *base, struct wr_json_out *out);

static const void *member_of(const struct wr_key_row *row, const void *base)
{
	return (const char *)base + row->member;
}

static const char *text_of(const struct wr_key_row *row, const void *base)
{
	return *(char *const *)member_of(row, base);
}

static void show_choice(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const struct wr_choice *choice;

	if (!row->has_member) {
		if (row->fallback != NULL)
			wr_json_out_text(out, wr_schema_name(row), row->fallback);
		return;
	}
	for (choice = row->choices; choice->name != NULL; choice++) {
		if (choice->status == WR_KEY_BUILT &&
		    choice->value == *(const int *)member_of(row, base)) {
			wr_json_out_text(out, wr_schema_name(row), choice->name);
			return;
		}
	}
}

static void show_quantity(const struct wr_key_row *row, int64_t value, struct wr_json_out *out)
{
	char text[32];

	wr_json_out_text(out, wr_schema_name(row),
			 wr_describe_quantity(row, value, text, sizeof(text)));
}

static void show_strings(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const struct wr_conf_strings *strings = member_of(row, base);

	wr_json_out_begin_array(out, wr_schema_name(row));
	for (size_t i = 0; i < strings->count; i++)
		wr_json_out_text(out, NULL, strings->items[i]);
	wr_json_out_end(out);
}

static void show_properties(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const struct wr_conf_properties *properties = member_of(row, base);

	wr_json_out_begin_object(out, wr_schema_name(row));
	for (size_t i = 0; i < properties->count; i++) {
		const struct wr_conf_property *property = &properties->items[i];

		wr_json_out_text(out, property->name,
				 property->is_hidden ? WR_CONF_HIDDEN : property->value);
	}
	wr_json_out_end(out);
}

static void show_outputs(const struct wr_key_row *row, const struct wr_conf_pipeline *pipeline,
			 struct wr_json_out *out)
{
	wr_json_out_begin_object(out, wr_schema_name(row));
	for (size_t i = 0; i < pipeline->output_count; i++)
		wr_json_out_text(out, pipeline->outputs[i].name, pipeline->outputs[i].topic);
	wr_json_out_end(out);
}

static void show_listen(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const struct wr_conf_listener *listener = member_of(row, base);
	bool is_v6 = strchr(listener->host, ':') != NULL;
	char text[128];

	snprintf(text, sizeof(text), "%s%s%s:%d", is_v6 ? "[" : "", listener->host,
		 is_v6 ? "]" : "", listener->port);
	wr_json_out_text(out, wr_schema_name(row), text);
}

static void show_list(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const char *items = *(char *const *)member_of(row, base);
	size_t count = *(const size_t *)(const void *)((const char *)base + row->item_count_member);
	char prefix[128];

	snprintf(prefix, sizeof(prefix), "%s[]", row->path);
	wr_json_out_begin_array(out, wr_schema_name(row));
	for (size_t i = 0; i < count; i++) {
		wr_json_out_begin_object(out, NULL);
		show_below(prefix, items + i * row->item_size, out);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
}

/* A section that is not there, or of which nothing is, is left out. */
static void show_map(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	struct wr_json_out before = *out;
	size_t size = out->buf->size, opened;

	if (row->has_member && !*(const bool *)member_of(row, base))
		return;
	wr_json_out_begin_object(out, wr_schema_name(row));
	opened = out->buf->size;
	show_below(row->path, base, out);
	if (out->buf->size > opened || out->rc != WR_OK) {
		wr_json_out_end(out);
		return;
	}
	*out = before;
	out->buf->size = size;
}

static void show_secret(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	if (text_of(row, base) != NULL)
		wr_json_out_text(out, wr_schema_name(row), WR_CONF_HIDDEN);
}

/* A token has two keys, of which the first is shown. */
static bool is_shown_already(const struct wr_key_row *row)
{
	return strcmp(wr_schema_name(row), "token_file") == 0;
}

/* Of the keys that share a member, the one that was meant. */
static bool is_meant(const struct wr_key_row *row, const void *base)
{
	const struct wr_conf_pipeline *pipeline = base;

	if (strcmp(row->path, "pipelines[].event_id.json") == 0)
		return pipeline->event_id.source == WR_ID_JSON;
	if (strcmp(row->path, "pipelines[].event_id.header") == 0)
		return pipeline->event_id.source == WR_ID_HEADER;
	if (strcmp(row->path, "pipelines[].event_id.key") == 0)
		return pipeline->event_id.source == WR_ID_KEY;
	return true;
}

/* What is one JSON value that can be written as it stands in the struct. */
static void show_scalar(const struct wr_key_row *row, const void *member, struct wr_json_out *out)
{
	const char *name = wr_schema_name(row);

	if (row->type == WR_KEY_BOOL)
		wr_json_out_bool(out, name, *(const bool *)member);
	else if (row->type == WR_KEY_INT)
		wr_json_out_integer(out, name, *(const int *)member);
	else if (row->type == WR_KEY_COUNT)
		wr_json_out_integer(out, name, (int64_t) * (const size_t *)member);
	else if (row->type == WR_KEY_NUMBER)
		wr_json_out_number(out, name, *(const double *)member);
	else if (*(char *const *)member != NULL)
		wr_json_out_text(out, name, *(char *const *)member);
}

/* Without its password. */
static void show_redis_url(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const struct wr_conf_redis *redis = member_of(row, base);

	wr_json_out_text(out, wr_schema_name(row), redis->display);
}

/* A stage's config, its secrets hidden already. */
static void show_tree(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	const struct wr_conf_stage *stage = base;

	wr_json_out_raw(out, wr_schema_name(row), wr_bytes_of(stage->config_shown));
}

static void show_row(const struct wr_key_row *row, const void *base, struct wr_json_out *out)
{
	switch (row->type) {
	case WR_KEY_MAP:
		show_map(row, base, out);
		return;
	case WR_KEY_LIST:
		show_list(row, base, out);
		return;
	case WR_KEY_STRING:
	case WR_KEY_BOOL:
	case WR_KEY_INT:
	case WR_KEY_COUNT:
	case WR_KEY_NUMBER:
		show_scalar(row, member_of(row, base), out);
		return;
	case WR_KEY_STRINGS:
		show_strings(row, base, out);
		return;
	case WR_KEY_DURATION_MS:
	case WR_KEY_DURATION_US:
		show_quantity(row, *(const int64_t *)member_of(row, base), out);
		return;
	case WR_KEY_SIZE:
		show_quantity(row, (int64_t) * (const size_t *)member_of(row, base), out);
		return;
	case WR_KEY_SHARE:
		show_quantity(row, *(const int *)member_of(row, base), out);
		return;
	case WR_KEY_ENUM:
		show_choice(row, base, out);
		return;
	case WR_KEY_SECRET:
		show_secret(row, base, out);
		return;
	case WR_KEY_SECRET_FILE:
		if (!is_shown_already(row))
			show_secret(row, base, out);
		return;
	case WR_KEY_LISTEN:
		show_listen(row, base, out);
		return;
	case WR_KEY_REDIS_URL:
		show_redis_url(row, base, out);
		return;
	case WR_KEY_PROPERTIES:
		show_properties(row, base, out);
		return;
	case WR_KEY_OUTPUTS:
		show_outputs(row, base, out);
		return;
	case WR_KEY_TREE:
		show_tree(row, base, out);
		return;
	case WR_KEY_ONLY_TRUE:
		wr_json_out_bool(out, wr_schema_name(row), true);
		return;
	}
}

/* A row without a member that is no section or choice says nothing of itself. */
static bool can_show(const struct wr_key_row *row)
{
	return row->status == WR_KEY_BUILT &&
	       (row->has_member || row->type == WR_KEY_MAP || row->type == WR_KEY_ENUM ||
		row->type == WR_KEY_OUTPUTS || row->type == WR_KEY_ONLY_TRUE);
}

static void show_below(const char *prefix, const void *base, struct wr_json_out *out)
{
	const struct wr_key_row *row;
	size_t cursor = 0;

	while ((row = wr_schema_child(prefix, &cursor)) != NULL) {
		if (can_show(row) && is_meant(row, base))
			show_row(row, base, out);
	}
}

void wr_conf_show(const struct wr_conf *conf, struct wr_json_out *out, const char *name)
{
	wr_json_out_begin_object(out, name);
	show_below("", conf, out);
	wr_json_out_end(out);
}
