/* Files that change are noticed by their folders, however they change. */
#include "config.h"

#include "run/watch.h"
#include "tests/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static char folder[64], file[96], other[96];
static struct wr_watch *watch;
static struct wr_err err;

static void put(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/weir.yaml", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	put(file, "one");
	assert_int_equal(wr_watch_create(&watch, &err), WR_OK);
	assert_int_equal(wr_watch_follow(watch, file, &err), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_watch_destroy(watch);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static bool stirs(void)
{
	struct pollfd fd = {.fd = wr_watch_fd(watch), .events = POLLIN};

	return poll(&fd, 1, 0) > 0 && wr_watch_stirs(watch);
}

static void at_rest_nothing_stirs(void **state)
{
	(void)state;
	assert_false(stirs());
	assert_false(wr_watch_has_changed(watch));
}

static void a_file_that_is_written_has_changed_once(void **state)
{
	(void)state;
	put(file, "two, longer");
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch));
	assert_false(wr_watch_has_changed(watch));
	assert_false(stirs());
}

static void a_file_that_is_replaced_by_a_rename_has_changed(void **state)
{
	(void)state;
	put(other, "one");
	assert_int_equal(rename(other, file), 0);
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch));
}

static void a_link_that_leads_elsewhere_has_changed(void **state)
{
	char target[96], link[96];

	(void)state;
	snprintf(target, sizeof(target), "%s/new", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	put(target, "target");
	assert_int_equal(symlink("weir.yaml", link), 0);
	assert_int_equal(wr_watch_follow(watch, link, &err), WR_OK);
	stirs();
	assert_int_equal(symlink("new", other), 0);
	assert_int_equal(rename(other, link), 0);
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch));
}

static void what_an_editor_leaves_beside_it_is_no_change(void **state)
{
	(void)state;
	put(other, "draft");
	unlink(other);
	assert_true(stirs());
	assert_false(wr_watch_has_changed(watch));
}

static void a_file_that_goes_and_comes_has_changed(void **state)
{
	(void)state;
	unlink(file);
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch));
	put(file, "again");
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch));
}

static void a_file_that_is_followed_twice_is_one(void **state)
{
	(void)state;
	put(file, "two, longer");
	assert_int_equal(wr_watch_follow(watch, file, &err), WR_OK);
	assert_true(wr_watch_has_changed(watch)); /* since it was followed first */
	assert_false(wr_watch_has_changed(watch));
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	(void)state;
	assert_int_equal(wr_watch_follow(watch, "/nowhere/at/all", &err), WR_EIO);
	assert_non_null(strstr(err.text, "/nowhere/at can't be watched"));
	wr_watch_destroy(NULL);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(at_rest_nothing_stirs),
	    RULE(a_file_that_is_written_has_changed_once),
	    RULE(a_file_that_is_replaced_by_a_rename_has_changed),
	    RULE(a_link_that_leads_elsewhere_has_changed),
	    RULE(what_an_editor_leaves_beside_it_is_no_change),
	    RULE(a_file_that_goes_and_comes_has_changed),
	    RULE(a_file_that_is_followed_twice_is_one),
	    RULE(a_folder_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
