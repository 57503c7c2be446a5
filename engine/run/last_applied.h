/*
 * The configuration that was applied last, kept in the state folder: its text, and which copies of plugins it ran. A
 * start whose own file is invalid goes on with it. Written so that a crash at any moment leaves the one before or this.
 */
#ifndef WR_RUN_LAST_APPLIED_H
#define WR_RUN_LAST_APPLIED_H

#include "base/buf.h"
#include "base/err.h"
#include "host/plugin_store.h"

#include <stdint.h>

struct wr_last_applied {
	uint64_t number;
	char *file;                     /* absolute: whose configuration it was */
	char *text_name;                /* what its text is called in the folder */
	struct wr_buf text;             /* may hold secrets */
	struct wr_plugin_file *plugins; /* strings are its own */
	size_t plugin_count;
};

/* `text` is the name of its text in the folder, where it is already. WR_OK, WR_EIO, WR_ENOMEM. [main or reload] */
enum wr_code wr_last_applied_write(const char *folder, uint64_t number, const char *file,
				   const char *text, const struct wr_plugin_set *set,
				   struct wr_err *err);

/* WR_OK; WR_ENOTFOUND: nothing was kept; WR_EINVAL: what is there is not whole; WR_EIO; WR_ENOMEM. */
enum wr_code wr_last_applied_read(const char *folder, struct wr_last_applied *last_r,
				  struct wr_err *err);
void wr_last_applied_fini(struct wr_last_applied *last);

#endif
