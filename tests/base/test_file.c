/* A file is replaced whole or stays as it was. */
#include "config.h"

#include "base/file.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

static char folder[64], path[96], draft[96];
static struct wr_err err;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(draft, sizeof(draft), "%s/file.new", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void replace(const char *content, mode_t mode)
{
	if (wr_file_replace(path, wr_bytes_of(content), mode, &err) != WR_OK)
		fail_msg("%s", err.text);
}

static void assert_content(const char *wanted)
{
	char content[64] = "";
	FILE *in = fopen(path, "re");

	assert_non_null(in);
	content[fread(content, 1, sizeof(content) - 1, in)] = '\0';
	fclose(in);
	assert_string_equal(content, wanted);
	assert_int_equal(access(draft, F_OK), -1);
}

static void what_was_written_is_there_instead(void **state)
{
	(void)state;
	replace("one", 0600);
	assert_content("one");
	replace("two, longer", 0600);
	assert_content("two, longer");
	replace("", 0600);
	assert_content("");
}

static void its_mode_is_the_one_that_was_asked_for(void **state)
{
	const mode_t before = umask(077);
	struct stat st;

	(void)state;
	replace("one", 0644);
	umask(0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	replace("two", 0600);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* Who reads the old file goes on reading the old file. */
static void what_is_open_is_not_written_over(void **state)
{
	char content[8] = "";
	FILE *in;

	(void)state;
	replace("one", 0600);
	in = fopen(path, "re");
	assert_non_null(in);
	replace("two", 0600);
	assert_int_equal(fread(content, 1, sizeof(content) - 1, in), 3);
	fclose(in);
	assert_string_equal(content, "one");
}

static void what_a_crash_left_is_no_hindrance(void **state)
{
	FILE *out = fopen(draft, "we");

	(void)state;
	assert_non_null(out);
	fputs("half of a longer draft", out);
	fclose(out);
	replace("one", 0600);
	assert_content("one");
}

static void links_are_not_followed(void **state)
{
	char other[96];
	struct stat st;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(symlink("other", draft), 0);
	replace("one", 0600);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("other", path), 0);
	replace("two", 0600);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

/* As on a full disk: the write fails, and what was there stays. */
static void a_failure_leaves_what_was_there(void **state)
{
	static char large[4096];
	struct rlimit limit, before;
	enum wr_code rc;

	(void)state;
	replace("one", 0600);
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	rc = wr_file_replace(path, wr_bytes_of(large), 0600, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, WR_EIO);
	assert_non_null(strstr(err.text, draft));
	assert_content("one");
}

static void a_folder_in_its_place_is_said(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(wr_file_replace(path, wr_bytes_of("a"), 0600, &err), WR_EIO);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(access(draft, F_OK), -1);
	assert_int_equal(mkdir(draft, 0700), 0);
	assert_int_equal(wr_file_replace(path, wr_bytes_of("a"), 0600, &err), WR_EIO);
	assert_non_null(strstr(err.text, draft));
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	(void)state;
	assert_int_equal(wr_file_replace("/nowhere/at/all", wr_bytes_of("a"), 0600, &err), WR_EIO);
	assert_string_equal(err.text, "/nowhere/at/all.new: No such file or directory");
	assert_int_equal(wr_file_replace("/nowhere/at/all", wr_bytes_of("a"), 0600, NULL), WR_EIO);
}

static void a_name_without_a_folder_is_one_of_the_present_one(void **state)
{
	(void)state;
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(wr_file_replace("file", wr_bytes_of("here"), 0600, &err), WR_OK);
	assert_int_equal(chdir("/"), 0);
	assert_content("here");
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_was_written_is_there_instead),
	    RULE(its_mode_is_the_one_that_was_asked_for),
	    RULE(what_is_open_is_not_written_over),
	    RULE(what_a_crash_left_is_no_hindrance),
	    RULE(links_are_not_followed),
	    RULE(a_failure_leaves_what_was_there),
	    RULE(a_folder_in_its_place_is_said),
	    RULE(a_folder_that_is_not_there_is_said),
	    RULE(a_name_without_a_folder_is_one_of_the_present_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
