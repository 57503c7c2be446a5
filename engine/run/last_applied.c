#include "config.h"

#include "run/last_applied.h"

#include "base/failpoint.h"
#include "base/json.h"
#include "conf/load.h"
#include "run/kept_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD "last-applied.json"

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory for the last applied configuration");
}

/* ---- writing ---- */

static enum wr_code append_string(struct wr_buf *out, const char *name, const char *value)
{
	enum wr_code rc = wr_buf_printf(out, "\"%s\":", name);

	return rc == WR_OK ? wr_buf_append_json_string(out, wr_bytes_of(value)) : rc;
}

static enum wr_code append_plugin(struct wr_buf *out, const struct wr_plugin_file *file, size_t i)
{
	enum wr_code rc = wr_buf_append_text(out, i > 0 ? ",{" : "{");

	if (rc == WR_OK)
		rc = append_string(out, "name", file->name);
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, ",");
	if (rc == WR_OK)
		rc = append_string(out, "copy", file->copy);
	if (rc == WR_OK)
		rc = wr_buf_printf(out, ",\"sha256\":\"%s\"}", file->sha256);
	return rc;
}

static enum wr_code render(struct wr_buf *out, uint64_t number, const char *file,
			   const char *text_name, const struct wr_plugin_set *set)
{
	enum wr_code rc = wr_buf_printf(out, "{\"generation\":%" PRIu64 ",", number);

	if (rc == WR_OK)
		rc = append_string(out, "file", file);
	if (rc == WR_OK)
		rc = wr_buf_printf(out, ",\"text\":\"%s\",\"plugins\":[", text_name);
	for (size_t i = 0; i < wr_plugin_set_size(set) && rc == WR_OK; i++) {
		struct wr_plugin_file plugin = wr_plugin_set_file(set, i);

		rc = append_plugin(out, &plugin, i);
	}
	return rc == WR_OK ? wr_buf_append_text(out, "]}\n") : rc;
}

enum wr_code wr_last_applied_write(const char *folder, uint64_t number, const char *file,
				   const char *text, const struct wr_plugin_set *set,
				   struct wr_err *err)
{
	struct wr_buf record = WR_BUF_INIT;
	enum wr_code rc;

	WR_FAILPOINT(reload_keeping);
	if (render(&record, number, file, text, set) != WR_OK)
		rc = no_memory(err);
	else
		rc = wr_kept_file_write(folder, RECORD, wr_bytes(record.data, record.size), err);
	wr_buf_fini(&record);
	return rc;
}

/* ---- reading ---- */

/* A string of the record, for free(); NULL when it is not there, or without memory. */
static char *get_string(struct wr_json_reader *reader, const char *pointer)
{
	struct wr_json_value value;

	if (wr_json_get(reader, wr_bytes_of(pointer), &value) != WR_JSON_STRING ||
	    memchr(value.string.data, '\0', value.string.size) != NULL)
		return NULL;
	return strndup(value.string.data, value.string.size);
}

static char *get_member(struct wr_json_reader *reader, size_t i, const char *member)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/plugins/%zu/%s", i, member);
	return get_string(reader, pointer);
}

static bool read_plugins(struct wr_json_reader *reader, struct wr_last_applied *last)
{
	struct wr_json_value list;

	if (wr_json_get(reader, wr_bytes_of("/plugins"), &list) != WR_JSON_ARRAY)
		return false;
	last->plugins = calloc(list.count + 1, sizeof(*last->plugins));
	for (size_t i = 0; last->plugins != NULL && i < list.count; i++) {
		struct wr_plugin_file *plugin = &last->plugins[i];

		plugin->name = get_member(reader, i, "name");
		plugin->copy = get_member(reader, i, "copy");
		plugin->sha256 = get_member(reader, i, "sha256");
		last->plugin_count = i + 1;
		if (plugin->name == NULL || plugin->copy == NULL || plugin->sha256 == NULL)
			return false;
	}
	return last->plugins != NULL;
}

static enum wr_code parse(struct wr_json_reader *reader, const char *folder,
			  struct wr_last_applied *last, struct wr_err *err)
{
	struct wr_json_value number;
	enum wr_code rc = WR_OK;

	last->text_name = get_string(reader, "/text");

	last->file = get_string(reader, "/file");
	if (last->text_name == NULL || last->file == NULL || strchr(last->text_name, '/') != NULL ||
	    wr_json_get(reader, wr_bytes_of("/generation"), &number) != WR_JSON_INTEGER ||
	    number.integer < 1 || !read_plugins(reader, last))
		rc = wr_err_set(err, WR_EINVAL, "%s/" RECORD " is not whole", folder);
	if (rc == WR_OK) {
		last->number = (uint64_t)number.integer;
		rc = wr_kept_file_read(folder, last->text_name, &last->text, err);
	}
	return rc;
}

enum wr_code wr_last_applied_read(const char *folder, struct wr_last_applied *last_r,
				  struct wr_err *err)
{
	struct wr_json_reader *reader = NULL;
	struct wr_buf record = WR_BUF_INIT;
	enum wr_code rc;

	*last_r = (struct wr_last_applied){.text = WR_BUF_INIT};
	rc = wr_kept_file_read(folder, RECORD, &record, err);
	if (rc == WR_OK)
		rc = wr_json_reader_create(&reader) == WR_OK ? WR_OK : no_memory(err);
	if (rc == WR_OK) {
		rc = wr_json_read(reader, wr_bytes(record.data, record.size), NULL, err);
		if (rc == WR_EINVAL)
			wr_err_prefix(err, "%s/" RECORD, folder);
	}
	if (rc == WR_OK)
		rc = parse(reader, folder, last_r, err);
	wr_json_reader_destroy(reader);
	wr_buf_fini(&record);
	if (rc != WR_OK)
		wr_last_applied_fini(last_r);
	return rc;
}

void wr_last_applied_fini(struct wr_last_applied *last)
{
	for (size_t i = 0; i < last->plugin_count; i++) {
		free((void *)(uintptr_t)last->plugins[i].name);
		free((void *)(uintptr_t)last->plugins[i].copy);
		free((void *)(uintptr_t)last->plugins[i].sha256);
	}
	free(last->plugins);
	free(last->file);
	free(last->text_name);
	wr_conf_forget(&last->text);
	*last = (struct wr_last_applied){.text = WR_BUF_INIT};
}
