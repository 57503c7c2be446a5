#include "config.h"

#include "redis/resp.h"

#include "tests/unit.h"

#include <stdlib.h>

static enum wr_resp_progress parse(const char *text, struct wr_resp_reply *reply_r, size_t *used_r)
{
	/* A copy without a NUL, so that a sanitizer sees a read beyond the end. */
	size_t size = strlen(text);
	char *copy = malloc(size > 0 ? size : 1);
	enum wr_resp_progress progress;

	assert_non_null(copy);
	memcpy(copy, text, size);
	progress = wr_resp_parse(copy, size, reply_r, used_r);
	if (progress == WR_RESP_REPLY && reply_r->text.data != NULL)
		reply_r->text.data = text + ((const char *)reply_r->text.data - copy);
	free(copy);
	return progress;
}

struct sample {
	const char *text;
	enum wr_resp_kind kind;
	const char *value;
};

static const struct sample samples[] = {
    {"$-1\r\n", WR_RESP_NIL, NULL},           {"$0\r\n\r\n", WR_RESP_STRING, ""},
    {"$3\r\nC|1\r\n", WR_RESP_STRING, "C|1"}, {"$4\r\n\r\n\r\n\r\n", WR_RESP_STRING, "\r\n\r\n"},
    {"+OK\r\n", WR_RESP_STATUS, "OK"},        {"+\r\n", WR_RESP_STATUS, ""},
    {"-ERR no\r\n", WR_RESP_ERROR, "ERR no"}, {":42\r\n", WR_RESP_INTEGER, "42"},
};

static void a_whole_reply_is_taken_and_no_more(void **state)
{
	struct wr_resp_reply reply;
	size_t i, used;
	char text[64];

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(samples); i++) {
		strcpy(text, samples[i].text);
		strcat(text, "$-1\r\n");
		assert_int_equal(parse(text, &reply, &used), WR_RESP_REPLY);
		assert_int_equal(reply.kind, samples[i].kind);
		assert_int_equal(used, strlen(samples[i].text));
		assert_true(wr_bytes_equal(reply.text, wr_bytes_of(samples[i].value)));
		assert_int_equal(reply.skip_bytes, 0);
	}
}

static void a_part_of_a_reply_wants_more(void **state)
{
	struct wr_resp_reply reply;
	size_t i, length, used;
	char text[64];

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(samples); i++) {
		for (length = 0; length < strlen(samples[i].text); length++) {
			memcpy(text, samples[i].text, length);
			text[length] = '\0';
			assert_int_equal(parse(text, &reply, &used), WR_RESP_PARTIAL);
		}
	}
}

static void what_is_no_protocol_is_broken(void **state)
{
	static const char *const broken[] = {
	    "HTTP/1.1 400 Bad Request\r\n",
	    "*1\r\n$1\r\na\r\n",
	    "_\r\n",
	    "\r\n",
	    "$\r\n",
	    "$-2\r\n",
	    "$x\r\n",
	    "$1x\r\n",
	    "$ 1\r\na\r\n",
	    "$99999999999999999999999\r\n",
	    "$1\r\nab\r\n",
	    "$1\r\na\rb",
	    "+OK\rx",
	};
	struct wr_resp_reply reply;
	size_t i, used;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(broken); i++)
		assert_int_equal(parse(broken[i], &reply, &used), WR_RESP_BROKEN);
}

static void a_line_without_end_is_broken_not_kept(void **state)
{
	char text[WR_RESP_LINE_BYTES + 1];
	struct wr_resp_reply reply;
	size_t used;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = '+';
	text[WR_RESP_LINE_BYTES - 1] = '\0';
	assert_int_equal(parse(text, &reply, &used), WR_RESP_PARTIAL);
	text[WR_RESP_LINE_BYTES - 1] = 'x';
	text[WR_RESP_LINE_BYTES] = '\0';
	assert_int_equal(parse(text, &reply, &used), WR_RESP_BROKEN);
}

static void a_long_string_is_to_be_skipped(void **state)
{
	char text[WR_RESP_STRING_BYTES + 64];
	struct wr_resp_reply reply;
	size_t used;

	(void)state;
	assert_int_equal(parse("$4353\r\nabc", &reply, &used), WR_RESP_REPLY);
	assert_int_equal(reply.kind, WR_RESP_LONG_STRING);
	assert_int_equal(used, 7);
	assert_int_equal(reply.skip_bytes, 4355);
	assert_null(reply.text.data);
	memset(text, 'x', sizeof(text));
	memcpy(text, "$1024\r\n", 7);
	memcpy(text + 7 + 1024, "\r\n", 3);
	assert_int_equal(parse(text, &reply, &used), WR_RESP_REPLY);
	assert_int_equal(reply.kind, WR_RESP_STRING);
	assert_int_equal(reply.text.size, 1024);
}

static void every_text_of_two_bytes_is_judged(void **state)
{
	struct wr_resp_reply reply;
	unsigned char text[2];
	unsigned a, b;
	size_t used;
	enum wr_resp_progress progress;

	(void)state;
	for (a = 0; a < 256; a++) {
		for (b = 0; b < 256; b++) {
			text[0] = (unsigned char)a;
			text[1] = (unsigned char)b;
			progress = wr_resp_parse((const char *)text, 2, &reply, &used);
			if (strchr("$+-:", (int)a) != NULL && a != 0)
				assert_int_equal(progress, WR_RESP_PARTIAL);
			else
				assert_int_equal(progress, WR_RESP_BROKEN);
		}
	}
}

static void a_command_carries_any_bytes(void **state)
{
	const struct wr_bytes args[] = {wr_bytes_of("AUTH"), wr_bytes("a\r\n", 3), wr_bytes("", 0)};
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_resp_append(&out, args, 3), WR_OK);
	assert_string_equal(wr_buf_text(&out), "*3\r\n$4\r\nAUTH\r\n$3\r\na\r\n\r\n$0\r\n\r\n");
	wr_buf_fini(&out);
}

static void numbers_are_decimal(void **state)
{
	char text[21];

	(void)state;
	*wr_resp_put_number(text, 0) = '\0';
	assert_string_equal(text, "0");
	*wr_resp_put_number(text, 1230) = '\0';
	assert_string_equal(text, "1230");
	*wr_resp_put_number(text, SIZE_MAX) = '\0';
	assert_string_equal(text, "18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_reply_is_taken_and_no_more),
	    cmocka_unit_test(a_part_of_a_reply_wants_more),
	    cmocka_unit_test(what_is_no_protocol_is_broken),
	    cmocka_unit_test(a_line_without_end_is_broken_not_kept),
	    cmocka_unit_test(a_long_string_is_to_be_skipped),
	    cmocka_unit_test(every_text_of_two_bytes_is_judged),
	    cmocka_unit_test(a_command_carries_any_bytes),
	    cmocka_unit_test(numbers_are_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
