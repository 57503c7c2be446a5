/*
 * Notices when files change on disk, by watching folders: files are mostly replaced by a rename, and then the name is
 * what stays. Each folder is watched in which a step of a file's path can come to lead elsewhere: its own, and those of
 * the links on the way, as when a whole folder is exchanged by one link. Whatever happens in the folders, only another
 * file under a name, or another time or size of it, counts. One thread.
 */
#ifndef WR_RUN_WATCH_H
#define WR_RUN_WATCH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_watch;

/* Follows nothing yet. WR_OK, WR_EIO, WR_ENOMEM. */
enum wr_code wr_watch_create(struct wr_watch **watch_r, struct wr_err *err);

/* NULL does nothing. */
void wr_watch_destroy(struct wr_watch *watch);

/* Follows one file more, as it is now, if it is not followed yet; it need not be there. What has happened to it since
 * `since_ms` (wall clock; 0: never mind) counts as a change. A folder that is not there can't be followed: WR_EIO. WR_OK,
 * WR_ENOMEM. */
enum wr_code wr_watch_follow(struct wr_watch *watch, const char *file, int64_t since_ms,
			     struct wr_err *err);

/* To poll for reading; another one after each wr_watch_has_changed(). */
int wr_watch_fd(const struct wr_watch *watch);

/* True when something happened in the folders since the last call. */
bool wr_watch_stirs(struct wr_watch *watch);

/* Whether all files look as at the last call of this: nobody is writing any of them just now. */
bool wr_watch_rests(struct wr_watch *watch);

/* Whether a file is another one than at the last call, or when it was followed. Where the paths lead is found anew. */
bool wr_watch_has_changed(struct wr_watch *watch);

#endif
