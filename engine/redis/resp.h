/*
 * The Redis protocol (RESP2), as far as claims need it: flat commands out, flat replies in. The parser allocates
 * nothing, copies nothing and keeps no state between calls; arrays and the types of RESP3 are never asked for and
 * count as broken. https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
#ifndef WR_REDIS_RESP_H
#define WR_REDIS_RESP_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/code.h"

#include <stddef.h>

#define WR_RESP_LINE_BYTES 4096 /* the longest status or error that is taken */
#define WR_RESP_STRING_BYTES \
	4352 /* the longest string that is handed out; longer ones are skipped */

/* A buffer of this size always holds a whole reply. */
#define WR_RESP_BUFFER_BYTES (WR_RESP_LINE_BYTES + WR_RESP_STRING_BYTES)

enum wr_resp_kind {
	WR_RESP_NIL,
	WR_RESP_STATUS,
	WR_RESP_ERROR,
	WR_RESP_INTEGER,
	WR_RESP_STRING,
	WR_RESP_LONG_STRING /* only its length came; the caller skips `skip_bytes` */
};

struct wr_resp_reply {
	enum wr_resp_kind kind;
	struct wr_bytes text; /* borrowed from the input; absent with NIL and LONG_STRING */
	size_t skip_bytes;    /* the string and its end of line */
};

enum wr_resp_progress {
	WR_RESP_REPLY,   /* *reply_r and *used_r are filled */
	WR_RESP_PARTIAL, /* more bytes are needed */
	WR_RESP_BROKEN   /* this is not the protocol */
};

/* Parses one reply at the start of `data`. [any] */
enum wr_resp_progress wr_resp_parse(const char *data, size_t size, struct wr_resp_reply *reply_r,
				    size_t *used_r);

/* Appends a command. WR_OK or WR_ENOMEM; then `out` is as it was. [any] */
enum wr_code wr_resp_append(struct wr_buf *out, const struct wr_bytes *args, size_t count);

/* Writes a decimal number at `to`, without a NUL, and returns the byte behind it; 20 bytes suffice. [any] */
char *wr_resp_put_number(char *to, size_t number);

#endif
