/* The way back to the former generation, and what the next start runs. */
#include "config.h"

#include "tests/run/reload_rig.h"

#include <stdio.h>
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
	    RULE(an_invalid_file_starts_what_was_applied_last),
	    RULE(a_file_that_lost_its_state_dir_starts_what_was_applied_last),
	    RULE(a_file_behind_another_link_is_the_same_file),
	    RULE(the_first_start_with_an_invalid_file_fails),
	    RULE(what_was_kept_for_another_file_is_not_taken),
	    RULE(the_same_configuration_keeps_its_number_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
