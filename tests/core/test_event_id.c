#include "config.h"

#include "core/event_id.h"

#include "tests/faults.h"
#include "tests/unit.h"

static struct wr_arena arena;
static struct wr_json_reader *reader;

static int set_up(void **state)
{
	(void)state;
	wr_arena_init(&arena, 4096);
	return wr_json_reader_create(&reader) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wr_json_reader_destroy(reader);
	wr_arena_fini(&arena);
	return 0;
}

/* The id at /id of a document. */
static enum wr_event_id_result id_in(const char *json, struct wr_bytes *id_r)
{
	struct wr_json_value value;

	assert_int_equal(wr_json_read(reader, wr_bytes_of(json), NULL, NULL), WR_OK);
	wr_json_get(reader, wr_bytes_of("/id"), &value);
	return wr_event_id_from_json(&value, &arena, id_r);
}

static void expect_id(const char *json, const char *expected)
{
	struct wr_bytes id;

	assert_int_equal(id_in(json, &id), WR_EVENT_ID_OK);
	assert_int_equal(id.size, strlen(expected));
	assert_memory_equal(id.data, expected, id.size);
}

static void expect_none(const char *json, enum wr_event_id_result expected)
{
	struct wr_bytes id = wr_bytes_of("left over");

	assert_int_equal(id_in(json, &id), expected);
	assert_null(id.data);
}

static void a_string_is_taken_as_it_is(void **state)
{
	(void)state;
	expect_id("{\"id\":\"a\"}", "a");
	expect_id("{\"id\":\" 1 \"}", " 1 ");
	expect_id("{\"id\":\"done\"}", "done");
	expect_id("{\"id\":\"1e400\"}", "1e400");
	expect_id("{\"id\":\"9007199254740993\"}", "9007199254740993");
	expect_id("{\"id\":\"\\u00fc\\n\\\"\"}", "\xc3\xbc\n\"");
	expect_id("{\"id\":\"null\"}", "null");
}

static void an_integer_is_its_decimal_text(void **state)
{
	(void)state;
	expect_id("{\"id\":0}", "0");
	expect_id("{\"id\":-0}", "0");
	expect_id("{\"id\":42}", "42");
	expect_id("{\"id\":-7}", "-7");
	expect_id("{\"id\":9007199254740990}", "9007199254740990");
	expect_id("{\"id\":9007199254740991}", "9007199254740991");
	expect_id("{\"id\":-9007199254740991}", "-9007199254740991");
}

/* From 2^53 on a double takes neighbours for one. */
static void integers_beyond_doubles_are_refused(void **state)
{
	(void)state;
	expect_none("{\"id\":9007199254740992}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":9007199254740993}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":-9007199254740992}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":-9007199254740993}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":9223372036854775807}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":-9223372036854775808}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":9223372036854775808}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":18446744073709551615}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":18446744073709551616}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":123456789012345678901234567890}", WR_EVENT_ID_INVALID);
}

static void other_numbers_are_refused(void **state)
{
	static const char *const numbers[] = {"{\"id\":1.0}",   "{\"id\":1.5}",  "{\"id\":1e3}",
					      "{\"id\":1E0}",   "{\"id\":-0.0}", "{\"id\":1e400}",
					      "{\"id\":1e-400}"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(numbers); i++)
		expect_none(numbers[i], WR_EVENT_ID_INVALID);
}

static void what_is_no_scalar_is_refused(void **state)
{
	(void)state;
	expect_none("{\"id\":true}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":false}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":[]}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":[\"a\"]}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":{}}", WR_EVENT_ID_INVALID);
}

static void nothing_null_and_empty_are_missing(void **state)
{
	(void)state;
	expect_none("{}", WR_EVENT_ID_MISSING);
	expect_none("{\"Id\":\"a\"}", WR_EVENT_ID_MISSING);
	expect_none("[\"id\"]", WR_EVENT_ID_MISSING);
	expect_none("{\"id\":null}", WR_EVENT_ID_MISSING);
	expect_none("{\"id\":\"\"}", WR_EVENT_ID_MISSING);
}

static void a_nul_inside_is_refused_wherever_it_stands(void **state)
{
	(void)state;
	expect_none("{\"id\":\"a\\u0000b\"}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":\"\\u0000\"}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":\"a\\u0000\"}", WR_EVENT_ID_INVALID);
	expect_none("{\"id\":\"\\u0000a\"}", WR_EVENT_ID_INVALID);
}

