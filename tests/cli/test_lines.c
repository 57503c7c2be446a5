#include "config.h"

#include "cli/lines.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct input {
	int read_fd, write_fd;
	struct wr_lines lines;
};

static int setup(void **state)
{
	struct input *input = calloc(1, sizeof(*input));
	int fds[2];

	assert_non_null(input);
	assert_int_equal(pipe(fds), 0);
	input->read_fd = fds[0];
	input->write_fd = fds[1];
	wr_lines_init(&input->lines, fds[0]);
	*state = input;
	return 0;
}

static void give(struct input *input, const char *text)
{
	assert_int_equal(write(input->write_fd, text, strlen(text)), strlen(text));
}

static void end(struct input *input)
{
	if (input->write_fd >= 0)
		close(input->write_fd);
	input->write_fd = -1;
}

static int teardown(void **state)
{
	struct input *input = *state;

	end(input);
	close(input->read_fd);
	wr_lines_fini(&input->lines);
	free(input);
	return 0;
}

static void expect_line(struct input *input, const char *expected, unsigned long long number)
{
	struct wr_bytes line;
	struct wr_err err;

	assert_int_equal(wr_lines_next(&input->lines, 0, &line, &err), WR_OK);
	assert_true(wr_bytes_equal(line, wr_bytes_of(expected)));
	assert_int_equal(input->lines.number, number);
}

static void expect_code(struct input *input, enum wr_code expected)
{
	struct wr_bytes line;
	struct wr_err err;

	assert_int_equal(wr_lines_next(&input->lines, 0, &line, &err), expected);
	assert_null(line.data);
}

static void lines_come_without_their_end_and_blank_ones_not_at_all(void **state)
{
	struct input *input = *state;

	give(input, "one\r\n\n  \ntwo \n three\n\nfour");
	end(input);
	expect_line(input, "one", 1);
	expect_line(input, "two", 4);
	expect_line(input, " three", 5);
	expect_line(input, "four", 7);
	expect_code(input, WR_ECLOSED);
	expect_code(input, WR_ECLOSED);
}

static void half_a_line_waits_for_its_rest(void **state)
{
	struct input *input = *state;

	expect_code(input, WR_ETIMEDOUT);
	give(input, "one\ntw");
	expect_line(input, "one", 1);
	expect_code(input, WR_ETIMEDOUT);
	give(input, "o\n");
	expect_line(input, "two", 2);
	end(input);
	expect_code(input, WR_ECLOSED);
}

static void empty_input_has_no_line(void **state)
{
	end(*state);
	expect_code(*state, WR_ECLOSED);
}

static void a_line_may_hold_any_byte(void **state)
{
	struct input *input = *state;
	struct wr_bytes line;

	assert_int_equal(write(input->write_fd, "a\0\xff\n", 4), 4);
	assert_int_equal(wr_lines_next(&input->lines, 0, &line, NULL), WR_OK);
	assert_true(wr_bytes_equal(line, wr_bytes("a\0\xff", 3)));
}

static void lines_of_every_size_come_whole(void **state)
{
	FILE *file = tmpfile();
	struct wr_lines lines;
	struct wr_bytes line;
	size_t size, i;

	(void)state;
	assert_non_null(file);
	for (size = 1; size < 200000; size = size * 3 + 1) {
		for (i = 0; i < size; i++)
			fputc('x', file);
		fputc('\n', file);
	}
	rewind(file);
	wr_lines_init(&lines, fileno(file));
	for (size = 1; size < 200000; size = size * 3 + 1) {
		assert_int_equal(wr_lines_next(&lines, 0, &line, NULL), WR_OK);
		assert_int_equal(line.size, size);
	}
	assert_int_equal(wr_lines_next(&lines, 0, &line, NULL), WR_ECLOSED);
	wr_lines_fini(&lines);
	fclose(file);
}

