#include "config.h"

#include "run/tried.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool write_line(const char *path, const struct wr_tried *tried)
{
	FILE *out = fopen(path, "we");
	bool good;

	if (out == NULL)
		return false;
	good = fprintf(out, "%" PRIu64 " %s\n", tried->number, tried->what) > 0;
	return fclose(out) == 0 && good;
}

void wr_tried_write(const char *folder, const struct wr_tried *tried)
{
	char *path = NULL, *draft = NULL;

	if (asprintf(&path, "%s/" NAME, folder) < 0)
		path = NULL;
	if (asprintf(&draft, "%s/" NAME ".new", folder) < 0)
		draft = NULL;
	if (path == NULL || draft == NULL || !write_line(draft, tried) || rename(draft, path) != 0)
		WR_LOG(WR_LOG_WARN, "that a canary is tried could not be kept for the next start",
		       WR_STR("reason", strerror(errno)));
	free(path);
	free(draft);
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
