#include "config.h"

#include "core/event_id.h"

#include "tests/unit.h"

#define LONGEST WR_EVENT_ID_BYTES_MAX

static char text[LONGEST + 1];

static enum wr_event_id_result from_string(size_t size, struct wr_bytes *id_r)
{
	const struct wr_json_value value = {.type = WR_JSON_STRING, .string = wr_bytes(text, size)};
	static struct wr_arena arena;
	enum wr_event_id_result result;

	wr_arena_init(&arena, 0);
	result = wr_event_id_from_json(&value, &arena, id_r);
	wr_arena_fini(&arena);
	return result;
}

/* The dead-letter topic is asked to take a record and 64 KiB of headers, and the id is one of these. */
static void an_id_longer_than_the_bound_is_invalid_wherever_it_stands(void **state)
{
	struct wr_bytes id;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(from_string(LONGEST, &id), WR_EVENT_ID_OK);
	assert_int_equal(id.size, LONGEST);
	assert_int_equal(from_string(LONGEST + 1, &id), WR_EVENT_ID_INVALID);
	assert_null(id.data);
	assert_int_equal(wr_event_id_from_bytes(wr_bytes(text, LONGEST), &id), WR_EVENT_ID_OK);
	assert_ptr_equal(id.data, text);
	assert_int_equal(wr_event_id_from_bytes(wr_bytes(text, LONGEST + 1), &id),
			 WR_EVENT_ID_INVALID);
	assert_null(id.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_longer_than_the_bound_is_invalid_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
