#include "config.h"

#include "base/json_out.h"
#include "tests/faults.h"
#include "tests/unit.h"

#include <math.h>

static void assert_text(struct wr_buf *buf, const char *expected)
{
	assert_string_equal(wr_buf_text(buf), expected);
	wr_buf_fini(buf);
}

static void every_kind_of_value_is_written(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	struct wr_json_out out;

	(void)state;
	wr_json_out_init(&out, &buf);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_text(&out, "text", "a");
	wr_json_out_integer(&out, "least", INT64_MIN);
	wr_json_out_number(&out, "number", 0.25);
	wr_json_out_bool(&out, "yes", true);
	wr_json_out_bool(&out, "no", false);
	wr_json_out_null(&out, "null");
	wr_json_out_time(&out, "time", INT64_C(1767225600007));
	wr_json_out_raw(&out, "raw", wr_bytes_of("{\"a\":[]}"));
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	assert_text(&buf, "{\"text\":\"a\",\"least\":-9223372036854775808,\"number\":0.25,"
			  "\"yes\":true,\"no\":false,\"null\":null,"
			  "\"time\":\"2026-01-01T00:00:00.007Z\",\"raw\":{\"a\":[]}}");
}

static void commas_stand_between_members_at_every_depth(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	struct wr_json_out out;

	(void)state;
	wr_json_out_init(&out, &buf);
	wr_json_out_begin_array(&out, NULL);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_begin_array(&out, "a");
	wr_json_out_integer(&out, NULL, 1);
	wr_json_out_integer(&out, NULL, 2);
	wr_json_out_end(&out);
	wr_json_out_begin_object(&out, "b");
	wr_json_out_end(&out);
	wr_json_out_end(&out);
	wr_json_out_begin_array(&out, NULL);
	wr_json_out_end(&out);
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	assert_text(&buf, "[{\"a\":[1,2],\"b\":{}},[]]");
}

static void what_json_can_not_say_is_null(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	struct wr_json_out out;

	(void)state;
	wr_json_out_init(&out, &buf);
	wr_json_out_begin_array(&out, NULL);
	wr_json_out_number(&out, NULL, NAN);
	wr_json_out_number(&out, NULL, HUGE_VAL);
	wr_json_out_text(&out, NULL, NULL);
	wr_json_out_bytes(&out, NULL, wr_bytes(NULL, 0));
	wr_json_out_time(&out, NULL, -1);
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	assert_text(&buf, "[null,null,null,null,null]");
}

static void names_and_texts_are_escaped(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	struct wr_json_out out;

	(void)state;
	wr_json_out_init(&out, &buf);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_bytes(&out, "a\"b", wr_bytes("\n\0\xff", 3));
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	assert_text(&buf, "{\"a\\\"b\":\"\\n\\u0000\xEF\xBF\xBD\"}");
}

static void what_stands_in_the_buffer_stays(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	struct wr_json_out out;

	(void)state;
	assert_int_equal(wr_buf_append_text(&buf, "before "), WR_OK);
	wr_json_out_init(&out, &buf);
	wr_json_out_text(&out, NULL, "x");
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	assert_text(&buf, "before \"x\"");
}

static enum wr_code write_much(struct wr_buf *buf)
{
	struct wr_json_out out;

	wr_json_out_init(&out, buf);
	wr_json_out_begin_object(&out, NULL);
	for (int i = 0; i < 20; i++) {
		wr_json_out_begin_array(&out, "a member");
		wr_json_out_text(&out, NULL, "some text that takes its room in the buffer");
		wr_json_out_end(&out);
	}
	wr_json_out_end(&out);
	return wr_json_out_finish(&out);
}

static void without_memory_the_buffer_is_as_before(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	bool failed = true;
	enum wr_code rc;

	(void)state;
	for (size_t i = 0; failed; i++) {
		wr_buf_fini(&buf);
		wr_buf_init(&buf);
		assert_int_equal(wr_buf_append_text(&buf, "x"), WR_OK);
		faults_begin(i);
		rc = write_much(&buf);
		failed = faults_end();
		assert_int_equal(rc, failed ? WR_ENOMEM : WR_OK);
		assert_true(failed == (buf.size == 1));
	}
	wr_buf_fini(&buf);
}

static void leave_it_open(void *arg)
{
	struct wr_json_out *out = arg;

	wr_json_out_begin_object(out, NULL);
	wr_json_out_finish(out);
}

static void leave_a_member_without_name(void *arg)
{
	struct wr_json_out *out = arg;

	wr_json_out_begin_object(out, NULL);
	wr_json_out_integer(out, NULL, 1);
}

static void misuse_aborts(void **state)
{
	struct wr_buf buf = WR_BUF_INIT;
	struct wr_json_out out;

	(void)state;
	wr_json_out_init(&out, &buf);
	assert_true(aborts(leave_it_open, &out));
	assert_true(aborts(leave_a_member_without_name, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_of_value_is_written),
	    cmocka_unit_test(commas_stand_between_members_at_every_depth),
	    cmocka_unit_test(what_json_can_not_say_is_null),
	    cmocka_unit_test(names_and_texts_are_escaped),
	    cmocka_unit_test(what_stands_in_the_buffer_stays),
	    cmocka_unit_test(without_memory_the_buffer_is_as_before),
	    cmocka_unit_test(misuse_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
