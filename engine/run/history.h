/*
 * The list of generations, kept in the state folder over restarts: which ran, since when, who asked, what changed, and of
 * those that took all keys what it takes to run them again, that is the texts of their configurations and the copies of
 * their plugins. Written so that a crash at any moment leaves the list before or this one.
 */
#ifndef WR_RUN_HISTORY_H
#define WR_RUN_HISTORY_H

#include "host/plugin_store.h"
#include "run/reload.h"

#define WR_HISTORY_MAX 10
#define WR_HISTORY_FILE "generations.json"

struct wr_past {
	struct wr_reload_entry entry;
	char *text; /* the name of its configuration in the folder; NULL: it can't be run again */
	struct wr_plugin_set
	    *set; /* only holds; NULL: it can't be run again, or there was no store */
};

struct wr_history {
	struct wr_past items[WR_HISTORY_MAX]; /* the newest first */
	size_t count;
	uint64_t runs;     /* or ran when it was written; 0: none */
	uint64_t previous; /* to which a rollback leads; 0: to none */
};

/* WR_OK, WR_EIO, WR_ENOMEM. */
enum wr_code wr_history_write(const char *folder, const struct wr_history *history,
			      struct wr_err *err);

/* What can't be run again any more, because its text or a copy of a plugin is gone or another one, is told in the log.
 * `store` NULL: plugins are not looked for. WR_OK; WR_ENOTFOUND: nothing was kept; WR_EINVAL: what is there is not
 * whole; WR_EIO; WR_ENOMEM. */
enum wr_code wr_history_read(const char *folder, struct wr_plugin_store *store,
			     struct wr_history *history_r, struct wr_err *err);

void wr_history_fini(struct wr_history *history);

/* NULL: that number is not in the list. */
struct wr_past *wr_history_find(struct wr_history *history, uint64_t number);

/* The highest number in the list; 0: it is empty. */
uint64_t wr_history_newest(const struct wr_history *history);

/* Whether it could be run again. */
bool wr_past_is_whole(const struct wr_past *past);

/* Makes it the list's first, and takes what it has. When the list is full the oldest goes that neither runs nor is
 * previous. */
void wr_history_push(struct wr_history *history, struct wr_past *past);

/* Frees what an entry has. */
void wr_reload_entry_fini(struct wr_reload_entry *entry);

#endif
