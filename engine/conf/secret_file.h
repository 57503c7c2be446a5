/*
 * Secrets that stand in files of their own. Internal to conf/. [any]
 */
#ifndef WR_CONF_SECRET_FILE_H
#define WR_CONF_SECRET_FILE_H

#include "base/code.h"
#include "base/err.h"

/* Reads a secret; line ends behind it are not part of it. The caller frees it by wr_secret_free(). WR_EINVAL: empty,
 * over 4 KiB or with a NUL in it; WR_EIO: it can't be read. err never shows the content. WR_ENOMEM. */
enum wr_code wr_secret_file_read(const char *file, char **secret_r, struct wr_err *err);

#endif
