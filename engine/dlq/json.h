/*
 * Reading the small JSON objects of the state topic. Anyone may write there, so nothing of it is taken for granted.
 * Pure; memory is the caller's.
 */
#ifndef WR_DLQ_JSON_H
#define WR_DLQ_JSON_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/code.h"

#include <stdbool.h>
#include <stdint.h>

/* The value of a member as it is written; false when there is none. */
bool wr_dlq_json_member(struct wr_bytes object, const char *name, struct wr_bytes *value_r);

/* A string member as a terminated text of the caller's; NULL when there is none, it holds a NUL, or there is no
 * memory. */
char *wr_dlq_json_text(struct wr_bytes object, const char *name);

/* The string that a value is, as wr_dlq_json_text(). */
char *wr_dlq_json_string(struct wr_bytes value);

/* A member that is an integer; `otherwise` when it is not. */
int64_t wr_dlq_json_integer(struct wr_bytes object, const char *name, int64_t otherwise);

bool wr_dlq_json_is_true(struct wr_bytes object, const char *name);

#endif
