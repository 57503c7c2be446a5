/*
 * Files of the state folder: the texts of configurations that were applied, named by their content, and the records that
 * name them. A text is written before the record that names it, and goes when no record does any more.
 */
#ifndef WR_RUN_KEPT_TEXT_H
#define WR_RUN_KEPT_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>

#define WR_KEPT_TEXT_BYTES (WR_SHA256_HEX_BYTES + 16)

/* Keeps a text; `name` is what it is called in the folder. WR_OK, WR_EIO, WR_ENOMEM. */
enum wr_code wr_kept_text_write(const char *folder, struct wr_bytes text,
				char name[WR_KEPT_TEXT_BYTES], struct wr_err *err);

/* Reads one. The codes of wr_kept_file_read(); WR_EINVAL: that is no name of one, or the content is another. */
enum wr_code wr_kept_text_read(const char *folder, const char *name, struct wr_buf *text_r,
			       struct wr_err *err);

/* Whether that could be the name of one: nothing outside of the folder is. */
bool wr_kept_text_is_name(const char *name);

/* Deletes the texts that nobody wants. */
void wr_kept_text_sweep(const char *folder, bool (*is_wanted)(void *arg, const char *name),
			void *arg);

/* Reads a file of the folder; links are not followed. May hold secrets: wr_conf_forget(). WR_OK; WR_ENOTFOUND; WR_EIO,
 * also when it is longer than any such file is; WR_ENOMEM. */
enum wr_code wr_kept_file_read(const char *folder, const char *name, struct wr_buf *text_r,
			       struct wr_err *err);

/* WR_OK, WR_EIO, WR_ENOMEM. */
enum wr_code wr_kept_file_write(const char *folder, const char *name, struct wr_bytes text,
				struct wr_err *err);

#endif
