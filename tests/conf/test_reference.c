#include "tests/conf/source_file.h"

#include "conf/load.h"
#include "conf/schema.h"

/* `make docs` makes them anew. */
static void assert_same(const char *path, enum wr_code (*make)(struct wr_buf *out))
{
	struct wr_buf committed = read_source(path), made = WR_BUF_INIT;

	assert_int_equal(make(&made), WR_OK);
	if (strcmp(wr_buf_text(&committed), wr_buf_text(&made)) != 0)
		fail_msg("%s is not what the table of keys says: run `make docs`", path);
	wr_buf_fini(&committed);
	wr_buf_fini(&made);
}

static void the_reference_page_is_what_the_table_says(void **state)
{
	(void)state;
	assert_same("docs/reference/configuration.md", wr_conf_reference_markdown);
}

static void the_manual_page_is_what_the_table_says(void **state)
{
	(void)state;
	assert_same("docs/man/weir.yaml.5", wr_conf_reference_man);
}

/* Escaped as each format wants it, every key has its place and its text. */
static void both_pages_tell_every_key(void **state)
{
	struct wr_buf page = WR_BUF_INIT, man = WR_BUF_INIT;
	char entry[256];
	size_t i;

	(void)state;
	assert_int_equal(wr_conf_reference_markdown(&page), WR_OK);
	assert_int_equal(wr_conf_reference_man(&man), WR_OK);
	for (i = 0; i < wr_schema_size(); i++) {
		const struct wr_key_row *row = wr_schema_row(i);
		bool section = row->type == WR_KEY_MAP || row->type == WR_KEY_LIST;

		if (strstr(wr_buf_text(&page), row->doc) == NULL)
			fail_msg("the page lacks what is said of %s", row->path);
		if (row->status == WR_KEY_PLANNED)
			snprintf(entry, sizeof(entry), "- `%s`: ", row->path);
		else if (section)
			snprintf(entry, sizeof(entry), "## `%s", row->path);
		else
			snprintf(entry, sizeof(entry), "| `%s` | ", wr_schema_name(row));
		assert_non_null(strstr(wr_buf_text(&page), entry));
		if (!section) {
			snprintf(entry, sizeof(entry), ".TP\n\\fB%s\\fR", row->path);
			assert_non_null(strstr(wr_buf_text(&man), entry));
		}
	}
	wr_buf_fini(&page);
	wr_buf_fini(&man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_reference_page_is_what_the_table_says),
	    cmocka_unit_test(the_manual_page_is_what_the_table_says),
	    cmocka_unit_test(both_pages_tell_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
