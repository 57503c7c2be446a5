#include "config.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, struct wr_bytes content)
{
	const char *data = content.data;

	while (content.size > 0) {
		ssize_t n = write(fd, data, content.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		content.size -= (size_t)n;
	}
	return true;
}

static bool write_draft(const char *draft, struct wr_bytes content, mode_t mode)
{
	bool good;
	int fd;

	if (unlink(draft) != 0 && errno != ENOENT)
		return false;
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	good = write_all(fd, content) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	return close(fd) == 0 && good;
}

/* Some file systems can't; the name is then theirs to keep. */
static void sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
	    slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = -1;

	if (folder != NULL)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

enum wr_code wr_file_replace(const char *path, struct wr_bytes content, mode_t mode,
			     struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	char *draft;

	if (asprintf(&draft, "%s.new", path) < 0)
		return wr_err_set(err, WR_ENOMEM, "no memory to write %s", path);
	if (!write_draft(draft, content, mode))
		rc = wr_err_set(err, WR_EIO, "%s: %s", draft, strerror(errno));
	else if (rename(draft, path) != 0)
		rc = wr_err_set(err, WR_EIO, "%s: %s", path, strerror(errno));
	if (rc == WR_OK)
		sync_folder_of(path);
	else
		unlink(draft);
	free(draft);
	return rc;
}
