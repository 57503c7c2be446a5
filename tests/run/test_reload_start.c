/* The way back to the former generation, and what the next start runs. */
#include "config.h"

#include "base/log.h"
#include "run/history.h"
#include "tests/run/reload_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- back ---- */

static void a_rollback_leads_to_the_former_generation_whatever_the_file_says(void **state)
{
	struct wr_reload_list list;

	(void)state;
	rig_configure(ONE("{ name: s, plugin: passthrough.so }"));
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 1);
	rig_configure(ONE("{ name: s, plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_write_file("nonsense");
	rig_submit(false, true);
	rig_await_answer();
	assert_int_equal(rig.got.result, WR_RELOAD_APPLIED);
	assert_int_equal(wr_reload_generation(rig.reload), 3);
	flow_pour(5);
	flow_await(10);
	assert_int_equal(flow_outputs_of(3), 10);
	assert_int_equal(wr_reload_generations(rig.reload, &list), WR_OK);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.items[0].number, 3);
	assert_true(list.items[0].runs);
	assert_string_equal(list.items[0].who, "test");
	assert_non_null(strstr(list.items[0].what, "p/s: hostile 2.0.0 -> passthrough"));
	assert_true(list.items[1].can_return);
	assert_false(list.items[2].can_return);
	assert_string_equal(list.items[2].who, "start");
	wr_reload_list_fini(&list);
	rig_stop();
}

static void without_a_former_generation_there_is_no_rollback(void **state)
{
	const struct wr_reload_request request = {.who = "test", .rollback = true};

	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	assert_int_equal(wr_reload_submit(rig.reload, &request, NULL, NULL, &rig.err),
			 WR_ENOTFOUND);
	rig_stop();
}

/* ---- back, after a restart ---- */

static int count_copies(void)
{
	char path[128];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/state/plugins", rig.folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strstr(entry->d_name, ".so") != NULL;
	closedir(dir);
	return count;
}

static void assert_entry(size_t i, uint64_t number, const char *who, const char *what, bool runs,
			 bool can_return)
{
	struct wr_reload_list list;

	assert_int_equal(wr_reload_generations(rig.reload, &list), WR_OK);
	assert_true(i < list.count);
	assert_int_equal(list.items[i].number, number);
	assert_string_equal(list.items[i].who, who);
	if (strstr(list.items[i].what, what) == NULL)
		fail_msg("%s", list.items[i].what);
	assert_int_equal(list.items[i].runs, runs);
	assert_int_equal(list.items[i].can_return, can_return);
	wr_reload_list_fini(&list);
}

static void roll_back(void)
{
	rig_submit(false, true);
	rig_await_answer();
	if (rig.got.result != WR_RELOAD_APPLIED)
		fail_msg("%s", rig.texts);
}

#define ONE_BUILD ONE("{ name: s, plugin: passthrough.so }")
#define OTHER_BUILD ONE("{ name: s, plugin: version_two.so }")

static void what_ran_is_known_after_a_restart_and_can_be_gone_back_to(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	assert_entry(0, 2, "test", "p/s: passthrough", true, false);
	assert_entry(1, 1, "start", "start", false, true);
	roll_back();
	rig_assert_said("p/s replaced 2.0.0>");
	assert_int_equal(wr_reload_generation(rig.reload), 3);
	flow_pour(5);
	flow_await(10);
	assert_int_equal(flow_outputs_of(3), 10);
	assert_entry(1, 2, "test", "p/s: passthrough", false, true);
	rig_stop();
	rig_start(); /* the file says what the rollback went away from */
	assert_int_equal(wr_reload_generation(rig.reload), 4);
	assert_entry(0, 4, "start", "another configuration or other plugins", true, false);
	assert_entry(1, 3, "test", "", false, true);
	assert_int_equal(count_copies(), 2);
	rig_stop();
}

static void a_start_with_another_file_leaves_a_way_back(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_stop();
	rig_configure(OTHER_BUILD);
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	assert_false(wr_reload_has_drifted(rig.reload));
	roll_back();
	rig_assert_said("p/s replaced 2.0.0>");
	rig_stop();
}

