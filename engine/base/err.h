/*
 * The text of a failure, for people. Callers own the struct (usually on the stack) and may pass NULL where
 * the text does not interest them.
 */
#ifndef WR_BASE_ERR_H
#define WR_BASE_ERR_H

#include "base/code.h"

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WR_ERR_TEXT_BYTES 1024

struct wr_err {
	enum wr_code code;
	char text[WR_ERR_TEXT_BYTES];
};

/* Fills *err (NULL is fine) and returns `code`, so that a failure is born and returned in one line. The text is
 * cut to fit. [any] */
enum wr_code wr_err_set(struct wr_err *err, enum wr_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text that is there. [any] */
void wr_err_prefix(struct wr_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
