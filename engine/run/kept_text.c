#include "config.h"

#include "run/kept_text.h"

#include "base/file.h"
#include "conf/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "applied-"
#define FILE_BYTES_MAX ((size_t)16 * 1024 * 1024)

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory for what is kept for the next start");
}

static enum wr_code failed(const char *path, struct wr_err *err)
{
	return wr_err_set(err, WR_EIO, "%s: %s", path, strerror(errno));
}

enum wr_code wr_kept_file_write(const char *folder, const char *name, struct wr_bytes text,
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

static enum wr_code read_all(int fd, const char *path, struct wr_buf *text, struct wr_err *err)
{
	char part[8192];
	ssize_t n = 1;

	while (n > 0) {
		n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return failed(path, err);
		else if (text->size > FILE_BYTES_MAX)
			return wr_err_set(err, WR_EIO, "%s is too large", path);
		else if (n > 0 && wr_buf_append(text, part, (size_t)n) != WR_OK)
			return no_memory(err);
	}
	return WR_OK;
}

enum wr_code wr_kept_file_read(const char *folder, const char *name, struct wr_buf *text_r,
			       struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	char *path;
	int fd;

	wr_buf_init(text_r);
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return no_memory(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		rc = errno == ENOENT ? wr_err_set(err, WR_ENOTFOUND, "there is no %s", path)
				     : failed(path, err);
	if (rc == WR_OK)
		rc = read_all(fd, path, text_r, err);
	if (rc != WR_OK)
		wr_conf_forget(text_r);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

static enum wr_code name_of(struct wr_bytes text, char name[WR_KEPT_TEXT_BYTES], struct wr_err *err)
{
	char sha256[WR_SHA256_HEX_BYTES];

	if (wr_sha256_hex(text, sha256) != WR_OK)
		return no_memory(err);
	snprintf(name, WR_KEPT_TEXT_BYTES, PREFIX "%s.yaml", sha256);
	return WR_OK;
}

enum wr_code wr_kept_text_write(const char *folder, struct wr_bytes text,
				char name[WR_KEPT_TEXT_BYTES], struct wr_err *err)
{
	enum wr_code rc = name_of(text, name, err);

	return rc == WR_OK ? wr_kept_file_write(folder, name, text, err) : rc;
}

enum wr_code wr_kept_text_read(const char *folder, const char *name, struct wr_buf *text_r,
			       struct wr_err *err)
{
	char right[WR_KEPT_TEXT_BYTES];
	enum wr_code rc;

	wr_buf_init(text_r);
	if (!wr_kept_text_is_name(name))
		return wr_err_set(err, WR_EINVAL, "%s names no configuration that was kept", name);
	rc = wr_kept_file_read(folder, name, text_r, err);
	if (rc == WR_OK)
		rc = name_of(wr_bytes(text_r->data, text_r->size), right, err);
	if (rc == WR_OK && strcmp(right, name) != 0)
		rc = wr_err_set(err, WR_EINVAL, "%s/%s was changed", folder, name);
	if (rc != WR_OK)
		wr_conf_forget(text_r);
	return rc;
}

bool wr_kept_text_is_name(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && strchr(name, '/') == NULL;
}

void wr_kept_text_sweep(const char *folder, bool (*is_wanted)(void *arg, const char *name),
			void *arg)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char *path;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!wr_kept_text_is_name(entry->d_name) || is_wanted(arg, entry->d_name) ||
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			continue;
		unlink(path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
}