static void an_invalid_file_leaves_a_way_back(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	rig_configure("pipelines: [\n");
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	assert_entry(1, 1, "start", "start", false, true);
	roll_back();
	assert_false(wr_reload_has_drifted(rig.reload));
	rig_stop();
}

static void replace_list(const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/state/" WR_HISTORY_FILE, rig.folder);
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void a_broken_list_is_said_and_begins_anew(void **state)
{
	const struct wr_reload_request request = {.who = "test", .rollback = true};

	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	replace_list("{\"somebody\": \"else's\"}");
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2); /* what was applied last is known */
	assert_entry(0, 2, "start", "start", true, false);
	assert_int_equal(wr_reload_submit(rig.reload, &request, NULL, NULL, &rig.err),
			 WR_ENOTFOUND);
	rig_configure(ONE_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(wr_reload_generation(rig.reload), 3);
	rig_stop();
	rig_start();
	assert_entry(1, 2, "start", "start", false, true);
	rig_stop();
}

/* As a crash between the two records leaves it. */
static void what_was_applied_last_counts_more_than_the_list(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	replace_list("{\"runs\":1,\"previous\":0,\"generations\":[{\"number\":1,\"since_ms\":1,"
		     "\"ended_ms\":0,\"who\":\"start\",\"what\":\"start\",\"state\":\"applied\"},"
		     "{\"number\":9,\"since_ms\":1,\"ended_ms\":0,\"state\":\"canary\"}]}");
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	rig_configure(ONE_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(wr_reload_generation(rig.reload), 10); /* no number is given twice */
	rig_stop();
}

static void a_copy_that_is_gone_leaves_no_way_back(void **state)
{
	const struct wr_reload_request request = {.who = "test", .rollback = true};
	char command[256];

	(void)state;
	rig_configure(OTHER_BUILD);
	rig_start();
	rig_stop();
	snprintf(command, sizeof(command), "rm %s/state/plugins/*.so", rig.folder);
	assert_int_equal(system(command), 0);
	rig_configure(ONE_BUILD);
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	assert_int_equal(wr_reload_submit(rig.reload, &request, NULL, NULL, &rig.err),
			 WR_ENOTFOUND);
	rig_stop();
}

/* As a crash leaves it between the two records, when the content of a plugin was copied anew. */
static void name_other_copies_in_the_list(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd %s/state && for one in plugins/*.so; do other=\"${one%%-*}-99.so\"; "
		 "cp -p \"$one\" \"$other\" && "
		 "sed -i \"s|${one#plugins/}|${other#plugins/}|\" " WR_HISTORY_FILE
		 " || exit; done",
		 rig.folder);
	assert_int_equal(system(command), 0);
}

static void two_records_may_name_other_copies_of_one_content(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	assert_int_equal(count_copies(), 2);
	name_other_copies_in_the_list();
	assert_int_equal(rig_open(false), WR_OK);
	rig_stop();                          /* killed before it ran, say */
	assert_int_equal(count_copies(), 3); /* one and two of the list, two of what was last */
	rig_start();
	assert_int_equal(count_copies(), 2);
	rig_stop();
	rig_start();
	rig_submit(false, true);
	rig_await_answer();
	assert_int_equal(rig.got.result, WR_RELOAD_APPLIED);
	rig_assert_said(">1.0.0");
	rig_stop();
}

/* ---- the mark of a run ---- */

static char said[4096];

static void note_line(void *arg, const char *line, size_t size)
{
	size_t used = strlen(said);

	(void)arg;
	if (used + size < sizeof(said))
		snprintf(said + used, sizeof(said) - used, "%.*s", (int)size, line);
}

static void start_and_listen(void)
{
	said[0] = '\0';
	wr_log_set_level(WR_LOG_WARN);
	wr_log_set_sink(note_line, NULL);
	assert_int_equal(rig_open(false), WR_OK);
	wr_log_set_sink(NULL, NULL);
	wr_log_set_level(WR_LOG_ERROR);
	assert_int_equal(wr_reload_start(rig.reload, &rig.engine, &rig.err), WR_OK);
}

#define NOT_STOPPED "the last run was not stopped"

/* What a crash leaves is what is there while it runs. */
static void a_run_that_was_not_stopped_is_told_by_its_generation(void **state)
{
	char command[300], copy[128], mark[128];

	(void)state;
	snprintf(mark, sizeof(mark), "%s/state/running", rig.folder);
	snprintf(copy, sizeof(copy), "%s/running", rig.folder);
	rig_configure(ONE_BUILD);
	start_and_listen();
	assert_null(strstr(said, NOT_STOPPED));
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	snprintf(command, sizeof(command), "cp %s %s", mark, copy);
	assert_int_equal(system(command), 0);
	rig_stop();
	assert_int_equal(access(mark, F_OK), -1);
	assert_int_equal(rename(copy, mark), 0);
	start_and_listen();
	assert_non_null(strstr(said, NOT_STOPPED));
	assert_non_null(strstr(said, "\"generation\":2"));
	rig_stop();
	start_and_listen();
	assert_null(strstr(said, NOT_STOPPED));
	rig_stop();
}

/* ---- a former generation ---- */

static void a_former_generation_is_run_when_it_is_asked_for(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	for (int i = 0; i < 2; i++) { /* the second time it is what was applied last */
		rig.generation = 1;
		rig_start();
		assert_int_equal(rig.problems.count, 0);
		assert_int_equal(wr_reload_generation(rig.reload), 3);
		assert_true(wr_reload_has_drifted(rig.reload));
		assert_entry(0, 3, "start", "start, as generation 1", true, false);
		assert_entry(1, 2, "test", "", false, true);
		rig_stop();
	}
	rig_start();
	flow_pour(5);
	flow_await(10);
	assert_int_equal(flow_outputs_of(3), 10);
	rig_assert_result(WR_RELOAD_APPLIED); /* the file */
	rig_assert_said(">2.0.0");
	assert_false(wr_reload_has_drifted(rig.reload));
	rig_stop();
}

static void a_former_generation_is_run_with_an_invalid_file(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	rig_configure("pipelines: [\n");
	rig.generation = 1;
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 3);
	rig_stop();
}

static void what_is_not_kept_is_not_run_and_nothing_else_is(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_configure(OTHER_BUILD);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	rig.generation = 7;
	assert_int_equal(rig_open(false), WR_ENOTFOUND);
	assert_int_equal(rig.problems.count, 1);
	assert_non_null(strstr(rig.problems.items[0].text, "generation 7 is not kept in /tmp/"));
	assert_non_null(strstr(rig.problems.items[0].text, "; there is 2, 1"));
}

static void a_former_generation_is_not_run_beside_another_engine(void **state)
{
	struct wr_reload *running;

	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	running = rig.reload;
	rig.generation = 1;
	assert_int_equal(rig_open(false), WR_ENOTFOUND);
	assert_int_equal(rig.problems.count, 1);
	assert_non_null(strstr(rig.problems.items[0].text, "is in use by another engine"));
	rig.reload = running;
	rig_stop();
}

/* Whoever comes to a crash loop late has only what was kept before it. */
static void a_start_that_comes_to_nothing_takes_no_way_back(void **state)
{
	(void)state;
	rig_configure(ONE_BUILD);
	rig_start();
	rig_stop();
	rig_configure(OTHER_BUILD);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_open(false), WR_OK); /* it dies before it works */
		wr_reload_close(rig.reload);
	}
	assert_true(count_copies() <= 3);
	rig_configure("pipelines: [\n");
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 1);
	rig_stop();
}

