/* What the watch does when its turn does not come at once. Nothing is reloaded here: that it is asked for is enough. */
#include "config.h"

#include "run/reload_private.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static char folder[64], file[96];
static struct wr_clock_fake fake;
static struct wr_reload reload;
static struct wr_err err;

static void put(const char *text)
{
	FILE *out = fopen(file, "we");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/weir.yaml", folder);
	put("one");
	wr_clock_fake_init(&fake, 0);
	reload = (struct wr_reload){
	    .magic = WR_RELOAD_MAGIC, .o = {.file = file, .clock = &fake.clock}, .started = true};
	wr_lock_init(&reload.lock);
	reload.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(reload.wake_fd >= 0);
	assert_int_equal(wr_watch_create(&reload.watch, &err), WR_OK);
	assert_int_equal(wr_watch_follow(reload.watch, file, 0, &err), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	wr_reload_finish_job(&reload);
	wr_watch_destroy(reload.watch);
	close(reload.wake_fd);
	wr_lock_fini(&reload.lock);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

/* As often as it takes; true when a reload was asked for meanwhile. */
static bool asks_in_time(void)
{
	for (int i = 0; i < 5 && !reload.busy; i++) {
		wr_reload_look(&reload);
		wr_clock_fake_advance_ms(&fake, 500);
	}
	return reload.busy;
}

static void read_files(struct wr_reload_request request)
{
	wr_reload_forget_changes(&reload, &request);
	wr_reload_finish_job(&reload);
}

static void a_change_is_asked_for_once(void **state)
{
	(void)state;
	put("another");
	assert_true(asks_in_time());
	assert_string_equal(reload.job.who, "watch");
	read_files(reload.job.request);
	assert_false(asks_in_time());
}

static void a_change_during_a_canary_is_asked_for_after_it(void **state)
{
	(void)state;
	reload.canary_number = 2;
	put("another");
	assert_false(asks_in_time());
	assert_true(wr_reload_watch_wait_ms(&reload) >= 0); /* or nobody would look again */
	reload.canary_number = 0;
	assert_true(asks_in_time());
	read_files(reload.job.request);
	assert_false(asks_in_time());
}

static void what_was_read_meanwhile_is_not_asked_for(void **state)
{
	(void)state;
	reload.canary_number = 2;
	put("another");
	assert_false(asks_in_time());
	reload.canary_number = 0;
	read_files((struct wr_reload_request){.who = "test"});
	assert_false(asks_in_time());
}

static void a_rehearsal_or_a_rollback_reads_nothing_for_it(void **state)
{
	(void)state;
	reload.canary_number = 2;
	put("another");
	assert_false(asks_in_time());
	reload.canary_number = 0;
	read_files((struct wr_reload_request){.who = "test", .dry_run = true});
	read_files((struct wr_reload_request){.who = "test", .rollback = true});
	assert_true(asks_in_time());
}

/* Before it is at rest the watch owes nothing yet, but it is the user's change all the same. */
static void what_is_not_at_rest_yet_outlasts_a_rehearsal_and_a_rollback(void **state)
{
	static const struct wr_reload_request requests[] = {{.who = "test", .dry_run = true},
							    {.who = "test", .rollback = true}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(requests); i++) {
		put(i == 0 ? "another" : "and another");
		wr_reload_look(&reload);
		assert_false(reload.busy);
		read_files(requests[i]);
		assert_true(asks_in_time());
		read_files(reload.job.request);
		assert_false(asks_in_time());
	}
}

static void what_was_read_before_it_was_at_rest_is_not_asked_for(void **state)
{
	(void)state;
	put("another");
	wr_reload_look(&reload);
	read_files((struct wr_reload_request){.who = "test"});
	assert_false(asks_in_time());
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_change_is_asked_for_once),
	    RULE(a_change_during_a_canary_is_asked_for_after_it),
	    RULE(what_was_read_meanwhile_is_not_asked_for),
	    RULE(a_rehearsal_or_a_rollback_reads_nothing_for_it),
	    RULE(what_is_not_at_rest_yet_outlasts_a_rehearsal_and_a_rollback),
	    RULE(what_was_read_before_it_was_at_rest_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
