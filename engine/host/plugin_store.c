#include "config.h"

#include "host/plugin_store.h"

#include "base/check.h"
#include "base/log.h"
#include "host/plugin_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_MAGIC UINT32_C(0x77707374) /* "wpst" */

/* One content. It stays here while it is loaded, also when no set names it. */
struct stored {
	char sha256[WR_SHA256_HEX_BYTES];
	char *copy;               /* NULL: deleted, or never made */
	unsigned users;           /* files of sets */
	unsigned holders;         /* files of sets that only hold */
	struct wr_plugin *plugin; /* loaded; the store is one of its users */
	bool was_unloaded;        /* what is opened from `copy` again could be the old code */
	struct stored *next;
};

struct wr_plugin_store {
	uint32_t magic;
	char *folder;
	bool keeps_files;
	struct stored *first;
	unsigned next_number;
};

struct set_file {
	char *name;
	struct stored *stored;
};

struct wr_plugin_set {
	struct wr_plugin_store *store;
	bool only_holds;
	struct set_file *files;
	size_t count;
};

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "no memory for the copies of plugins");
}

/* ---- the folder ---- */

static enum wr_code check_folder(const char *folder, struct wr_err *err)
{
	struct stat st;

	if (lstat(folder, &st) != 0)
		return wr_err_set(err, WR_EIO, "%s: %s", folder, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return wr_err_set(
		    err, WR_EREFUSED,
		    "%s must be a folder of this user alone, because code is run from "
		    "it; remove it, or change its owner and its mode (0700)",
		    folder);
	return WR_OK;
}

enum wr_code wr_plugin_store_open(const char *folder, struct wr_plugin_store **store_r,
				  struct wr_err *err)
{
	struct wr_plugin_store *store;
	enum wr_code rc;

