#include "config.h"

#include "cli/table_text.h"

#include "tests/unit.h"

#include <stdlib.h>

static void expect(const struct wr_table *table, const char *text)
{
	char *printed = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&printed, &size);

	assert_non_null(out);
	assert_int_equal(wr_table_print(table, out), WR_OK);
	fclose(out);
	assert_string_equal(printed, text);
	free(printed);
}

static const char *const heads[] = {"A", "LONG", "LAST", NULL};

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct wr_table table;

	(void)state;
	wr_table_init(&table, heads);
	wr_table_add(&table, wr_bytes_of("wide cell"), SIZE_MAX);
	wr_table_printf(&table, "%d", 7);
	wr_table_add(&table, wr_bytes_of("as long as it is"), SIZE_MAX);
	expect(&table, "A          LONG  LAST\nwide cell  7     as long as it is\n");
	wr_table_fini(&table);
}

static void nothing_is_a_dash_and_too_much_is_cut(void **state)
{
	struct wr_table table;

	(void)state;
	wr_table_init(&table, heads);
	wr_table_add(&table, wr_bytes(NULL, 0), SIZE_MAX);
	wr_table_add(&table, wr_bytes_of("abc\xC3\xA9"), 4);
	wr_table_add(&table, wr_bytes_of("a\nb\x1b"), SIZE_MAX);
	expect(&table, "A  LONG    LAST\n-  abc...  a\\x0ab\\x1b\n");
	wr_table_fini(&table);
}

static void characters_take_a_column_each(void **state)
{
	struct wr_table table;

	(void)state;
	wr_table_init(&table, heads);
	wr_table_add(&table, wr_bytes_of("\xC3\xA9\xC3\xA9"), SIZE_MAX);
	wr_table_add(&table, wr_bytes_of("x"), SIZE_MAX);
	wr_table_add(&table, wr_bytes_of("y"), SIZE_MAX);
	expect(&table, "A   LONG  LAST\n\xC3\xA9\xC3\xA9  x     y\n");
	wr_table_fini(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
	    cmocka_unit_test(nothing_is_a_dash_and_too_much_is_cut),
	    cmocka_unit_test(characters_take_a_column_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
