#include "config.h"

#include "run/watch.h"

#include "base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCH_MAGIC 0x57525754u
#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB)

/* What tells one content of a file from another, as far as one can see without reading it. */
struct look {
	bool there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct followed {
	char *file;
	struct look look;
};

struct wr_watch {
	uint32_t magic;
	int fd;
	struct followed *files;
	size_t count;
};

static struct look look_at(const char *file)
{
	struct stat st;

	if (stat(file, &st) != 0)
		return (struct look){.there = false};
	return (struct look){true, st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

static bool is_same(const struct look *a, const struct look *b)
{
	return a->there == b->there && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static enum wr_code open_inotify(struct wr_watch *watch, struct wr_err *err)
{
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return wr_err_set(err, WR_EIO, "inotify: %s", strerror(errno));
	return WR_OK;
}

enum wr_code wr_watch_create(struct wr_watch **watch_r, struct wr_err *err)
{
	struct wr_watch *watch = calloc(1, sizeof(*watch));
	enum wr_code rc;

	*watch_r = NULL;
	if (watch == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to watch files");
	watch->magic = WATCH_MAGIC;
	rc = open_inotify(watch, err);
	if (rc != WR_OK) {
		free(watch);
		return rc;
	}
	*watch_r = watch;
	return WR_OK;
}

static void forget_files(struct wr_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		free(watch->files[i].file);
	free(watch->files);
	watch->files = NULL;
	watch->count = 0;
}

void wr_watch_destroy(struct wr_watch *watch)
{
	if (watch == NULL)
		return;
	WR_CHECK(watch, WATCH_MAGIC);
	forget_files(watch);
	if (watch->fd >= 0)
		close(watch->fd);
	watch->magic = 0;
	free(watch);
}

static enum wr_code watch_folder(struct wr_watch *watch, const char *file, struct wr_err *err)
{
	const char *slash = strrchr(file, '/');
	char *folder =
	    slash == NULL ? strdup(".") : strndup(file, slash == file ? 1 : (size_t)(slash - file));
	enum wr_code rc = WR_OK;

	if (folder == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to watch files");
	if (inotify_add_watch(watch->fd, folder, EVENTS) < 0)
		rc = wr_err_set(err, WR_EIO, "%s can't be watched: %s", folder, strerror(errno));
	free(folder);
	return rc;
}

enum wr_code wr_watch_follow(struct wr_watch *watch, const char *file, struct wr_err *err)
{
	struct followed *files;

	WR_CHECK(watch, WATCH_MAGIC);
	for (size_t i = 0; i < watch->count; i++) {
		if (strcmp(watch->files[i].file, file) == 0)
			return WR_OK;
	}
	files = realloc(watch->files, (watch->count + 1) * sizeof(*files));
	if (files == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to watch files");
	watch->files = files;
	files[watch->count] = (struct followed){.file = strdup(file), .look = look_at(file)};
	if (files[watch->count].file == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to watch files");
	watch->count++;
	return watch_folder(watch, file, err);
}

int wr_watch_fd(const struct wr_watch *watch)
{
	WR_CHECK(watch, WATCH_MAGIC);
	return watch->fd;
}

bool wr_watch_stirs(struct wr_watch *watch)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool stirs = false;

	WR_CHECK(watch, WATCH_MAGIC);
	while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
		stirs = true;
	return stirs;
}

bool wr_watch_has_changed(struct wr_watch *watch)
{
	bool changed = false;

	WR_CHECK(watch, WATCH_MAGIC);
	for (size_t i = 0; i < watch->count; i++) {
		struct look now = look_at(watch->files[i].file);

		changed = changed || !is_same(&now, &watch->files[i].look);
		watch->files[i].look = now;
	}
	return changed;
}
