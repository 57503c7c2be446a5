/*
 * A growing byte buffer, embedded in its owner. After a failed append it stays as it was.
 */
#ifndef WR_BASE_BUF_H
#define WR_BASE_BUF_H

#include "base/bytes.h"
#include "base/code.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wr_buf {
	char *data; /* NULL until the first append */
	size_t size;
	size_t capacity;
};

#define WR_BUF_INIT        \
	{                  \
		NULL, 0, 0 \
	}

void wr_buf_init(struct wr_buf *b);
void wr_buf_fini(struct wr_buf *b);

/* Forgets the content, keeps the memory. */
void wr_buf_clear(struct wr_buf *b);

/* Room for `extra` bytes more. WR_OK or WR_ENOMEM. */
enum wr_code wr_buf_reserve(struct wr_buf *b, size_t extra);

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_buf_append(struct wr_buf *b, const void *data, size_t size);
enum wr_code wr_buf_append_text(struct wr_buf *b, const char *text);
enum wr_code wr_buf_printf(struct wr_buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends the text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
enum wr_code wr_buf_append_json_string(struct wr_buf *b, struct wr_bytes text);

/* Appends `,"name":"..."`, or `,"nameBase64":"..."` when the bytes are not UTF-8, or `,"name":null` when they are absent.
 * The name is one that needs no escape. WR_OK or WR_ENOMEM. */
enum wr_code wr_buf_append_json_member(struct wr_buf *b, const char *name, struct wr_bytes bytes);

/* Appends the text as one line that can't steer a terminal: control characters and bytes that are not UTF-8 as \xNN. */
enum wr_code wr_buf_append_printable(struct wr_buf *b, struct wr_bytes text);

/* Terminates (the NUL is not counted) and returns the text, borrowed until the next change; "" when empty.
 * NULL on WR_ENOMEM. */
const char *wr_buf_text(struct wr_buf *b);

#ifdef __cplusplus
}
#endif

#endif
