/*
 * What the fast parser does not tell: where a text stops being JSON, and why. Also makes numbers fit that the fast
 * parser refuses for their size alone. Not for the hot path.
 */
#ifndef WR_BASE_JSON_SCAN_H
#define WR_BASE_JSON_SCAN_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Checks the text strictly (RFC 8259, UTF-8, nesting up to WR_JSON_DEPTH_MAX). False: *where_r says where it broke
 * and *what_r what is wrong there, a static sentence fragment. [any] */
bool wr_json_scan(struct wr_bytes text, struct wr_json_position *where_r, const char **what_r);

/* Appends the text with every number rewritten to fit: integers beyond 64 bits and all fractions as a double, those
 * beyond a double's range as the largest. `text` has passed wr_json_scan() and a NUL stands behind it.
 * WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_json_fit_numbers(struct wr_bytes text, struct wr_buf *out);

#ifdef __cplusplus
}
#endif

#endif
