/*
 * Where a listing goes on: an offset a partition, in a token that people pass back as it is. It stays good while
 * records come and go. Pure.
 */
#ifndef WR_DLQ_CURSOR_H
#define WR_DLQ_CURSOR_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_dlq_position {
	int32_t partition;
	int64_t
	    offset; /* newest first: everything below it is left; oldest first: it and everything above */
};

struct wr_dlq_cursor {
	bool oldest_first;
	struct wr_dlq_position *positions; /* owned; by partition */
	size_t count;
};

void wr_dlq_cursor_fini(struct wr_dlq_cursor *cursor);

/* Appends the token. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_cursor_print(const struct wr_dlq_cursor *cursor, struct wr_buf *out);

/* WR_OK, WR_EINVAL for what is no token, WR_ENOMEM. */
enum wr_code wr_dlq_cursor_parse(struct wr_bytes text, struct wr_dlq_cursor *cursor_r,
				 struct wr_err *err);

#endif