static void the_id_outlives_its_document(void **state)
{
	struct wr_bytes id;

	(void)state;
	assert_int_equal(id_in("{\"id\":\"first\"}", &id), WR_EVENT_ID_OK);
	expect_id("{\"id\":\"other\"}", "other");
	assert_memory_equal(id.data, "first", 5);
}

static void without_memory_there_is_no_id(void **state)
{
	static const char *const documents[] = {"{\"id\":\"a\"}", "{\"id\":1}"};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(documents); i++) {
		struct wr_json_value value;
		struct wr_bytes id;
		enum wr_event_id_result result;

		wr_arena_fini(&arena);
		assert_int_equal(wr_json_read(reader, wr_bytes_of(documents[i]), NULL, NULL),
				 WR_OK);
		wr_json_get(reader, wr_bytes_of("/id"), &value);
		faults_begin(0);
		result = wr_event_id_from_json(&value, &arena, &id);
		assert_true(faults_end());
		assert_int_equal(result, WR_EVENT_ID_INVALID);
		assert_null(id.data);
	}
}

/* The dead-letter topic is asked to take a record and 64 KiB of headers, and the id is one of these. */
static void an_id_longer_than_the_bound_is_invalid_wherever_it_stands(void **state)
{
	static char text[WR_EVENT_ID_BYTES_MAX + 1];
	struct wr_json_value value = {.type = WR_JSON_STRING};
	struct wr_bytes id;

	(void)state;
	memset(text, 'x', sizeof(text));
	value.string = wr_bytes(text, WR_EVENT_ID_BYTES_MAX);
	assert_int_equal(wr_event_id_from_json(&value, &arena, &id), WR_EVENT_ID_OK);
	assert_int_equal(id.size, WR_EVENT_ID_BYTES_MAX);
	assert_int_equal(wr_event_id_from_bytes(value.string, &id), WR_EVENT_ID_OK);
	assert_ptr_equal(id.data, text);
	value.string = wr_bytes(text, sizeof(text));
	assert_int_equal(wr_event_id_from_json(&value, &arena, &id), WR_EVENT_ID_INVALID);
	assert_null(id.data);
	assert_int_equal(wr_event_id_from_bytes(value.string, &id), WR_EVENT_ID_INVALID);
	assert_null(id.data);
}

static void bytes_are_taken_as_they_are(void **state)
{
	char all[256];
	struct wr_bytes id;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	assert_int_equal(wr_event_id_from_bytes(wr_bytes(all, sizeof(all)), &id), WR_EVENT_ID_OK);
	assert_ptr_equal(id.data, all);
	assert_int_equal(id.size, sizeof(all));
}

static void absent_and_empty_bytes_are_missing(void **state)
{
	struct wr_bytes id;

	(void)state;
	assert_int_equal(wr_event_id_from_bytes(wr_bytes(NULL, 0), &id), WR_EVENT_ID_MISSING);
	assert_int_equal(wr_event_id_from_bytes(wr_bytes("", 0), &id), WR_EVENT_ID_MISSING);
}

static void every_result_but_ok_has_a_word_and_a_sentence(void **state)
{
	(void)state;
	assert_null(wr_event_id_code(WR_EVENT_ID_OK));
	assert_null(wr_event_id_text(WR_EVENT_ID_OK));
	assert_string_equal(wr_event_id_code(WR_EVENT_ID_MISSING), "missing-id");
	assert_string_equal(wr_event_id_code(WR_EVENT_ID_INVALID), "invalid-id");
	assert_non_null(wr_event_id_text(WR_EVENT_ID_MISSING));
	assert_non_null(wr_event_id_text(WR_EVENT_ID_INVALID));
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_string_is_taken_as_it_is),
	    RULE(an_integer_is_its_decimal_text),
	    RULE(integers_beyond_doubles_are_refused),
	    RULE(other_numbers_are_refused),
	    RULE(what_is_no_scalar_is_refused),
	    RULE(nothing_null_and_empty_are_missing),
	    RULE(a_nul_inside_is_refused_wherever_it_stands),
	    RULE(the_id_outlives_its_document),
	    RULE(without_memory_there_is_no_id),
	    RULE(an_id_longer_than_the_bound_is_invalid_wherever_it_stands),
	    RULE(bytes_are_taken_as_they_are),
	    RULE(absent_and_empty_bytes_are_missing),
	    RULE(every_result_but_ok_has_a_word_and_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
