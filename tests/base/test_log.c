#include "config.h"

#include "base/log.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>

static struct wr_clock_fake fake;
static char output[16384];
static size_t output_size;
static unsigned line_count;

static void collect(void *arg, const char *line, size_t size)
{
	assert_ptr_equal(arg, output);
	assert_true(output_size + size < sizeof(output));
	assert_int_equal(line[size - 1], '\n');
	memcpy(output + output_size, line, size);
	output_size += size;
	output[output_size] = '\0';
	line_count++;
}

static void forget_output(void)
{
	output_size = 0;
	output[0] = '\0';
	line_count = 0;
}

static int setup(void **state)
{
	(void)state;
	wr_clock_fake_init(&fake, INT64_C(1795401600123)); /* 2026-11-23T02:40:00.123Z */
	wr_log_set_clock(&fake.clock);
	wr_log_set_sink(collect, output);
	wr_log_set_level(WR_LOG_INFO);
	wr_log_set_format(WR_LOG_JSON);
	forget_output();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wr_log_set_sink(NULL, NULL);
	wr_log_set_clock(NULL);
	return 0;
}

static void a_json_line_has_time_level_message_and_fields(void **state)
{
	(void)state;
	WR_LOG(WR_LOG_WARN, "claim store unavailable", WR_STR("pipeline", "pay\"ments\n"),
	       WR_INT("retry_ms", 200), WR_DOUBLE("ratio", 0.1), WR_BOOL("up", false),
	       WR_STR("reason", NULL));
	assert_string_equal(output,
			    "{\"ts\":\"2026-11-23T02:40:00.123Z\",\"level\":\"warn\","
			    "\"msg\":\"claim store unavailable\",\"pipeline\":\"pay\\\"ments\\n\","
			    "\"retry_ms\":200,\"ratio\":0.1,\"up\":false,\"reason\":null}\n");
}

static void a_line_without_fields_is_whole(void **state)
{
	(void)state;
	WR_LOG0(WR_LOG_INFO, "started");
	assert_string_equal(
	    output,
	    "{\"ts\":\"2026-11-23T02:40:00.123Z\",\"level\":\"info\",\"msg\":\"started\"}\n");
}

static void what_is_not_finite_is_null_in_json(void **state)
{
	(void)state;
	WR_LOG(WR_LOG_INFO, "m", WR_DOUBLE("x", strtod("nan", NULL)),
	       WR_DOUBLE("y", strtod("-inf", NULL)));
	assert_non_null(strstr(output, "\"x\":null,\"y\":null}"));
}

static void a_text_line_is_aligned_and_quotes_what_needs_it(void **state)
{
	(void)state;
	wr_log_set_format(WR_LOG_TEXT);
	WR_LOG(WR_LOG_WARN, "topic is missing", WR_STR("topic", "events"), WR_STR("why", "a \"b\""),
	       WR_INT("n", -3), WR_STR("empty", ""), WR_STR("none", NULL));
	WR_LOG0(WR_LOG_INFO, "started");
	assert_string_equal(output,
			    "2026-11-23T02:40:00.123Z  warn   topic is missing                   "
			    "  topic=events why=\"a \\\"b\\\"\" n=-3 empty=\"\" none=null\n"
			    "2026-11-23T02:40:00.123Z  info   started\n");
}

static void text_can_not_steer_the_terminal(void **state)
{
	const char *c;

	(void)state;
	wr_log_set_format(WR_LOG_TEXT);
	WR_LOG(WR_LOG_INFO, "m", WR_STR("a", "\x1b[2J\n\x7f"),
	       WR_STR("b", "\xc2\x9b"
			   "31m"),
	       WR_STR("c", "\xff"), WR_STR("d", "gr\xc3\xbc\xc3\x9f"));
	assert_non_null(
	    strstr(output, " a=\\x1b[2J\\x0a\\x7f b=\\xc2\\x9b31m c=\\xff d=gr\xc3\xbc\xc3\x9f\n"));
	for (c = output; *c != '\n'; c++)
		assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void a_long_text_is_cut_between_characters(void **state)
{
	static char text[8192];
	size_t i;

	(void)state;
	for (i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	WR_LOG(WR_LOG_INFO, "m", WR_STR("t", text));
	assert_true(output_size < 2200);
	assert_null(strstr(output, "\xef\xbf\xbd"));
}

static void levels_above_the_set_one_stay_silent(void **state)
{
	(void)state;
	WR_LOG0(WR_LOG_DEBUG, "hidden");
	assert_int_equal(line_count, 0);
	wr_log_set_level(WR_LOG_DEBUG);
	assert_int_equal(wr_log_get_level(), WR_LOG_DEBUG);
	WR_LOG0(WR_LOG_DEBUG, "shown");
	assert_int_equal(line_count, 1);
	wr_log_set_level(WR_LOG_ERROR);
	WR_LOG0(WR_LOG_WARN, "hidden");
	assert_int_equal(line_count, 1);
}

static void repeat(unsigned times)
{
	while (times-- > 0)
		WR_LOG(WR_LOG_WARN, "again", WR_INT("n", 1));
}

static void repeats_at_one_site_are_held_back_and_counted(void **state)
{
	(void)state;
	repeat(25);
	assert_int_equal(line_count, 10);
	WR_LOG0(WR_LOG_WARN, "another site");
	assert_int_equal(line_count, 11);
	wr_clock_fake_advance_ms(&fake, 999);
	repeat(1);
	assert_int_equal(line_count, 11);
	wr_clock_fake_advance_ms(&fake, 1);
	forget_output();
	repeat(1);
	assert_int_equal(line_count, 1);
	assert_non_null(strstr(output, "\"n\":1,\"suppressed\":16}\n"));
	forget_output();
	repeat(1);
	assert_null(strstr(output, "suppressed"));
}

static void level_names_read_back(void **state)
{
	enum wr_log_level level;
	int i;

	(void)state;
	for (i = WR_LOG_ERROR; i <= WR_LOG_DEBUG; i++) {
		assert_int_equal(
		    wr_log_level_parse(wr_log_level_name((enum wr_log_level)i), &level), WR_OK);
		assert_int_equal(level, i);
	}
	assert_int_equal(wr_log_level_parse("Warn", &level), WR_ENOTFOUND);
	assert_int_equal(wr_log_level_parse("", &level), WR_ENOTFOUND);
}

static void without_a_sink_lines_go_to_stderr_and_errno_is_kept(void **state)
{
	char text[256];
	int pipe_fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	(void)state;
	wr_log_set_sink(NULL, NULL);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
	errno = ENOENT;
	WR_LOG0(WR_LOG_ERROR, "to stderr");
	assert_int_equal(errno, ENOENT);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	n = read(pipe_fds[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(
	    text,
	    "{\"ts\":\"2026-11-23T02:40:00.123Z\",\"level\":\"error\",\"msg\":\"to stderr\"}\n");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(saved);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_json_line_has_time_level_message_and_fields),
	    TEST(a_line_without_fields_is_whole),
	    TEST(what_is_not_finite_is_null_in_json),
	    TEST(a_text_line_is_aligned_and_quotes_what_needs_it),
	    TEST(text_can_not_steer_the_terminal),
	    TEST(a_long_text_is_cut_between_characters),
	    TEST(levels_above_the_set_one_stay_silent),
	    TEST(repeats_at_one_site_are_held_back_and_counted),
	    TEST(level_names_read_back),
	    TEST(without_a_sink_lines_go_to_stderr_and_errno_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
