/* Which canary was tried last is known after a restart, as far as that could be kept. */
#include "config.h"

#include "run/tried.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96];
static struct wr_plugin_store *store;
static struct wr_plugin_set *none;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/plugins", folder);
	assert_int_equal(wr_plugin_store_open(path, &store, NULL), WR_OK);
	assert_int_equal(wr_plugin_store_restore(store, NULL, 0, &none, NULL), WR_OK);
	snprintf(path, sizeof(path), "%s/canary", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_plugin_set_drop(none);
	wr_plugin_store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static struct wr_tried tried(uint64_t number, const char *text)
{
	return wr_tried_of(number, wr_bytes_of(text), none);
}

static void what_was_written_is_read(void **state)
{
	const struct wr_tried first = tried(7, "pipelines: []"),
			      second = tried(9, "pipelines: [a]");
	struct wr_tried found;

	(void)state;
	assert_string_not_equal(first.what, second.what);
	wr_tried_write(folder, &first);
	wr_tried_write(folder, &second);
	found = wr_tried_read(folder);
	assert_int_equal(found.number, 9);
	assert_string_equal(found.what, second.what);
}

static void it_is_nobody_elses_to_read(void **state)
{
	const struct wr_tried first = tried(7, "a");
	struct stat st;

	(void)state;
	wr_tried_write(folder, &first);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_later_generation_makes_it_needless(void **state)
{
	const struct wr_tried first = tried(7, "a");

	(void)state;
	wr_tried_write(folder, &first);
	wr_tried_forget(folder, 6);
	assert_int_equal(wr_tried_read(folder).number, 7);
	wr_tried_forget(folder, 7);
	assert_int_equal(wr_tried_read(folder).number, 0);
	wr_tried_forget(folder, 8);
}

static void what_is_no_note_says_nothing(void **state)
{
	static const char *const texts[] = {"", "7", "x y\n"};

	(void)state;
	assert_int_equal(wr_tried_read(folder).number, 0);
	for (size_t i = 0; i < UNIT_COUNT_OF(texts); i++) {
		FILE *out = fopen(path, "we");

		assert_non_null(out);
		fputs(texts[i], out);
		fclose(out);
		assert_int_equal(wr_tried_read(folder).number, 0);
	}
}

static void where_it_can_not_be_kept_work_goes_on(void **state)
{
	const struct wr_tried first = tried(7, "a");

	(void)state;
	wr_tried_write("/nowhere/at/all", &first);
	assert_int_equal(wr_tried_read("/nowhere/at/all").number, 0);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_was_written_is_read),
	    RULE(it_is_nobody_elses_to_read),
	    RULE(a_later_generation_makes_it_needless),
	    RULE(what_is_no_note_says_nothing),
	    RULE(where_it_can_not_be_kept_work_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
