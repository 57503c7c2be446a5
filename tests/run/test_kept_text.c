/* Texts in the state folder: whole, the owner's alone, and gone when nobody wants them. */
#include "config.h"

#include "run/kept_text.h"
#include "tests/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], name[WR_KEPT_TEXT_BYTES];
static struct wr_buf text;
static struct wr_err err;

static void path_of(const char *of, char path[160])
{
	snprintf(path, 160, "%s/%s", folder, of);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	wr_buf_init(&text);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_buf_fini(&text);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void a_text_is_read_as_it_was_written_and_is_nobody_elses(void **state)
{
	struct stat st;
	char path[160];

	(void)state;
	assert_int_equal(wr_kept_text_write(folder, wr_bytes_of("a: b\n"), name, &err), WR_OK);
	assert_true(wr_kept_text_is_name(name));
	path_of(name, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(wr_kept_text_read(folder, name, &text, &err), WR_OK);
	assert_int_equal(text.size, 5);
	assert_memory_equal(text.data, "a: b\n", 5);
}

static void what_is_not_what_its_name_says_is_refused(void **state)
{
	char path[160];
	FILE *out;

	(void)state;
	assert_int_equal(wr_kept_text_write(folder, wr_bytes_of("a: b\n"), name, &err), WR_OK);
	path_of(name, path);
	out = fopen(path, "ae");
	assert_non_null(out);
	fputs("more", out);
	fclose(out);
	assert_int_equal(wr_kept_text_read(folder, name, &text, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, "was changed"));
	assert_int_equal(text.size, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(wr_kept_text_read(folder, name, &text, &err), WR_ENOTFOUND);
	assert_int_equal(wr_kept_text_read(folder, "applied-/../../etc/passwd", &text, &err),
			 WR_EINVAL);
	assert_int_equal(wr_kept_text_read(folder, "lock", &text, &err), WR_EINVAL);
}

/* Who can write into the folder can't have another file read by it. */
static void a_link_is_not_followed(void **state)
{
	char path[160];

	(void)state;
	path_of("record", path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(wr_kept_file_read(folder, "record", &text, &err), WR_EIO);
}

static void a_file_without_end_is_not_read(void **state)
{
	char path[160];

	(void)state;
	path_of("record", path);
	assert_int_equal(wr_kept_file_write(folder, "record", wr_bytes_of("x"), &err), WR_OK);
	assert_int_equal(truncate(path, (off_t)64 * 1024 * 1024), 0);
	assert_int_equal(wr_kept_file_read(folder, "record", &text, &err), WR_EIO);
	assert_non_null(strstr(err.text, "too large"));
}

static bool is_first(void *arg, const char *of)
{
	return strcmp(of, arg) == 0;
}

static void what_nobody_wants_goes_and_nothing_else(void **state)
{
	char second[WR_KEPT_TEXT_BYTES], path[160];

	(void)state;
	assert_int_equal(wr_kept_text_write(folder, wr_bytes_of("one"), name, &err), WR_OK);
	assert_int_equal(wr_kept_text_write(folder, wr_bytes_of("two"), second, &err), WR_OK);
	assert_int_equal(wr_kept_file_write(folder, "record", wr_bytes_of("x"), &err), WR_OK);
	wr_kept_text_sweep(folder, is_first, name);
	path_of(name, path);
	assert_int_equal(access(path, F_OK), 0);
	path_of("record", path);
	assert_int_equal(access(path, F_OK), 0);
	path_of(second, path);
	assert_int_equal(access(path, F_OK), -1);
	wr_kept_text_sweep("/nowhere/at/all", is_first, name);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_text_is_read_as_it_was_written_and_is_nobody_elses),
	    RULE(what_is_not_what_its_name_says_is_refused),
	    RULE(a_link_is_not_followed),
	    RULE(a_file_without_end_is_not_read),
	    RULE(what_nobody_wants_goes_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
