/*
 * SHA-256 as text: of event ids that are too long for a key, and of plugin files.
 */
#ifndef WR_BASE_SHA256_H
#define WR_BASE_SHA256_H

#include "base/bytes.h"
#include "base/err.h"

#define WR_SHA256_HEX_BYTES 65 /* with the NUL */

/* Fills *hex_r with 64 lower-case digits and a NUL; "" on failure. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_sha256_hex(struct wr_bytes data, char hex_r[WR_SHA256_HEX_BYTES]);

/* The same of a whole file. WR_OK, WR_ENOTFOUND, WR_EIO or WR_ENOMEM. [any] */
enum wr_code wr_sha256_file(const char *path, char hex_r[WR_SHA256_HEX_BYTES], struct wr_err *err);

#endif
