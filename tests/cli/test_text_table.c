#include "config.h"

#include "cli/text_table.h"
#include "tests/unit.h"

static void assert_rendered(struct wr_text_table *table, const char *expected)
{
	struct wr_buf out = WR_BUF_INIT;

	assert_int_equal(wr_text_table_render(table, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out), expected);
	wr_buf_fini(&out);
	wr_text_table_fini(table);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const titles[] = {"NAME", "N", "WHERE"};
	struct wr_text_table table;

	(void)state;
	wr_text_table_init(&table, "lrl");
	wr_text_table_head(&table, titles);
	wr_text_table_add(&table, wr_bytes_of("a"));
	wr_text_table_addf(&table, "%d", 1000);
	wr_text_table_add(&table, wr_bytes_of("x"));
	wr_text_table_add(&table, wr_bytes_of("longer"));
	wr_text_table_addf(&table, "%d", 7);
	wr_text_table_add(&table, wr_bytes_of(""));
	assert_rendered(&table, "NAME       N  WHERE\n"
				"a       1000  x\n"
				"longer     7\n");
}

static void what_is_absent_is_a_dash(void **state)
{
	struct wr_text_table table;

	(void)state;
	wr_text_table_init(&table, "ll");
	wr_text_table_add(&table, wr_bytes(NULL, 0));
	wr_text_table_add(&table, wr_bytes_of("b"));
	assert_rendered(&table, "-  b\n");
}

static void characters_count_not_bytes(void **state)
{
	struct wr_text_table table;

	(void)state;
	wr_text_table_init(&table, "ll");
	wr_text_table_add(&table, wr_bytes_of("\xc3\xa4\xc3\xb6"));
	wr_text_table_add(&table, wr_bytes_of("|"));
	wr_text_table_add(&table, wr_bytes_of("abc"));
	wr_text_table_add(&table, wr_bytes_of("|"));
	assert_rendered(&table, "\xc3\xa4\xc3\xb6   |\nabc  |\n");
}

static void a_cell_can_not_steer_the_terminal(void **state)
{
	struct wr_text_table table;

	(void)state;
	wr_text_table_init(&table, "l");
	wr_text_table_add(&table, wr_bytes_of("\033[2J"));
	assert_rendered(&table, "\\x1b[2J\n");
}

static void an_empty_table_is_nothing(void **state)
{
	struct wr_text_table table;

	(void)state;
	wr_text_table_init(&table, "lll");
	assert_rendered(&table, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
	    cmocka_unit_test(what_is_absent_is_a_dash),
	    cmocka_unit_test(characters_count_not_bytes),
	    cmocka_unit_test(a_cell_can_not_steer_the_terminal),
	    cmocka_unit_test(an_empty_table_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
