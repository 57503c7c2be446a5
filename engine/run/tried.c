#include "config.h"

#include "run/tried.h"

#include "base/file.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "canary"

struct wr_tried wr_tried_of(uint64_t number, struct wr_bytes text, const struct wr_plugin_set *set)
{
	struct wr_tried tried = {.number = number};
	struct wr_buf all = WR_BUF_INIT;
	enum wr_code rc = wr_buf_append(&all, text.data, text.size);

	for (size_t i = 0; i < wr_plugin_set_size(set) && rc == WR_OK; i++)
		rc = wr_buf_append_text(&all, wr_plugin_set_file(set, i).sha256);
	if (rc == WR_OK)
		rc = wr_sha256_hex(wr_bytes(all.data, all.size), tried.what);
	if (rc != WR_OK)
		tried.what[0] = '\0';
	wr_buf_fini(&all);
	return tried;
}

void wr_tried_write(const char *folder, const struct wr_tried *tried)
{
	struct wr_err err = {.text = "no memory"};
	char line[sizeof(tried->what) + 32], *path;
	enum wr_code rc = WR_ENOMEM;

	snprintf(line, sizeof(line), "%" PRIu64 " %s\n", tried->number, tried->what);
	if (asprintf(&path, "%s/" NAME, folder) >= 0) {
		rc = wr_file_replace(path, wr_bytes_of(line), 0600, &err);
		free(path);
	}
	if (rc != WR_OK)
		WR_LOG(WR_LOG_WARN, "that a canary is tried could not be kept for the next start",
		       WR_STR("reason", err.text));
}

struct wr_tried wr_tried_read(const char *folder)
{
	struct wr_tried tried = {.number = 0};
	char *path = NULL;
	FILE *in = NULL;

	if (asprintf(&path, "%s/" NAME, folder) < 0)
		path = NULL;
	if (path != NULL)
		in = fopen(path, "re");
	if (in != NULL && fscanf(in, "%" SCNu64 " %64s", &tried.number, tried.what) != 2)
		tried = (struct wr_tried){.number = 0};
	if (in != NULL)
		fclose(in);
	free(path);
	return tried;
}

void wr_tried_forget(const char *folder, uint64_t number)
{
	char *path = NULL;

	if (wr_tried_read(folder).number > number || asprintf(&path, "%s/" NAME, folder) < 0)
		return;
	unlink(path);
	free(path);
}
