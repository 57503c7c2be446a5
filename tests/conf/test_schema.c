#include "tests/unit.h"

#include "conf/schema.h"

#include <stdio.h>

static bool is_path_of_a_row(const char *path, size_t size, enum wr_key_type type)
{
	size_t i;

	for (i = 0; i < wr_schema_size(); i++) {
		if (strlen(wr_schema_row(i)->path) == size &&
		    strncmp(wr_schema_row(i)->path, path, size) == 0)
			return wr_schema_row(i)->type == type;
	}
	return false;
}

/* Otherwise no walk down the table would reach it. */
static void every_row_hangs_below_a_map_or_a_list(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < wr_schema_size(); i++) {
		const char *path = wr_schema_row(i)->path, *dot = strrchr(path, '.');

		if (dot == NULL)
			continue;
		if (dot[-1] == ']')
			assert_true(is_path_of_a_row(path, (size_t)(dot - path) - 2, WR_KEY_LIST));
		else
			assert_true(is_path_of_a_row(path, (size_t)(dot - path), WR_KEY_MAP));
	}
}

static void every_path_stands_once(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < wr_schema_size(); i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(wr_schema_row(i)->path, wr_schema_row(j)->path);
	}
}

static void every_row_is_documented_in_sentences(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < wr_schema_size(); i++) {
		const char *doc = wr_schema_row(i)->doc;

		assert_non_null(doc);
		assert_true(strlen(doc) > 10);
		if (doc[strlen(doc) - 1] != '.')
			fail_msg("%s: %s", wr_schema_row(i)->path, doc);
	}
}

static bool is_number(enum wr_key_type type)
{
	return type == WR_KEY_INT || type == WR_KEY_COUNT || type == WR_KEY_NUMBER ||
	       type == WR_KEY_DURATION_MS || type == WR_KEY_DURATION_US || type == WR_KEY_SIZE ||
	       type == WR_KEY_SHARE;
}

static void every_row_has_what_its_type_needs(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < wr_schema_size(); i++) {
		const struct wr_key_row *row = wr_schema_row(i);
		bool ranged =
		    is_number(row->type) || row->type == WR_KEY_LIST || row->type == WR_KEY_STRINGS;
		bool bare = row->type == WR_KEY_MAP || row->type == WR_KEY_ENUM ||
			    row->type == WR_KEY_OUTPUTS || row->type == WR_KEY_ONLY_TRUE;

		if (row->status == WR_KEY_PLANNED) {
			assert_false(row->has_member);
			continue;
		}
		if (!bare && !row->has_member)
			fail_msg("%s is filled into nothing", row->path);
		assert_int_equal(ranged, row->most > row->least);
		assert_int_equal(row->type == WR_KEY_ENUM, row->choices != NULL);
		assert_int_equal(row->type == WR_KEY_LIST, row->item_size > 0);
		assert_false(row->required && (row->fallback != NULL || row->otherwise != NULL));
		assert_null(row->harmless);
	}
}

static void children_are_the_rows_directly_below(void **state)
{
	static const char *const expected[] = {"max_events", "max_bytes", "linger", "in_flight"};
	const struct wr_key_row *row;
	size_t cursor = 0, i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(expected); i++) {
		row = wr_schema_child("pipelines[].batch", &cursor);
		assert_non_null(row);
		assert_string_equal(wr_schema_name(row), expected[i]);
	}
	assert_null(wr_schema_child("pipelines[].batch", &cursor));
	cursor = 0;
	assert_string_equal(wr_schema_child("", &cursor)->path, "instance");
	cursor = 0;
	assert_null(wr_schema_child("pipelines", &cursor)); /* only "pipelines[]" has some */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_hangs_below_a_map_or_a_list),
	    cmocka_unit_test(every_path_stands_once),
	    cmocka_unit_test(every_row_is_documented_in_sentences),
	    cmocka_unit_test(every_row_has_what_its_type_needs),
	    cmocka_unit_test(children_are_the_rows_directly_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
