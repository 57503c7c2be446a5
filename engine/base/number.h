/*
 * Numbers as text, independent of the locale.
 */
#ifndef WR_BASE_NUMBER_H
#define WR_BASE_NUMBER_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The shortest decimal that reads back as the same double; the three words stand for what is no number or not
 * finite. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_buf_append_double(struct wr_buf *b, double value, const char *nan,
				  const char *plus_infinity, const char *minus_infinity);

#ifdef __cplusplus
}
#endif

#endif
