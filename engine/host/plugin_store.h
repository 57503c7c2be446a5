/*
 * Private copies of plugin files. What a configuration names is read once and copied to a path that is never used
 * again, `<folder>/<sha256>-<n>.so`, and opened from there: opening the same path or the same file twice would give the
 * old code or the old globals. A file whose content is loaded already is not loaded again.
 *
 * A set is the files of one configuration, as they were when it was taken; whoever runs or may go back to that
 * configuration keeps it. Code that no set needs any more has its copy deleted; it is unmapped when the plugin declared
 * WEIR_UNLOADABLE, and otherwise stays for whoever brings the same file again. A set that only holds keeps the copies on
 * disk, and nothing in memory: it is for another process, one day.
 *
 * One thread at a time: main's before the reload thread begins and after it ended, in between that one's.
 */
#ifndef WR_HOST_PLUGIN_STORE_H
#define WR_HOST_PLUGIN_STORE_H

#include "base/err.h"
#include "conf/conf.h"
#include "conf/load.h"
#include "host/plugin.h"

struct wr_plugin_store;
struct wr_plugin_set;

/* `folder` is made when it is missing and must be this user's alone; NULL: nothing will be copied, only restored from where
 * it lies. WR_OK, WR_EREFUSED (others can get in; err says
 * what to do), WR_EIO, WR_ENOMEM. [main] */
enum wr_code wr_plugin_store_open(const char *folder, struct wr_plugin_store **store_r,
				  struct wr_err *err);

/* Every set must have been dropped. NULL does
 * nothing. [main] */
void wr_plugin_store_close(struct wr_plugin_store *store);

/* From now on no copy is deleted: the engine stops, and the next start may need them. */
void wr_plugin_store_keep_files(struct wr_plugin_store *store);

/* Deletes the copies in the folder that belong to no set: those of an earlier process, and those that were followed by
 * another copy of the same content. What a set was restored from stays, also where another copy is used instead. */
void wr_plugin_store_sweep(struct wr_plugin_store *store);

/* The records from which sets were restored are written anew: they name the copies that are used. */
void wr_plugin_store_forget_others(struct wr_plugin_store *store);

/* Reads and copies every plugin that the configuration names, once each. What can't be a plugin of this machine is a
 * problem with its place, and no code of it has run. WR_OK, WR_EINVAL (see problems), WR_EIO, WR_ENOMEM. */
enum wr_code wr_plugin_store_take(struct wr_plugin_store *store, const struct wr_conf *conf,
				  struct wr_plugin_set **set_r, struct wr_problems *problems);

/* One file of a set. Strings live as long as the set. */
struct wr_plugin_file {
	const char *name; /* as the configuration names it */
	const char *copy; /* the path of the copy */
	const char *sha256;
	bool loaded; /* its code is in the engine already */
};

size_t wr_plugin_set_size(const struct wr_plugin_set *set);
bool wr_plugin_set_has(const struct wr_plugin_set *set, const char *name);
struct wr_plugin_file wr_plugin_set_file(const struct wr_plugin_set *set, size_t i);

/* Whether both sets have the same content under `name`. */
bool wr_plugin_set_same(const struct wr_plugin_set *a, const struct wr_plugin_set *b,
			const char *name);

/* A set from copies of an earlier process, by names, copies and hashes; each copy must still have that hash. WR_OK,
 * WR_EINVAL, WR_ENOTFOUND, WR_EIO, WR_ENOMEM. */
enum wr_code wr_plugin_store_restore(struct wr_plugin_store *store,
				     const struct wr_plugin_file *files, size_t count,
				     struct wr_plugin_set **set_r, struct wr_err *err);

/* The same files once more. WR_OK or WR_ENOMEM. */
enum wr_code wr_plugin_set_copy(const struct wr_plugin_set *set, struct wr_plugin_set **copy_r,
				struct wr_err *err);

/* The same files once more, but it only holds. A set that is copied from one that only holds is a whole one; that is for
 * the start, when nothing was opened yet. WR_OK or WR_ENOMEM. */
enum wr_code wr_plugin_set_hold(const struct wr_plugin_set *set, struct wr_plugin_set **held_r,
				struct wr_err *err);

/* Opens the plugin of that name; the caller has one user of it. The codes of wr_plugin_open(), and WR_ENOTFOUND for a
 * name that the set does not have. */
enum wr_code wr_plugin_set_open(struct wr_plugin_set *set, const char *name,
				struct wr_plugin **plugin_r, struct wr_err *err);

/* The plugins that were opened from it must have no other users left. NULL does nothing. */
void wr_plugin_set_drop(struct wr_plugin_set *set);

#endif
