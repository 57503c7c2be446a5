/*
 * Text from plugins, made safe to log and to write into headers: valid UTF-8, no control characters, bounded.
 */
#ifndef WR_HOST_TEXT_H
#define WR_HOST_TEXT_H

#include <stddef.h>

/* Copies up to out_size - 1 bytes and terminates. Bytes that are not UTF-8 become '?', control characters a space,
 * and no character is cut in two. `text` is terminated. Returns the length. [any] */
size_t wr_text_clean(char *out, size_t out_size, const char *text);

#endif
