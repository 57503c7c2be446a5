#include "config.h"

#include "run/watch.h"

#include "base/check.h"
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCH_MAGIC 0x57525754u
#define EVENTS                                                                              \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | \
	 IN_DELETE_SELF | IN_MOVE_SELF)
#define LINKS_MAX 40     /* as the kernel has it */
#define CLOCK_STEP_MS 10 /* file systems tell the time of the last tick */

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
	struct look look; /* that was taken up */
	struct look seen; /* last */
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

static bool has_changed_since(const char *file, int64_t since_ms)
{
	struct stat st;

	return since_ms > 0 && stat(file, &st) == 0 &&
	       (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / WR_NS_PER_MS >=
		   since_ms - CLOCK_STEP_MS;
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

/* ---- the folders of a path ---- */

struct walk {
	char at[PATH_MAX];   /* a folder, by a path without links */
	char rest[PATH_MAX]; /* of the path, from there */
};

/* Cuts the first step off the rest. False when there is none. */
static bool next_step(struct walk *walk, char step[NAME_MAX + 1])
{
	const char *begin = walk->rest + strspn(walk->rest, "/");
	size_t size = strcspn(begin, "/");

	if (size == 0 || size > NAME_MAX)
		return false;
	memcpy(step, begin, size);
	step[size] = '\0';
	memmove(walk->rest, begin + size, strlen(begin + size) + 1);
	return true;
}

static bool put_path(char path[PATH_MAX], const char *head, const char *tail)
{
	char whole[2 * PATH_MAX];
	int n = snprintf(whole, sizeof(whole), "%s/%s", head, tail);

	if (n < 0 || n >= PATH_MAX)
		return false;
	memcpy(path, whole, (size_t)n + 1);
	return true;
}

/* Where a link leads stands before the rest of the way. */
static bool turn_off(struct walk *walk, char *target, ssize_t size)
{
	target[size] = '\0';
	if (target[0] == '/')
		strcpy(walk->at, "/");
	return put_path(walk->rest, target, walk->rest);
}

/* The folder of the file itself, if it is there, and those of the links on the way; where the way ends before, the
 * folder in which it may go on one day. */
static void watch_path(struct wr_watch *watch, const char *file)
{
	struct walk walk;
	char step[NAME_MAX + 1], next[PATH_MAX], target[PATH_MAX];

	if (strlen(file) >= sizeof(walk.rest))
		return;
	strcpy(walk.at, file[0] == '/' ? "/" : ".");
	strcpy(walk.rest, file);
	for (int links = 0; links <= LINKS_MAX && next_step(&walk, step);) {
		ssize_t size;
		bool goes_on;

		if (!put_path(next, walk.at, step))
			return;
		size = readlink(next, target, sizeof(target) - 1);
		goes_on =
		    size < 0 && errno == EINVAL && strspn(walk.rest, "/") != strlen(walk.rest);
		if (!goes_on)
			inotify_add_watch(watch->fd, walk.at, EVENTS);
		if (size < 0 && !goes_on)
			return;
		if (goes_on)
			strcpy(walk.at, next);
		else if (!turn_off(&walk, target, size))
			return;
		links += size >= 0;
	}
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
	watch_path(watch, file);
	return rc;
}

/* Folders may have been exchanged. Without a descriptor for the new ones the old ones must do. */
static void watch_anew(struct wr_watch *watch)
{
	int before = watch->fd;

	if (open_inotify(watch, NULL) != WR_OK) {
		watch->fd = before;
		return;
	}
	for (size_t i = 0; i < watch->count; i++)
		watch_path(watch, watch->files[i].file);
	close(before);
}

/* ---- following ---- */

enum wr_code wr_watch_follow(struct wr_watch *watch, const char *file, int64_t since_ms,
			     struct wr_err *err)
{
	struct followed *files, *followed;

	WR_CHECK(watch, WATCH_MAGIC);
	for (size_t i = 0; i < watch->count; i++) {
		if (strcmp(watch->files[i].file, file) == 0)
			return WR_OK;
	}
	files = realloc(watch->files, (watch->count + 1) * sizeof(*files));
	if (files == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to watch files");
	watch->files = files;
	followed = &files[watch->count];
	*followed = (struct followed){.file = strdup(file), .seen = look_at(file)};
	if (followed->file == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to watch files");
	if (!has_changed_since(file, since_ms))
		followed->look = followed->seen;
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

bool wr_watch_rests(struct wr_watch *watch)
{
	bool rests = true;

	WR_CHECK(watch, WATCH_MAGIC);
	for (size_t i = 0; i < watch->count; i++) {
		struct look now = look_at(watch->files[i].file);

		rests = rests && is_same(&now, &watch->files[i].seen);
		watch->files[i].seen = now;
	}
	return rests;
}

bool wr_watch_has_changed(struct wr_watch *watch)
{
	bool changed = false;

	WR_CHECK(watch, WATCH_MAGIC);
	watch_anew(watch); /* first: what happens from here on stirs */
	for (size_t i = 0; i < watch->count; i++) {
		struct look now = look_at(watch->files[i].file);

		changed = changed || !is_same(&now, &watch->files[i].look);
		watch->files[i].look = watch->files[i].seen = now;
	}
	return changed;
}