static void a_line_that_is_too_long_is_skipped(void **state)
{
	int fd = open("/dev/zero", O_RDONLY);
	struct wr_lines lines;
	struct wr_bytes line;
	struct wr_err err;
	FILE *file = tmpfile();

	(void)state;
	assert_true(fd >= 0 && file != NULL);
	wr_lines_init(&lines, fd);
	assert_int_equal(wr_lines_next(&lines, 0, &line, &err), WR_EINVAL);
	assert_string_equal(err.text, "the line is longer than 64 MiB");
	assert_int_equal(lines.number, 1);
	close(fd);
	fputs("the rest of it\nnext\n", file);
	rewind(file);
	lines.fd = fileno(file);
	assert_int_equal(wr_lines_next(&lines, 0, &line, &err), WR_OK);
	assert_true(wr_bytes_equal(line, wr_bytes_of("next")));
	assert_int_equal(lines.number, 2);
	wr_lines_fini(&lines);
	fclose(file);
}

static void input_that_can_not_be_read_is_an_error(void **state)
{
	int fd = open(".", O_RDONLY);
	struct wr_lines lines;
	struct wr_bytes line;
	struct wr_err err;

	(void)state;
	assert_true(fd >= 0);
	wr_lines_init(&lines, fd);
	assert_int_equal(wr_lines_next(&lines, 0, &line, &err), WR_EIO);
	assert_string_equal(err.text, "can't read: Is a directory");
	wr_lines_fini(&lines);
	close(fd);
}

static void expect_key(const char *line, const char *pointer, const char *expected)
{
	struct wr_json_reader *reader;
	char digits[WR_LINE_KEY_BYTES];
	struct wr_bytes key;

	assert_int_equal(wr_json_reader_create(&reader), WR_OK);
	assert_int_equal(wr_line_key(reader, wr_bytes_of(line), pointer, digits, &key, NULL),
			 WR_OK);
	assert_true(wr_bytes_equal(key, wr_bytes_of(expected)));
	wr_json_reader_destroy(reader);
}

static void the_key_is_a_string_or_an_integer(void **state)
{
	(void)state;
	expect_key("{\"eventId\":\"a\"}", "/eventId", "a");
	expect_key("{\"eventId\":\"\"}", "/eventId", "");
	expect_key("{\"o\":{\"id\":[1,-9007199254740993]}}", "/o/id/1", "-9007199254740993");
	expect_key("\"a\"", "", "a");
}

static void a_line_without_a_key_is_refused_with_the_reason(void **state)
{
	static const char *const cases[][2] = {
	    {"{\"eventId\":1.5}", "no string or integer at /eventId to be the key"},
	    {"{\"eventId\":null}", "no string or integer at /eventId to be the key"},
	    {"{\"other\":1}", "no string or integer at /eventId to be the key"},
	    {"{\"eventId\":\"a\"", "not JSON: column 15: expected ',' or '}'"},
	};
	struct wr_json_reader *reader;
	char digits[WR_LINE_KEY_BYTES];
	struct wr_bytes key;
	struct wr_err err;
	size_t i;

	(void)state;
	assert_int_equal(wr_json_reader_create(&reader), WR_OK);
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		assert_int_equal(
		    wr_line_key(reader, wr_bytes_of(cases[i][0]), "/eventId", digits, &key, &err),
		    WR_EINVAL);
		assert_string_equal(err.text, cases[i][1]);
		assert_null(key.data);
	}
	wr_json_reader_destroy(reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(lines_come_without_their_end_and_blank_ones_not_at_all),
	    TEST(half_a_line_waits_for_its_rest),
	    TEST(empty_input_has_no_line),
	    TEST(a_line_may_hold_any_byte),
	    cmocka_unit_test(lines_of_every_size_come_whole),
	    cmocka_unit_test(a_line_that_is_too_long_is_skipped),
	    cmocka_unit_test(input_that_can_not_be_read_is_an_error),
	    cmocka_unit_test(the_key_is_a_string_or_an_integer),
	    cmocka_unit_test(a_line_without_a_key_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