/* ---- the next start ---- */

static void an_invalid_file_starts_what_was_applied_last(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure(ONE("{ name: two, plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	rig_configure("pipelines: [\n"); /* broken, but its state_dir can be read */
	assert_int_equal(rig_open(true), WR_EINVAL);
	wr_problems_fini(&rig.problems);
	rig_start();
	assert_true(rig.problems.count > 0);
	assert_true(wr_reload_has_drifted(rig.reload));
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	flow_pour(5);
	flow_await(10);
	assert_int_equal(flow_outputs_of(2), 10);
	rig_configure(ONE("{ name: two, plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_UNCHANGED); /* the file says what runs again */
	assert_false(wr_reload_has_drifted(rig.reload));
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_int_equal(rig.got.generation_after, 3);
	rig_stop();
}

/* As an editor leaves it when the disk is full. */
static void a_file_that_lost_its_state_dir_starts_what_was_applied_last(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_stop();
	rig_write_file("");
	rig_start();
	assert_true(wr_reload_has_drifted(rig.reload));
	assert_int_equal(wr_reload_generation(rig.reload), 1);
	rig_stop();
}

static void a_file_behind_another_link_is_the_same_file(void **state)
{
	char first[160], second[160];

	(void)state;
	snprintf(first, sizeof(first), "%s/first.yaml", rig.folder);
	snprintf(second, sizeof(second), "%s/second.yaml", rig.folder);
	rig_configure(ONE("{ plugin: passthrough.so }"));
	assert_int_equal(rename(rig.file, first), 0);
	assert_int_equal(symlink("first.yaml", rig.file), 0);
	rig_start();
	rig_stop();
	rig_configure("pipelines: [\n");
	assert_int_equal(rename(rig.file, second), 0);
	assert_int_equal(symlink("second.yaml", rig.file), 0);
	rig_start();
	assert_true(wr_reload_has_drifted(rig.reload));
	rig_stop();
}

static void the_first_start_with_an_invalid_file_fails(void **state)
{
	(void)state;
	rig_configure("pipelines: [\n");
	assert_int_equal(rig_open(false), WR_EINVAL);
	assert_null(rig.reload);
	assert_true(rig.problems.count > 1);
	assert_non_null(strstr(rig.problems.items[rig.problems.count - 1].text,
			       "no configuration that was applied before can run instead: "));
}

static void what_was_kept_for_another_file_is_not_taken(void **state)
{
	char other[128];

	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_stop();
	snprintf(other, sizeof(other), "%s/other.yaml", rig.folder);
	assert_int_equal(rename(rig.file, other), 0);
	snprintf(rig.file, sizeof(rig.file), "%s", other);
	rig_configure("pipelines: [\n");
	assert_int_equal(rig_open(false), WR_EINVAL);
}

static void the_same_configuration_keeps_its_number_over_a_restart(void **state)
{
	(void)state;
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	rig_configure(ONE("{ name: two, plugin: version_two.so }"));
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	rig_stop();
	rig_configure(ONE("{ plugin: passthrough.so }"));
	rig_start();
	assert_int_equal(wr_reload_generation(rig.reload), 3);
	rig_stop();
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(a_rollback_leads_to_the_former_generation_whatever_the_file_says),
	    RULE(without_a_former_generation_there_is_no_rollback),
	    RULE(what_ran_is_known_after_a_restart_and_can_be_gone_back_to),
	    RULE(a_start_with_another_file_leaves_a_way_back),
	    RULE(an_invalid_file_leaves_a_way_back),
	    RULE(a_broken_list_is_said_and_begins_anew),
	    RULE(what_was_applied_last_counts_more_than_the_list),
	    RULE(a_copy_that_is_gone_leaves_no_way_back),
	    RULE(two_records_may_name_other_copies_of_one_content),
	    RULE(a_run_that_was_not_stopped_is_told_by_its_generation),
	    RULE(a_former_generation_is_run_when_it_is_asked_for),
	    RULE(a_former_generation_is_run_with_an_invalid_file),
	    RULE(what_is_not_kept_is_not_run_and_nothing_else_is),
	    RULE(a_former_generation_is_not_run_beside_another_engine),
	    RULE(a_start_that_comes_to_nothing_takes_no_way_back),
	    RULE(an_invalid_file_starts_what_was_applied_last),
	    RULE(a_file_that_lost_its_state_dir_starts_what_was_applied_last),
	    RULE(a_file_behind_another_link_is_the_same_file),
	    RULE(the_first_start_with_an_invalid_file_fails),
	    RULE(what_was_kept_for_another_file_is_not_taken),
	    RULE(the_same_configuration_keeps_its_number_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
