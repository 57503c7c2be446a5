/*
 * The input of `weir send`: one event a line. Blank lines are skipped. Reads by itself, so that it knows whether a
 * line is there without waiting for one.
 */
#ifndef WR_CLI_LINES_H
#define WR_CLI_LINES_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

#define WR_LINE_BYTES_MAX ((size_t)64 << 20)

struct wr_lines {
	int fd;                    /* the caller's */
	struct wr_buf buf;         /* what was read */
	size_t at;                 /* where the next line begins in it */
	size_t scanned;            /* no line end stands before */
	bool at_end;               /* of the file */
	bool skipping;             /* the rest of a line that is too long */
	unsigned long long number; /* of the line that came last, from 1 */
};

void wr_lines_init(struct wr_lines *lines, int fd);
void wr_lines_fini(struct wr_lines *lines);

/* The next line that is not blank, without its end, borrowed until the next call. Waits for input up to timeout_ms.
 * WR_OK; WR_ETIMEDOUT (also when a signal came); WR_ECLOSED at the end; WR_EINVAL for a line over WR_LINE_BYTES_MAX,
 * which is then skipped; WR_EIO; WR_ENOMEM. */
enum wr_code wr_lines_next(struct wr_lines *lines, int timeout_ms, struct wr_bytes *line_r,
			   struct wr_err *err);

#define WR_LINE_KEY_BYTES 24

/* The key of a line: the string or integer at the pointer; an integer is written to `digits`, a string is borrowed
 * from the reader until its next read. WR_OK, or WR_EINVAL when the line is not JSON or there is no such key, WR_ENOMEM;
 * err says why. */
enum wr_code wr_line_key(struct wr_json_reader *reader, struct wr_bytes line, const char *pointer,
			 char digits[WR_LINE_KEY_BYTES], struct wr_bytes *key_r,
			 struct wr_err *err);

#endif
