/* A rollback does what was meant: what it goes back from can be named, and a canary that has just ended is not mistaken for
 * what runs. */
#include "config.h"

#include "tests/run/reload_rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define A ONE("{ name: s, plugin: passthrough.so }")
#define B ONE("{ name: s, plugin: version_two.so }")
#define C ONE("{ name: s, plugin: passthrough.so, timeout: 3s }")
#define LONG_CANARY "canary: { share: 50%, for: 1h, min_events: 20 }\n"
#define SHORT_CANARY \
	"canary: { share: 50%, for: 100ms, min_events: 20 }\n" /* without events: 1 s */

static enum wr_code submit(const struct wr_reload_request *request)
{
	rig.has_answer = false;
	return wr_reload_submit(rig.reload, request, rig_note_answer, NULL, &rig.err);
}

static void roll_back(uint64_t from, enum wr_reload_result wanted)
{
	if (submit(&(struct wr_reload_request){.who = "test", .rollback = true, .from = from}) !=
	    WR_OK)
		fail_msg("%s", rig.err.text);
	rig_await_answer();
	if (rig.got.result != wanted)
		fail_msg("%s: %s", wr_reload_result_name(rig.got.result), rig.texts);
}

static void refuse_from(uint64_t from, const char *text)
{
	const struct wr_reload_request request = {.who = "test", .rollback = true, .from = from};

	assert_int_equal(submit(&request), WR_EREFUSED);
	if (strstr(rig.err.text, text) == NULL)
		fail_msg("%s", rig.err.text);
}

/* Generation 2 runs, and 1 did before. */
static void start_second(void)
{
	rig_configure(A);
	rig_start();
	rig_configure(B);
	rig_assert_result(WR_RELOAD_APPLIED);
}

static enum wr_reload_state state_of(uint64_t number)
{
	enum wr_reload_state state = WR_RELOAD_STATE_APPLIED;
	struct wr_reload_list list;

	assert_int_equal(wr_reload_generations(rig.reload, &list), WR_OK);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].number == number)
			state = list.items[i].state;
	}
	wr_reload_list_fini(&list);
	return state;
}

static void what_is_named_must_be_what_runs(void **state)
{
	(void)state;
	start_second();
	refuse_from(1, "generation 1 was named, but 2 runs");
	refuse_from(3, "generation 3 was named, but 2 runs");
	roll_back(2, WR_RELOAD_APPLIED);
	assert_int_equal(rig.got.generation_before, 2);
	assert_int_equal(rig.got.generation_after, 3);
	rig_assert_said("back to generation 1\n");
	refuse_from(2, "generation 2 was named, but 3 runs"); /* who asks twice goes back once */
	rig_stop();
}

static void a_canary_is_ended_by_its_name_alone(void **state)
{
	(void)state;
	start_second();
	rig_configure(LONG_CANARY A);
	rig_assert_result(WR_RELOAD_CANARY);
	refuse_from(2, "a canary is under way, generation 3, and a rollback ends that; 2 has");
	roll_back(3, WR_RELOAD_APPLIED);
	rig_assert_said("the canary, generation 3: ended\n");
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	refuse_from(3, "generation 3 was named, but 2 runs");
	rig_stop();
}

static void after_a_canary_that_ended_nothing_goes_back_unless_it_is_named(void **state)
{
	(void)state;
	start_second();
	rig_configure(SHORT_CANARY A);
	rig_assert_result(WR_RELOAD_CANARY);
	while (state_of(3) == WR_RELOAD_STATE_CANARY)
		usleep(10000);
	assert_int_equal(state_of(3), WR_RELOAD_STATE_ROLLED_BACK);
	roll_back(0, WR_RELOAD_UNCHANGED);
	rig_assert_said(
	    "the canary, generation 3: had ended already; to go back from generation 2");
	assert_int_equal(rig.got.generation_before, 2);
	assert_int_equal(rig.got.generation_after, 2);
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	roll_back(2, WR_RELOAD_APPLIED);
	rig_assert_said("back to generation 1\n");
	assert_int_equal(wr_reload_generation(rig.reload), 4);
	roll_back(0, WR_RELOAD_APPLIED); /* what was tried is no matter any more */
	rig_stop();
}

static void who_ended_a_canary_goes_back_one_more(void **state)
{
	(void)state;
	start_second();
	rig_configure(LONG_CANARY A);
	rig_assert_result(WR_RELOAD_CANARY);
	roll_back(0, WR_RELOAD_APPLIED);
	rig_assert_said("the canary, generation 3: ended\n");
	assert_int_equal(state_of(3), WR_RELOAD_STATE_ROLLED_BACK);
	assert_int_equal(wr_reload_generation(rig.reload), 2);
	roll_back(0, WR_RELOAD_APPLIED);
	rig_assert_said("back to generation 1\n");
	assert_int_equal(rig.got.generation_before, 2);
	assert_int_equal(wr_reload_generation(rig.reload), 4);
	rig_stop();
}

/* ---- the settings of canaries ---- */

static void settings_of_canaries_are_taken_up_without_one(void **state)
{
	(void)state;
	rig_configure(A);
	rig_start();
	rig_configure(LONG_CANARY A);
	rig_assert_result(WR_RELOAD_APPLIED);
	assert_string_equal(rig.texts, "canary: changed\npipelines[0].canary: changed\np/s kept "
				       "1.0.0>1.0.0 \n");
	assert_int_equal(wr_reload_canary(rig.reload), 0);
	rig_configure(SHORT_CANARY A);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_configure(LONG_CANARY C); /* with something to try it is one */
	rig_assert_result(WR_RELOAD_CANARY);
	roll_back(4, WR_RELOAD_APPLIED);
	rig_configure(A);
	rig_assert_result(WR_RELOAD_APPLIED);
	rig_stop();
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(what_is_named_must_be_what_runs),
	    RULE(a_canary_is_ended_by_its_name_alone),
	    RULE(after_a_canary_that_ended_nothing_goes_back_unless_it_is_named),
	    RULE(who_ended_a_canary_goes_back_one_more),
	    RULE(settings_of_canaries_are_taken_up_without_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
