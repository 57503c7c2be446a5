#include "config.h"

#include "cli/record.h"
#include "base/json.h"
#include "tests/unit.h"

static const struct wr_cli_header headers[] = {
    {"weir-event-id", {"a-1", 3}}, {"none", {NULL, 0}}, {"bad", {"\xff\n", 2}}, {"empty", {"", 0}}};

static struct wr_cli_record sample(void)
{
	return (struct wr_cli_record){.topic = "events",
				      .partition = 3,
				      .offset = 1042,
				      .timestamp_ms = INT64_C(1795401600123),
				      .key = {"order-17", 8},
				      .value = {"{\"a\":\"\xc3\xbc\"}", 10},
				      .headers = headers,
				      .header_count = UNIT_COUNT_OF(headers)};
}

static void expect(enum wr_code (*print)(const struct wr_cli_record *, struct wr_buf *),
		   const struct wr_cli_record *record, const char *expected)
{
	struct wr_buf text = WR_BUF_INIT;

	assert_int_equal(print(record, &text), WR_OK);
	assert_string_equal(wr_buf_text(&text), expected);
	wr_buf_fini(&text);
}

static void text_shows_place_time_key_headers_and_value(void **state)
{
	struct wr_cli_record record = sample();

	(void)state;
	expect(wr_cli_record_text, &record,
	       "events/3@1042  2026-11-23T02:40:00.123Z  key order-17\n"
	       "    weir-event-id: a-1\n"
	       "    none: (null)\n"
	       "    bad: \\xff\\x0a\n"
	       "    empty: (empty)\n"
	       "  {\"a\":\"\xc3\xbc\"}\n");
}

static void text_tells_absent_from_empty(void **state)
{
	struct wr_cli_record record = {.topic = "t", .timestamp_ms = -1, .value = {"", 0}};

	(void)state;
	expect(wr_cli_record_text, &record, "t/0@0  (no time)  key (null)\n  (empty)\n");
}

static void json_loses_nothing(void **state)
{
	struct wr_cli_record record = sample();

	(void)state;
	expect(
	    wr_cli_record_json, &record,
	    "{\"topic\":\"events\",\"partition\":3,\"offset\":1042,\"timestamp\":1795401600123,"
	    "\"key\":\"order-17\",\"headers\":[{\"name\":\"weir-event-id\",\"value\":\"a-1\"},"
	    "{\"name\":\"none\",\"value\":null},{\"name\":\"bad\",\"valueBase64\":\"/wo=\"},"
	    "{\"name\":\"empty\",\"value\":\"\"}],\"value\":\"{\\\"a\\\":\\\"\xc3\xbc\\\"}\"}\n");
}

static void json_tells_absent_from_empty(void **state)
{
	struct wr_cli_record record = {
	    .topic = "t", .timestamp_ms = -1, .key = {"\0\xfe", 2}, .value = {NULL, 0}};

	(void)state;
	expect(
	    wr_cli_record_json, &record,
	    "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"timestamp\":null,\"keyBase64\":\"AP4=\","
	    "\"headers\":[],\"value\":null}\n");
}

static void every_byte_value_makes_valid_json(void **state)
{
	struct wr_cli_record record = sample();
	struct wr_json_reader *reader;
	struct wr_buf text = WR_BUF_INIT;
	unsigned char bytes[256];
	size_t i;

	(void)state;
	assert_int_equal(wr_json_reader_create(&reader), WR_OK);
	for (i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)i;
		record.value = wr_bytes(&bytes[i], 1);
		record.key = wr_bytes(bytes, i + 1);
		wr_buf_clear(&text);
		assert_int_equal(wr_cli_record_json(&record, &text), WR_OK);
		assert_int_equal(wr_json_read(reader, wr_bytes(text.data, text.size), NULL, NULL),
				 WR_OK);
	}
	wr_json_reader_destroy(reader);
	wr_buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_shows_place_time_key_headers_and_value),
	    cmocka_unit_test(text_tells_absent_from_empty),
	    cmocka_unit_test(json_loses_nothing),
	    cmocka_unit_test(json_tells_absent_from_empty),
	    cmocka_unit_test(every_byte_value_makes_valid_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
