/* Files that change are noticed by their folders, however they change. */
#include "config.h"

#include "run/watch.h"
#include "tests/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

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
	assert_int_equal(wr_watch_follow(watch, file, 0, &err), WR_OK);
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
	assert_int_equal(wr_watch_follow(watch, link, 0, &err), WR_OK);
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
	assert_int_equal(wr_watch_follow(watch, file, 0, &err), WR_OK);
	assert_true(wr_watch_has_changed(watch)); /* since it was followed first */
	assert_false(wr_watch_has_changed(watch));
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	(void)state;
	assert_int_equal(wr_watch_follow(watch, "/nowhere/at/all", 0, &err), WR_EIO);
	assert_non_null(strstr(err.text, "/nowhere/at can't be watched"));
	wr_watch_destroy(NULL);
}

/* ---- paths with links ---- */

static const char *in(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void make_folder(const char *name, const char *text)
{
	char path[160];

	assert_int_equal(mkdir(in(name), 0700), 0);
	snprintf(path, sizeof(path), "%s/weir.yaml", in(name));
	put(path, text);
}

/* Replaces it in one step, as `ln -sfn` does not, but `mv -T` does. */
static void lead(const char *link, const char *target)
{
	assert_int_equal(symlink(target, in("draft")), 0);
	assert_int_equal(rename(in("draft"), in(link)), 0);
}

static void follow(const char *name)
{
	assert_int_equal(wr_watch_follow(watch, in(name), 0, &err), WR_OK);
	stirs();
}

static void assert_noticed(void)
{
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch));
	stirs();
	assert_false(wr_watch_has_changed(watch));
}

/* A volume of Kubernetes: the file is a link through the link ..data, and that is what is exchanged. */
static void a_config_map_that_is_exchanged_has_changed(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in("map"), 0700), 0);
	make_folder("map/..1", "one");
	lead("map/..data", "..1");
	lead("map/weir.yaml", "..data/weir.yaml");
	follow("map/weir.yaml");
	for (int i = 2; i < 5; i++) {
		char name[16], gone[160];

		snprintf(name, sizeof(name), "map/..%d", i);
		make_folder(name, "one");
		stirs();
		assert_false(wr_watch_has_changed(watch));
		lead("map/..data", name + strlen("map/"));
		assert_noticed();
		snprintf(name, sizeof(name), "map/..%d", i - 1);
		snprintf(gone, sizeof(gone), "%s/weir.yaml", in(name));
		assert_int_equal(unlink(gone), 0);
		assert_int_equal(rmdir(in(name)), 0);
		stirs();
		assert_false(wr_watch_has_changed(watch));
	}
}

/* The file's own folder never stirs. */
static void a_release_that_is_exchanged_by_a_link_on_the_way_has_changed(void **state)
{
	(void)state;
	make_folder("release-1", "one");
	make_folder("release-2", "one");
	make_folder("release-3", "one");
	lead("current", in("release-1"));
	follow("current/weir.yaml");
	lead("current", in("release-2"));
	assert_noticed();
	lead("current", "release-3");
	assert_noticed();
	put(in("release-3/weir.yaml"), "three");
	assert_noticed();
	put(in("release-1/weir.yaml"), "nobody's");
	assert_false(stirs()); /* the folders of before are forgotten */
}

static void what_is_written_behind_a_link_has_changed(void **state)
{
	(void)state;
	make_folder("elsewhere", "one");
	lead("link.yaml", "elsewhere/weir.yaml");
	follow("link.yaml");
	put(in("elsewhere/weir.yaml"), "two, longer");
	assert_noticed();
}

static void a_folder_that_is_exchanged_is_followed(void **state)
{
	(void)state;
	make_folder("conf", "one");
	make_folder("conf.new", "two");
	follow("conf/weir.yaml");
	assert_int_equal(rename(in("conf"), in("conf.old")), 0);
	assert_noticed();
	assert_int_equal(rename(in("conf.new"), in("conf")), 0);
	assert_noticed();
	put(in("conf/weir.yaml"), "three");
	assert_noticed();
}

static void links_that_lead_in_a_circle_end(void **state)
{
	(void)state;
	lead("a", "b");
	lead("b", "a");
	follow("a");
	lead("a", "other");
	assert_true(stirs());
	put(other, "one");
	assert_noticed();
}

/* ---- what is being written ---- */

static void what_is_being_written_does_not_rest(void **state)
{
	FILE *out = fopen(file, "we");

	(void)state;
	assert_non_null(out);
	fputs("half", out);
	fflush(out);
	assert_false(wr_watch_rests(watch));
	assert_true(wr_watch_rests(watch));
	fputs(" and half", out);
	fflush(out);
	assert_false(wr_watch_rests(watch));
	fclose(out);
	assert_true(wr_watch_rests(watch));
	assert_true(stirs());
	assert_true(wr_watch_has_changed(watch)); /* looking at it is not taking it up */
}

static void what_changed_before_it_was_followed_counts_by_its_time(void **state)
{
	struct timespec now;
	int64_t ms;

	(void)state;
	put(other, "one");
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	assert_int_equal(wr_watch_follow(watch, other, ms + 3600 * 1000, &err), WR_OK);
	assert_false(wr_watch_has_changed(watch));
	put(in("late"), "one");
	assert_int_equal(wr_watch_follow(watch, in("late"), ms - 3600 * 1000, &err), WR_OK);
	assert_true(wr_watch_has_changed(watch));
	assert_false(wr_watch_has_changed(watch));
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
	    RULE(a_config_map_that_is_exchanged_has_changed),
	    RULE(a_release_that_is_exchanged_by_a_link_on_the_way_has_changed),
	    RULE(what_is_written_behind_a_link_has_changed),
	    RULE(a_folder_that_is_exchanged_is_followed),
	    RULE(links_that_lead_in_a_circle_end),
	    RULE(what_is_being_written_does_not_rest),
	    RULE(what_changed_before_it_was_followed_counts_by_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