	*store_r = NULL;
	if (folder != NULL && mkdir(folder, 0700) != 0 && errno != EEXIST)
		return wr_err_set(err, WR_EIO, "%s: %s", folder, strerror(errno));
	rc = folder != NULL ? check_folder(folder, err) : WR_OK;
	if (rc != WR_OK)
		return rc;
	store = calloc(1, sizeof(*store));
	if (store == NULL || (folder != NULL && (store->folder = strdup(folder)) == NULL)) {
		free(store);
		return no_memory(err);
	}
	store->magic = STORE_MAGIC;
	*store_r = store;
	return WR_OK;
}

void wr_plugin_store_keep_files(struct wr_plugin_store *store)
{
	WR_CHECK(store, STORE_MAGIC);
	store->keeps_files = true;
}

static bool is_ours(const struct wr_plugin_store *store, const char *path)
{
	const struct stored *s = store->first;

	while (s != NULL && (s->copy == NULL || strcmp(s->copy, path) != 0))
		s = s->next;
	return s != NULL;
}

void wr_plugin_store_sweep(struct wr_plugin_store *store)
{
	DIR *dir = opendir(store->folder);
	struct dirent *entry;
	char *path;

	WR_CHECK(store, STORE_MAGIC);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t size = strlen(entry->d_name);

		if (size < 3 || strcmp(entry->d_name + size - 3, ".so") != 0 ||
		    asprintf(&path, "%s/%s", store->folder, entry->d_name) < 0)
			continue;
		if (!is_ours(store, path))
			unlink(path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
}

/* ---- copies ---- */

static enum wr_code write_all(int fd, struct wr_bytes file)
{
	const char *data = file.data;

	while (file.size > 0) {
		ssize_t n = write(fd, data, file.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return WR_EIO;
		data += n;
		file.size -= (size_t)n;
	}
	return WR_OK;
}

/* A path that no file of this folder has; the file is open for writing. */
static int create_copy(struct wr_plugin_store *store, const char *sha256, char **path_r)
{
	int fd;

	do {
		if (asprintf(path_r, "%s/%s-%u.so", store->folder, sha256, ++store->next_number) <
		    0) {
			*path_r = NULL;
			return -1;
		}
		fd = open(*path_r, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		free(*path_r);
		*path_r = NULL;
	} while (errno == EEXIST);
	return -1;
}

static enum wr_code make_copy(struct wr_plugin_store *store, struct stored *stored,
			      struct wr_bytes file, struct wr_err *err)
{
	int fd = create_copy(store, stored->sha256, &stored->copy);
	enum wr_code rc = fd >= 0 ? write_all(fd, file) : WR_EIO;

	if (rc == WR_OK && fsync(fd) != 0)
		rc = WR_EIO;
	if (rc != WR_OK)
		wr_err_set(err, rc, "the plugin can't be copied to %s: %s", store->folder,
			   strerror(errno));
	if (fd >= 0)
		close(fd);
	if (rc != WR_OK && stored->copy != NULL) {
		unlink(stored->copy);
		free(stored->copy);
		stored->copy = NULL;
	}
	return rc;
}

/* ---- contents ---- */

static struct stored *find(struct wr_plugin_store *store, const char *sha256)
{
	struct stored *s = store->first;

	while (s != NULL && strcmp(s->sha256, sha256) != 0)
		s = s->next;
	return s;
}

static struct stored *add(struct wr_plugin_store *store, const char *sha256)
{
	struct stored *stored = calloc(1, sizeof(*stored));

	if (stored == NULL)
		return NULL;
	snprintf(stored->sha256, sizeof(stored->sha256), "%s", sha256);
	stored->next = store->first;
	store->first = stored;
	return stored;
}

static void remove_stored(struct wr_plugin_store *store, struct stored *stored)
{
	struct stored **link_p = &store->first;

	while (*link_p != stored)
		link_p = &(*link_p)->next;
	*link_p = stored->next;
	wr_plugin_unref(stored->plugin);
	free(stored->copy);
	free(stored);
}

/* A copy that a record names beside the one that is used: of no content, so that nothing but the sweep finds it. */
static enum wr_code note_other(struct wr_plugin_store *store, const char *path, struct wr_err *err)
{
	struct stored *other = add(store, "");

	if (other == NULL)
		return no_memory(err);
	other->copy = strdup(path);
	return other->copy != NULL ? WR_OK : no_memory(err);
}

void wr_plugin_store_forget_others(struct wr_plugin_store *store)
{
	struct stored *other;

	WR_CHECK(store, STORE_MAGIC);
	while ((other = find(store, "")) != NULL)
		remove_stored(store, other);
}

static bool can_be_unloaded(const struct stored *stored)
{
	return stored->plugin == NULL || (stored->plugin->entry->flags & WEIR_UNLOADABLE) != 0;
}

static void unload(struct stored *stored)
{
	stored->was_unloaded = stored->was_unloaded || stored->plugin != NULL;
	wr_plugin_unref(stored->plugin);
	stored->plugin = NULL;
}

/* What nobody needs of this content any more goes. */
static void tidy(struct wr_plugin_store *store, struct stored *stored)
{
	if (stored->users > 0)
		return;
	WR_ASSERT(stored->plugin == NULL || stored->plugin->users == 1);
	if (can_be_unloaded(stored))
		unload(stored);
	if (stored->holders > 0)
		return;
	if (!store->keeps_files && stored->copy != NULL) {
		unlink(stored->copy);
		free(stored->copy);
		stored->copy = NULL;
	}
	if (stored->plugin == NULL)
		remove_stored(store, stored);
}

/* A file of a set with this content is gone. */
static void drop_stored(struct wr_plugin_store *store, struct stored *stored, bool only_held)
{
	unsigned *count = only_held ? &stored->holders : &stored->users;

	WR_ASSERT(*count > 0);
	(*count)--;
	tidy(store, stored);
}

/* The copy before stays on disk until the next sweep: a record may name it. */
static enum wr_code renew_copy(struct wr_plugin_store *store, struct stored *stored,
			       struct wr_bytes file, struct wr_err *err)
{
	char *before = stored->copy;
	enum wr_code rc;

	stored->copy = NULL;
	rc = make_copy(store, stored, file, err);
	if (rc != WR_OK) {
		stored->copy = before;
		return rc;
	}
	free(before);
	stored->was_unloaded = false;
	return WR_OK;
}

/* The content of a file that was read, with one user more. */
static enum wr_code keep(struct wr_plugin_store *store, struct wr_bytes file,
			 struct stored **stored_r, struct wr_err *err)
{
	char sha256[WR_SHA256_HEX_BYTES];
	struct stored *stored;
	enum wr_code rc = WR_OK;

	if (wr_sha256_hex(file, sha256) != WR_OK)
		return no_memory(err);
	stored = find(store, sha256);
	if (stored == NULL)
		stored = add(store, sha256);
	if (stored == NULL)
		return no_memory(err);
	if (stored->copy == NULL || stored->was_unloaded)
		rc = renew_copy(store, stored, file, err);
	if (rc == WR_OK)
		stored->users++;
	else
		tidy(store, stored);
	*stored_r = rc == WR_OK ? stored : NULL;
	return rc;
}

void wr_plugin_store_close(struct wr_plugin_store *store)
{
	if (store == NULL)
		return;
	WR_CHECK(store, STORE_MAGIC);
	while (store->first != NULL) {
		WR_ASSERT(store->first->users == 0 && store->first->holders == 0);
		remove_stored(store, store->first);
	}
	free(store->folder);
	store->magic = 0;
	free(store);
}

/* ---- sets ---- */

static struct set_file *find_file(const struct wr_plugin_set *set, const char *name)
{
	for (size_t i = 0; set != NULL && i < set->count; i++) {
		if (strcmp(set->files[i].name, name) == 0)
			return &set->files[i];
	}
	return NULL;
}

static enum wr_code add_file(struct wr_plugin_set *set, const char *name, struct stored *stored,
			     struct wr_err *err)
{
	struct set_file *files = realloc(set->files, (set->count + 1) * sizeof(*files));

	if (files == NULL)
		return no_memory(err);
	set->files = files;
	files[set->count] = (struct set_file){strdup(name), stored};
	if (files[set->count].name == NULL)
		return no_memory(err);
	set->count++;
	return WR_OK;
}

static enum wr_code take_file(struct wr_plugin_set *set, const char *name,
			      const struct wr_conf_strings *folders, struct wr_err *err)
{
	struct wr_bytes file = wr_bytes(NULL, 0);
	struct stored *stored = NULL;
	char *path = NULL;
	enum wr_code rc = wr_plugin_find(name, folders, &path, err);

	if (rc == WR_OK)
		rc = wr_plugin_file_read(path, &file, err);
	if (rc == WR_OK)
		rc = wr_plugin_file_check(file, NULL, err);
	if (rc == WR_OK)
		rc = keep(set->store, file, &stored, err);
	if (rc == WR_OK) {
		rc = add_file(set, name, stored, err);
		if (rc != WR_OK)
			drop_stored(set->store, stored, false);
	}
	wr_plugin_file_free(&file);
	free(path);
	return rc;
}

static struct wr_plugin_set *new_set(struct wr_plugin_store *store)
{
	struct wr_plugin_set *set = calloc(1, sizeof(*set));

	if (set != NULL)
		set->store = store;
	return set;
}

static void add_problem(struct wr_problems *problems, const struct wr_conf *conf, size_t pipeline,
			size_t stage, const char *text)
{
	const struct wr_conf_stage *s = &conf->pipelines[pipeline].stages[stage];
	char path[96];

	snprintf(path, sizeof(path), "pipelines[%zu].stages[%zu].plugin", pipeline, stage);
	wr_problems_add(problems, conf->file, s->plugin_mark, path, "plugin \"%s\": %s", s->plugin,
			text);
}

enum wr_code wr_plugin_store_take(struct wr_plugin_store *store, const struct wr_conf *conf,
				  struct wr_plugin_set **set_r, struct wr_problems *problems)
{
	struct wr_plugin_set *set = new_set(store);
	size_t before = problems->count;
	enum wr_code rc = set != NULL ? WR_OK : WR_ENOMEM;

	*set_r = NULL;
	for (size_t p = 0; p < conf->pipeline_count && rc != WR_ENOMEM; p++) {
		for (size_t s = 0; s < conf->pipelines[p].stage_count && rc != WR_ENOMEM; s++) {
			const char *name = conf->pipelines[p].stages[s].plugin;
			struct wr_err err;

			if (find_file(set, name) != NULL)
				continue;
			rc = take_file(set, name, &conf->plugin_path, &err);
			if (rc != WR_OK)
				add_problem(problems, conf, p, s, err.text);
		}
	}
	if (rc != WR_ENOMEM)
		rc = problems->count != before ? WR_EINVAL : WR_OK;
	if (rc == WR_OK)
		*set_r = set;
	else
		wr_plugin_set_drop(set);
	return rc;
}

static enum wr_code check_copy(const struct wr_plugin_file *file, struct wr_err *err)
{
	char sha256[WR_SHA256_HEX_BYTES];
	enum wr_code rc = wr_sha256_file(file->copy, sha256, err);

	if (rc != WR_OK)
		return rc;
	if (strcmp(sha256, file->sha256) != 0)
		return wr_err_set(err, WR_EINVAL, "the copy %s was changed", file->copy);
	return WR_OK;
}

static enum wr_code restore_file(struct wr_plugin_set *set, const struct wr_plugin_file *file,
				 struct wr_err *err)
{
	struct stored *stored = find(set->store, file->sha256);
	enum wr_code rc = WR_OK;

	/* what somebody has was looked at already */
	if (stored == NULL || stored->users + stored->holders == 0 ||
	    strcmp(stored->copy, file->copy) != 0)
		rc = check_copy(file, err);
	if (rc != WR_OK)
		return rc;
	if (stored == NULL)
		stored = add(set->store, file->sha256);
	if (stored == NULL)
		return no_memory(err);
	if (stored->copy == NULL)
		stored->copy = strdup(file->copy);
	if (stored->copy == NULL)
		return no_memory(err);
	if (strcmp(stored->copy, file->copy) != 0)
		rc = note_other(set->store, file->copy, err);
	if (rc != WR_OK)
		return rc;
	stored->users++;
	rc = add_file(set, file->name, stored, err);
	if (rc != WR_OK)
		stored->users--;
	return rc;
}

enum wr_code wr_plugin_store_restore(struct wr_plugin_store *store,
				     const struct wr_plugin_file *files, size_t count,
				     struct wr_plugin_set **set_r, struct wr_err *err)
{
	struct wr_plugin_set *set = new_set(store);
	enum wr_code rc = set != NULL ? WR_OK : no_memory(err);

	*set_r = NULL;
	for (size_t i = 0; i < count && rc == WR_OK; i++)
		rc = restore_file(set, &files[i], err);
	if (rc == WR_OK)
		*set_r = set;
	else
		wr_plugin_set_drop(set);
	return rc;
}

static enum wr_code copy_set(const struct wr_plugin_set *set, bool only_holds,
			     struct wr_plugin_set **copy_r, struct wr_err *err)
{
	struct wr_plugin_set *copy = new_set(set->store);
	enum wr_code rc = copy != NULL ? WR_OK : no_memory(err);

	*copy_r = NULL;
	if (rc == WR_OK)
		copy->only_holds = only_holds;
	for (size_t i = 0; i < set->count && rc == WR_OK; i++) {
		struct stored *stored = set->files[i].stored;

		rc = add_file(copy, set->files[i].name, stored, err);
		if (rc == WR_OK && only_holds)
			stored->holders++;
		else if (rc == WR_OK)
			stored->users++;
	}
	if (rc == WR_OK)
		*copy_r = copy;
	else
		wr_plugin_set_drop(copy);
	return rc;
}

enum wr_code wr_plugin_set_copy(const struct wr_plugin_set *set, struct wr_plugin_set **copy_r,
				struct wr_err *err)
{
	return copy_set(set, false, copy_r, err);
}

enum wr_code wr_plugin_set_hold(const struct wr_plugin_set *set, struct wr_plugin_set **held_r,
				struct wr_err *err)
{
	return copy_set(set, true, held_r, err);
}

bool wr_plugin_set_has(const struct wr_plugin_set *set, const char *name)
{
	return find_file(set, name) != NULL;
}

size_t wr_plugin_set_size(const struct wr_plugin_set *set)
{
	return set->count;
}

struct wr_plugin_file wr_plugin_set_file(const struct wr_plugin_set *set, size_t i)
{
	const struct set_file *file = &set->files[i];

	WR_ASSERT(i < set->count);
	return (struct wr_plugin_file){file->name, file->stored->copy, file->stored->sha256,
				       file->stored->plugin != NULL};
}

bool wr_plugin_set_same(const struct wr_plugin_set *a, const struct wr_plugin_set *b,
			const char *name)
{
	const struct set_file *in_a = find_file(a, name), *in_b = find_file(b, name);

	return in_a != NULL && in_b != NULL && in_a->stored == in_b->stored;
}

enum wr_code wr_plugin_set_open(struct wr_plugin_set *set, const char *name,
				struct wr_plugin **plugin_r, struct wr_err *err)
{
	struct set_file *file = find_file(set, name);
	enum wr_code rc = WR_OK;

	*plugin_r = NULL;
	if (file == NULL)
		return wr_err_set(err, WR_ENOTFOUND, "there is no copy of it");
	if (file->stored->plugin == NULL)
		rc = wr_plugin_open(file->stored->copy, NULL, &file->stored->plugin, err);
	if (rc == WR_OK)
		*plugin_r = wr_plugin_ref(file->stored->plugin);
	return rc;
}

void wr_plugin_set_drop(struct wr_plugin_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++) {
		free(set->files[i].name);
		drop_stored(set->store, set->files[i].stored, set->only_holds);
	}
	free(set->files);
	free(set);
}
