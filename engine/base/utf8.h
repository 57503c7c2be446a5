/*
 * Well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing over U+10FFFF.
 */
#ifndef WR_BASE_UTF8_H
#define WR_BASE_UTF8_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The length of the sequence at `s`, 1 to 4, or 0 when it is not well-formed within `left` (at least 1) bytes. [any] */
size_t wr_utf8_length(const unsigned char *s, size_t left);

/* Absent and empty are valid. [any] */
bool wr_utf8_valid(struct wr_bytes text);

/* The longest start of `text`, at most `max` bytes, that does not end inside a sequence. [any] */
size_t wr_utf8_cut(struct wr_bytes text, size_t max);

#ifdef __cplusplus
}
#endif

#endif
