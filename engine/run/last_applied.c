#include "config.h"

#include "run/last_applied.h"

#include "base/failpoint.h"
#include "base/file.h"
#include "base/json.h"
#include "conf/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD "last-applied.json"
#define TEXT_PREFIX "applied-"
#define RECORD_BYTES_MAX ((size_t)16 * 1024 * 1024)

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory for the last applied configuration");
}

static enum wr_code failed(const char *path, struct wr_err *err)
{
	return wr_err_set(err, WR_EIO, "%s: %s", path, strerror(errno));
}

/* ---- writing ---- */

static enum wr_code write_file(const char *folder, const char *name, struct wr_bytes text,
			       struct wr_err *err)
{
	enum wr_code rc;
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return no_memory(err);
	rc = wr_file_replace(path, text, 0600, err);
	free(path);
	return rc;
}

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

/* Texts that no record names any more. */
static void remove_others(const char *folder, const char *keep)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char *path;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, TEXT_PREFIX, strlen(TEXT_PREFIX)) != 0 ||
		    strcmp(entry->d_name, keep) == 0 ||
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			continue;
		unlink(path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
}

enum wr_code wr_last_applied_write(const char *folder, uint64_t number, const char *file,
				   struct wr_bytes text, const struct wr_plugin_set *set,
				   struct wr_err *err)
{
	struct wr_buf record = WR_BUF_INIT;
	char sha256[WR_SHA256_HEX_BYTES], name[128];
	enum wr_code rc;

	if (wr_sha256_hex(text, sha256) != WR_OK)
		return no_memory(err);
	snprintf(name, sizeof(name), TEXT_PREFIX "%s.yaml", sha256);
	if (render(&record, number, file, name, set) != WR_OK)
		rc = no_memory(err);
	else
		rc = write_file(folder, name, text, err);
	WR_FAILPOINT(reload_keeping);
	if (rc == WR_OK)
		rc = write_file(folder, RECORD, wr_bytes(record.data, record.size), err);
	if (rc == WR_OK)
		remove_others(folder, name);
	wr_buf_fini(&record);
	return rc;
}

/* ---- reading ---- */

static enum wr_code read_file(const char *folder, const char *name, struct wr_buf *text,
			      struct wr_err *err)
{
	char *path, part[8192];
	enum wr_code rc = WR_OK;
	ssize_t n = 1;
	int fd;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return no_memory(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		rc = errno == ENOENT ? wr_err_set(err, WR_ENOTFOUND, "there is no %s", path)
				     : failed(path, err);
	while (rc == WR_OK && n > 0) {
		n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0 || text->size > RECORD_BYTES_MAX)
			rc = failed(path, err);
		else if (n > 0 && wr_buf_append(text, part, (size_t)n) != WR_OK)
			rc = no_memory(err);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

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
	char *name = get_string(reader, "/text");
	enum wr_code rc = WR_OK;

	last->file = get_string(reader, "/file");
	if (name == NULL || last->file == NULL || strchr(name, '/') != NULL ||
	    wr_json_get(reader, wr_bytes_of("/generation"), &number) != WR_JSON_INTEGER ||
	    number.integer < 1 || !read_plugins(reader, last))
		rc = wr_err_set(err, WR_EINVAL, "%s/" RECORD " is not whole", folder);
	if (rc == WR_OK) {
		last->number = (uint64_t)number.integer;
		rc = read_file(folder, name, &last->text, err);
	}
	free(name);
	return rc;
}

enum wr_code wr_last_applied_read(const char *folder, struct wr_last_applied *last_r,
				  struct wr_err *err)
{
	struct wr_json_reader *reader = NULL;
	struct wr_buf record = WR_BUF_INIT;
	enum wr_code rc;

	*last_r = (struct wr_last_applied){.text = WR_BUF_INIT};
	rc = read_file(folder, RECORD, &record, err);
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
	wr_conf_forget(&last->text);
	*last = (struct wr_last_applied){.text = WR_BUF_INIT};
}
