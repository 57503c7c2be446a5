#include "tests/unit.h"

#include "conf/load.h"
#include "conf/report.h"

static void problems_are_rendered_a_line_each(void **state)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	wr_problems_add(&problems, "a.yaml", (struct wr_conf_mark){3, 5}, "kafka.brokers", "%s %d",
			"bad", 7);
	wr_problems_add(&problems, "a.yaml", (struct wr_conf_mark){4, 1}, NULL, "no path");
	wr_problems_add(&problems, "b", (struct wr_conf_mark){0, 0}, "", "no place");
	assert_int_equal(wr_problems_render(&problems, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out), "a.yaml:3:5: kafka.brokers: bad 7\n"
					       "a.yaml:4:1: no path\n"
					       "b: no place\n");
	wr_buf_fini(&out);
	wr_problems_fini(&problems);
	assert_int_equal(problems.count, 0);
	wr_problems_fini(&problems);
}

static void a_thousand_problems_are_enough(void **state)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	unsigned i;

	(void)state;
	for (i = 1; i < 1500; i++)
		wr_problems_add(&problems, "f", (struct wr_conf_mark){i, 1}, NULL, "p%u", i);
	assert_int_equal(problems.count, 1000);
	assert_string_equal(problems.items[998].text, "p999");
	assert_string_equal(problems.items[999].text, "too many errors; the rest is left out");
	assert_int_equal(problems.items[999].line, 0);
	wr_problems_fini(&problems);
}

static void the_problems_of_a_load_are_in_the_order_of_the_file(void **state)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	static const struct wr_conf_mark marks[] = {{9, 1}, {0, 0}, {2, 7}, {2, 3}};
	static const unsigned lines[] = {50, 2, 2, 9, 0};
	struct wr_report report;
	size_t i;

	(void)state;
	wr_problems_add(&problems, "f", (struct wr_conf_mark){50, 1}, NULL, "of an earlier load");
	wr_report_init(&report, "f", &problems);
	assert_false(wr_report_failed(&report));
	for (i = 0; i < UNIT_COUNT_OF(marks); i++)
		wr_report_add(&report, marks[i], "x");
	assert_true(wr_report_failed(&report));
	wr_report_sort(&report);
	for (i = 0; i < UNIT_COUNT_OF(lines); i++)
		assert_int_equal(problems.items[i].line, lines[i]);
	assert_int_equal(problems.items[1].column, 3);
	wr_report_fini(&report);
	wr_problems_fini(&problems);
}

static void a_path_shows_keys_and_indices(void **state)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	struct wr_report report;
	size_t top;

	(void)state;
	wr_report_init(&report, "f", &problems);
	top = wr_report_push_key(&report, wr_bytes_of("a-b_9"));
	wr_report_push_index(&report, 12);
	wr_report_push_key(&report, wr_bytes_of("x"));
	wr_report_push_key(&report, wr_bytes_of("y.z"));
	wr_report_push_key(&report, wr_bytes_of(""));
	assert_string_equal(wr_buf_text(&report.path), "a-b_9[12].x[\"y.z\"][\"\"]");
	wr_report_pop(&report, top);
	assert_string_equal(wr_buf_text(&report.path), "");
	wr_report_fini(&report);
	wr_problems_fini(&problems);
}

static void text_from_the_file_is_made_printable_and_short(void **state)
{
	char text[300], out[WR_QUOTED_BYTES];
	size_t i;

	(void)state;
	assert_string_equal(wr_report_quote(wr_bytes("a\0\x1b\x7f", 4), out), "a\\x00\\x1b\\x7f");
	assert_string_equal(wr_report_quote(wr_bytes_of("\xC2\x9B"), out), "\\u009b");
	assert_string_equal(wr_report_quote(wr_bytes_of("\xC3\xA9"), out), "\xC3\xA9");
	assert_string_equal(wr_report_quote(wr_bytes(NULL, 0), out), "");
	memset(text, 'a', sizeof(text));
	wr_report_quote(wr_bytes(text, sizeof(text)), out);
	assert_true(strlen(out) < WR_QUOTED_BYTES);
	assert_string_equal(out + strlen(out) - 4, "a...");
	/* A character is not cut in two. */
	for (i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xC3\xA9", 2);
	wr_report_quote(wr_bytes(text, sizeof(text)), out);
	assert_string_equal(out + strlen(out) - 5, "\xC3\xA9...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(problems_are_rendered_a_line_each),
	    cmocka_unit_test(a_thousand_problems_are_enough),
	    cmocka_unit_test(the_problems_of_a_load_are_in_the_order_of_the_file),
	    cmocka_unit_test(a_path_shows_keys_and_indices),
	    cmocka_unit_test(text_from_the_file_is_made_printable_and_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
