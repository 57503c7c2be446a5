#include "config.h"

#include "run/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder and those above it. */
static enum wr_code make_folders(char *path, struct wr_err *err)
{
	if (*path == '\0')
		return wr_err_set(err, WR_EIO, "an empty path names no folder");
	for (char *p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755); /* what is missing in the end shows below */
		*p = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return wr_err_set(err, WR_EIO, "%s can't be made: %s", path, strerror(errno));
	return WR_OK;
}

static enum wr_code take_lock(struct wr_state_dir *dir, struct wr_err *err)
{
	char *file;

	if (asprintf(&file, "%s/lock", dir->path) < 0)
		return wr_err_set(err, WR_ENOMEM, "no memory for the path of a lock");
	dir->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(file);
	if (dir->lock_fd < 0)
		return wr_err_set(err, WR_EIO, "%s can't be written: %s", dir->path,
				  strerror(errno));
	if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return WR_OK;
	close(dir->lock_fd);
	dir->lock_fd = -1;
	return wr_err_set(err, WR_EIO,
			  "%s is in use by another engine; give each its own state_dir", dir->path);
}

static enum wr_code open_temporary(struct wr_state_dir *dir)
{
	const char *base = getenv("TMPDIR");

	if (base == NULL || base[0] != '/')
		base = "/tmp";
	if (asprintf(&dir->path, "%s/weir-XXXXXX", base) < 0) {
		dir->path = NULL;
		return WR_ENOMEM;
	}
	if (mkdtemp(dir->path) == NULL) {
		free(dir->path);
		dir->path = NULL;
		return WR_EIO;
	}
	dir->temporary = true;
	return WR_OK;
}

enum wr_code wr_state_dir_open(const char *path, struct wr_state_dir *dir_r, struct wr_err *err)
{
	enum wr_code rc;

	*dir_r = (struct wr_state_dir){.path = strdup(path), .lock_fd = -1};
	if (dir_r->path == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a path");
	rc = make_folders(dir_r->path, err);
	if (rc == WR_OK)
		rc = take_lock(dir_r, err);
	if (rc == WR_OK)
		return WR_OK;
	free(dir_r->path);
	dir_r->path = NULL;
	rc = open_temporary(dir_r);
	if (rc != WR_OK)
		wr_err_prefix(err, "no folder for what the engine keeps, not even a temporary one");
	return rc;
}

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *inner;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    asprintf(&inner, "%s/%s", path, entry->d_name) < 0)
			continue;
		if (unlink(inner) != 0 && errno == EISDIR)
			remove_tree(inner);
		free(inner);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

void wr_state_dir_close(struct wr_state_dir *dir)
{
	if (dir->path == NULL)
		return;
	if (dir->temporary)
		remove_tree(dir->path);
	if (dir->lock_fd >= 0)
		close(dir->lock_fd);
	free(dir->path);
	*dir = (struct wr_state_dir){.lock_fd = -1};
}
