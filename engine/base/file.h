/*
 * Writing a file whole or not at all: under another name in the same folder, to the disk, and then in the place of what
 * was there. A crash at any moment leaves the old file or the new one; a draft that it leaves is no matter.
 */
#ifndef WR_BASE_FILE_H
#define WR_BASE_FILE_H

#include "base/bytes.h"
#include "base/err.h"

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `path`.new is the draft: whatever has that name goes, links are never followed, and the umask is not asked: `mode` is
 * what the file gets. It has gone to the disk, under its name, when this returns WR_OK. A failure leaves what was there,
 * and no draft. One writer for each path at a time. WR_OK, WR_EIO, WR_ENOMEM. [any] */
enum wr_code wr_file_replace(const char *path, struct wr_bytes content, mode_t mode,
			     struct wr_err *err);

#ifdef __cplusplus
}
#endif

#endif
