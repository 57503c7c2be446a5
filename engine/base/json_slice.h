/*
 * Where things stand in a JSON text: walks the elements of an array and the members of an object and hands out the
 * bytes of each as they were written. It reads no further than it must and checks no more: the text is one that
 * wr_json_read() took. On any other text it stays within the bytes it was given and ends early, saying so.
 *
 * Nothing is allocated or kept. All slices are borrowed from the text.
 */
#ifndef WR_BASE_JSON_SLICE_H
#define WR_BASE_JSON_SLICE_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_json_walk {
	const char *at;
	const char *end;
	char close; /* of the container: ']' or '}' */
	bool is_first;
	bool broken; /* the text was not valid JSON */
};

/* The text without the white space around it. [any] */
struct wr_bytes wr_json_trim(struct wr_bytes text);

/* What a value is, by its first byte; white space before it is skipped. WR_JSON_NUMBER for every number,
 * WR_JSON_MISSING when it can't be a value. [any] */
enum wr_json_type wr_json_slice_type(struct wr_bytes value);

/* Starts a walk. False when `container` is neither an array nor an object. [any] */
bool wr_json_walk_begin(struct wr_json_walk *walk, struct wr_bytes container);

/* The next element or member; false at the end and when the text is broken. *name_r is what stands between the
 * quotes of the name, still escaped; data NULL in an array. *value_r has no white space around it. [any] */
bool wr_json_walk_next(struct wr_json_walk *walk, struct wr_bytes *name_r,
		       struct wr_bytes *value_r);

/* Whether a name as wr_json_walk_next() gave it spells `name`, which is ASCII. [any] */
bool wr_json_name_is(struct wr_bytes escaped, const char *name);

/* The bytes between the quotes of a string value. False when it is no string. [any] */
bool wr_json_slice_string(struct wr_bytes value, struct wr_bytes *escaped_r);

/* Writes the string that `escaped` stands for to `out`, which has room for escaped.size bytes. It may hold NUL.
 * WR_OK, or WR_EINVAL for a broken escape or half a surrogate pair. [any] */
enum wr_code wr_json_unescape(struct wr_bytes escaped, char *out, size_t *size_r);

/* The value of a number that is written as an integer (no fraction, no exponent) and fits. [any] */
bool wr_json_slice_integer(struct wr_bytes value, int64_t *integer_r);

/* Line and column of the byte at `offset`; columns count characters, as an editor shows them. [any] */
struct wr_json_position wr_json_position_at(struct wr_bytes text, size_t offset);

/* The first byte of a text. */
#define WR_JSON_POSITION_START ((struct wr_json_position){.offset = 0, .line = 1, .column = 1})

/* Moves *where_p on to the byte at `offset`, which is not before it; to the end when it lies beyond. For many
 * positions in one text. [any] */
void wr_json_position_advance(struct wr_bytes text, size_t offset,
			      struct wr_json_position *where_p);

#endif
