/*
 * Notices when files change on disk, by watching their folders: files are mostly replaced by a rename, and then the name
 * is what stays. Whatever happens in the folders, only another file under a name, or another time or size of it, counts.
 * One thread.
 */
#ifndef WR_RUN_WATCH_H
#define WR_RUN_WATCH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct wr_watch;

/* Follows nothing yet. WR_OK, WR_EIO, WR_ENOMEM. */
enum wr_code wr_watch_create(struct wr_watch **watch_r, struct wr_err *err);

/* NULL does nothing. */
void wr_watch_destroy(struct wr_watch *watch);

/* Follows one file more, as it is now, if it is not followed yet; it need not be there. A folder that is not there can't be followed: WR_EIO.
 * WR_OK, WR_ENOMEM. */
enum wr_code wr_watch_follow(struct wr_watch *watch, const char *file, struct wr_err *err);

/* To poll for reading. */
int wr_watch_fd(const struct wr_watch *watch);

/* True when something happened in the folders since the last call. */
bool wr_watch_stirs(struct wr_watch *watch);

/* Whether a file is another one than at the last call, or when it was followed. */
bool wr_watch_has_changed(struct wr_watch *watch);

#endif
