/*
 * What the text of a scalar means: the core schema of YAML 1.2 for what is not quoted, and weir's own durations
 * and sizes. Pure. [any]
 */
#ifndef WR_CONF_SCALAR_H
#define WR_CONF_SCALAR_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/code.h"

#include <stdbool.h>
#include <stdint.h>

enum wr_scalar_kind {
	WR_SCALAR_NULL,
	WR_SCALAR_BOOL,
	WR_SCALAR_INTEGER,
	WR_SCALAR_NUMBER,
	WR_SCALAR_STRING
};

/* What an unquoted scalar is by the core schema. */
enum wr_scalar_kind wr_scalar_kind(struct wr_bytes text);

/* Appends a number (INTEGER or NUMBER by wr_scalar_kind) as JSON, every digit kept. WR_EINVAL: JSON can't say it
 * (.inf, .nan, a hexadecimal or octal one over 64 bits). WR_OK, WR_ENOMEM. */
enum wr_code wr_scalar_append_json_number(struct wr_buf *out, struct wr_bytes text);

/* A decimal integer, whole text. WR_EINVAL: it is none, or beyond int64. */
enum wr_code wr_scalar_integer(struct wr_bytes text, int64_t *value_r);

/* A decimal number, whole text, finite. */
enum wr_code wr_scalar_number(struct wr_bytes text, double *value_r);

/* What is wrong with a quantity, for the message. */
enum wr_quantity_fault {
	WR_QUANTITY_OK,
	WR_QUANTITY_NOT,     /* not a number and a unit */
	WR_QUANTITY_NO_UNIT, /* a bare number other than 0 */
	WR_QUANTITY_UNIT,    /* a unit that is not known */
	WR_QUANTITY_RANGE,   /* too large to count */
	WR_QUANTITY_PART     /* not whole in the least unit */
};

/* "1.5s" in microseconds (us, ms, s, m, h, d), "4MiB" in bytes (B, kB, KB, MB, GB, TB, KiB, MiB, GiB, TiB). */
enum wr_quantity_fault wr_scalar_duration(struct wr_bytes text, int64_t *us_r);
enum wr_quantity_fault wr_scalar_size(struct wr_bytes text, int64_t *bytes_r);

/* "10%" in millionths: 100000. */
enum wr_quantity_fault wr_scalar_share(struct wr_bytes text, int64_t *millionths_r);

#endif
