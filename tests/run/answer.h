/*
 * An answer of the admin API, read back member by member.
 */
#ifndef WR_TESTS_RUN_ANSWER_H
#define WR_TESTS_RUN_ANSWER_H

#include "base/json.h"
#include "tests/unit.h"

static struct wr_json_reader *reader; /* the test makes it, and has it read */

static inline void assert_text(const char *pointer, const char *expected)
{
	struct wr_json_value value;

	if (wr_json_get(reader, wr_bytes_of(pointer), &value) != WR_JSON_STRING ||
	    !wr_bytes_equal(value.string, wr_bytes_of(expected)))
		fail_msg("%s is not %s", pointer, expected);
}

static inline void assert_integer(const char *pointer, int64_t expected)
{
	struct wr_json_value value;

	if (wr_json_get(reader, wr_bytes_of(pointer), &value) != WR_JSON_INTEGER)
		fail_msg("%s is no integer", pointer);
	assert_int_equal(value.integer, expected);
}

static inline void assert_type(const char *pointer, enum wr_json_type type)
{
	struct wr_json_value value;

	assert_int_equal(wr_json_get(reader, wr_bytes_of(pointer), &value), type);
}

#endif
