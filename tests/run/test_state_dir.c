/* One engine has the folder; without it a temporary one stands in, and goes with the process. */
#include "config.h"

#include "run/state_dir.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char folder[64], path[96];
static struct wr_state_dir dir;
static struct wr_err err;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a/b", folder);
	setenv("TMPDIR", folder, 1);
	dir = (struct wr_state_dir){.lock_fd = -1};
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_state_dir_close(&dir);
	unsetenv("TMPDIR");
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void missing_folders_are_made_for_the_owner_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	assert_false(dir.temporary);
	assert_string_equal(dir.path, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	wr_state_dir_close(&dir);
	assert_int_equal(stat(path, &st), 0); /* what it keeps survives */
}

static void a_second_engine_gets_a_temporary_one(void **state)
{
	struct wr_state_dir second;
	struct stat st;
	char other[128];

	(void)state;
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	assert_int_equal(wr_state_dir_open(path, &second, &err), WR_OK);
	assert_true(second.temporary);
	assert_non_null(strstr(err.text, "in use by another engine"));
	assert_int_equal(strncmp(second.path, folder, strlen(folder)), 0);
	assert_int_equal(stat(second.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(other, sizeof(other), "%s", second.path);
	wr_state_dir_close(&second);
	assert_int_equal(stat(other, &st), -1);
}

static void it_is_free_again_once_it_was_given_up(void **state)
{
	(void)state;
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	wr_state_dir_close(&dir);
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	assert_false(dir.temporary);
}

static void a_temporary_one_goes_with_all_that_is_in_it(void **state)
{
	char inner[256], command[1024];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "/proc/nowhere");
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	assert_true(dir.temporary);
	assert_non_null(strstr(err.text, "/proc/nowhere can't be made"));
	snprintf(inner, sizeof(inner), "%s", dir.path);
	snprintf(command, sizeof(command), "mkdir -p %s/x/y && touch %s/f %s/x/y/g", inner, inner,
		 inner);
	assert_int_equal(system(command), 0);
	wr_state_dir_close(&dir);
	assert_int_equal(stat(inner, &st), -1);
}

static void an_empty_path_is_no_folder(void **state)
{
	(void)state;
	assert_int_equal(wr_state_dir_open("", &dir, &err), WR_OK);
	assert_true(dir.temporary);
	assert_non_null(strstr(err.text, "an empty path names no folder"));
}

static void a_file_in_its_place_is_said(void **state)
{
	char command[200];

	(void)state;
	snprintf(command, sizeof(command), "mkdir -p %s/a && touch %s", folder, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	assert_true(dir.temporary);
	assert_non_null(strstr(err.text, "can't be written: Not a directory"));
}

/* A lock that is a link could have another file made. */
static void a_lock_that_is_a_link_is_not_followed(void **state)
{
	char command[600];
	struct stat st;

	(void)state;
	snprintf(command, sizeof(command), "mkdir -p %s && ln -s %s/made %s/lock", path, folder,
		 path);
	assert_int_equal(system(command), 0);
	assert_int_equal(wr_state_dir_open(path, &dir, &err), WR_OK);
	assert_true(dir.temporary);
	snprintf(path, sizeof(path), "%s/made", folder);
	assert_int_equal(lstat(path, &st), -1);
}

static void without_any_folder_it_fails(void **state)
{
	(void)state;
	setenv("TMPDIR", "/proc", 1);
	assert_int_equal(wr_state_dir_open("/proc/nowhere", &dir, &err), WR_EIO);
	assert_non_null(strstr(err.text, "not even a temporary one"));
	assert_null(dir.path);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(missing_folders_are_made_for_the_owner_alone),
	    RULE(a_second_engine_gets_a_temporary_one),
	    RULE(it_is_free_again_once_it_was_given_up),
	    RULE(a_temporary_one_goes_with_all_that_is_in_it),
	    RULE(an_empty_path_is_no_folder),
	    RULE(a_file_in_its_place_is_said),
	    RULE(a_lock_that_is_a_link_is_not_followed),
	    RULE(without_any_folder_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
