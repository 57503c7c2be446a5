/*
 * Parsing JSON on the hot path: a reader keeps one document at a time and its memory for the next. Strict
 * (RFC 8259, UTF-8 checked), integers exact within int64. Every other number parses as WR_JSON_NUMBER, rounded to a
 * double; one beyond a double's range is the largest double of its sign. Of members with the same name the first
 * counts. One thread at a time.
 *
 * simdjson does the work (0.23 us for an event of 213 bytes where cJSON takes 1.3); the position of an error comes
 * from json_scan.h.
 */
#ifndef WR_BASE_JSON_H
#define WR_BASE_JSON_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How deep arrays and objects may nest. */
#define WR_JSON_DEPTH_MAX 1000

enum wr_json_type {
	WR_JSON_MISSING,
	WR_JSON_NULL,
	WR_JSON_BOOL,
	WR_JSON_INTEGER, /* int64, exact */
	WR_JSON_NUMBER,
	WR_JSON_STRING,
	WR_JSON_ARRAY,
	WR_JSON_OBJECT,
};

struct wr_json_value {
	enum wr_json_type type;
	bool boolean;
	int64_t integer;        /* INTEGER */
	double number;          /* INTEGER and NUMBER */
	struct wr_bytes string; /* STRING: UTF-8, may hold NUL; borrowed until the next read */
	size_t count;           /* of the members of an ARRAY or OBJECT */
};

/* Where a text stopped being JSON: line and column (in characters) from 1, offset in bytes from 0. */
struct wr_json_position {
	size_t offset;
	unsigned line;
	unsigned column;
};

struct wr_json_reader;

/* The caller owns it. WR_OK or WR_ENOMEM. */
enum wr_code wr_json_reader_create(struct wr_json_reader **reader_r);

/* NULL does nothing. */
void wr_json_reader_destroy(struct wr_json_reader *reader);

/* Parses `text`, which need not outlive the call; absent and empty are no JSON. On WR_EINVAL there is no document,
 * *where_r (may be NULL) says where it broke, and err where and what was wrong, without quoting the text. Memory is
 * kept for the next read, but what a document over 1 MiB took is freed by the next smaller one.
 * WR_OK, WR_EINVAL or WR_ENOMEM. */
enum wr_code wr_json_read(struct wr_json_reader *reader, struct wr_bytes text,
			  struct wr_json_position *where_r, struct wr_err *err);

/* Looks up a JSON Pointer (RFC 6901; "" is the whole). Fills *value_r and returns its type; MISSING when it leads
 * nowhere, is no pointer, or no document is loaded. */
enum wr_json_type wr_json_get(struct wr_json_reader *reader, struct wr_bytes pointer,
			      struct wr_json_value *value_r);

/* The parser's version, for people: "3.0.1". [any] */
const char *wr_json_parser_version(void);

#ifdef __cplusplus
}
#endif

#endif
