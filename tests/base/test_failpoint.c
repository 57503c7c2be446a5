/* Built with WR_FAILPOINTS whatever the tree's configuration says. */
#include "config.h"

#include "base/failpoint.h"
#include "base/clock.h"
#include "tests/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void configure(const char *spec)
{
	struct wr_err err = {.text = ""};

	if (wr_failpoints_init(spec, 1, &err) != WR_OK)
		fail_msg("%s: %s", spec, err.text);
}

static void refuse(const char *spec, const char *said)
{
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_failpoints_init(spec, 1, &err), WR_EINVAL);
	if (strstr(err.text, said) == NULL)
		fail_msg("%s: says \"%s\", not \"%s\"", spec, err.text, said);
}

static void without_a_word_nothing_happens(void **state)
{
	(void)state;
	configure(NULL);
	assert_false(WR_FAILPOINT_FAILS(before_produce));
	configure("");
	assert_false(WR_FAILPOINT_FAILS(before_produce));
	WR_FAILPOINT(after_claim);
}

static void an_error_makes_the_step_fail_each_time(void **state)
{
	(void)state;
	configure("before_produce=error");
	assert_true(WR_FAILPOINT_FAILS(before_produce));
	assert_true(WR_FAILPOINT_FAILS(before_produce));
	assert_false(WR_FAILPOINT_FAILS(before_offset_commit));
}

static void the_nth_time_is_one_time(void **state)
{
	(void)state;
	configure("before_produce=error@3,before_offset_commit=error@1");
	assert_false(WR_FAILPOINT_FAILS(before_produce));
	assert_false(WR_FAILPOINT_FAILS(before_produce));
	assert_true(WR_FAILPOINT_FAILS(before_produce));
	assert_false(WR_FAILPOINT_FAILS(before_produce));
	assert_true(WR_FAILPOINT_FAILS(before_offset_commit));
	assert_false(WR_FAILPOINT_FAILS(before_offset_commit));
}

static int count_failures(const char *spec, int times)
{
	int failed = 0;

	configure(spec);
	for (int i = 0; i < times; i++)
		failed += WR_FAILPOINT_FAILS(before_produce);
	return failed;
}

static void a_probability_is_kept(void **state)
{
	int failed = count_failures("before_produce=error%25", 100000);

	(void)state;
	assert_in_range(failed, 24000, 26000);
	assert_int_equal(count_failures("before_produce=error%0", 1000), 0);
	assert_int_equal(count_failures("before_produce=error%100", 1000), 1000);
	failed = count_failures("before_produce=error%0.5", 100000);
	assert_in_range(failed, 400, 600);
}

static void a_delay_delays(void **state)
{
	int64_t began = wr_clock_mono_ns(&wr_clock_real);

	(void)state;
	configure("after_take=delay(20)");
	WR_FAILPOINT(after_take);
	assert_true(wr_clock_mono_ns(&wr_clock_real) - began >= 20 * WR_NS_PER_MS);
}

static void a_kill_kills_at_its_turn(void **state)
{
	int status;
	pid_t child;

	(void)state;
	configure("after_claim=kill@2");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		WR_FAILPOINT(after_claim);
		if (write(STDERR_FILENO, ".", 1) != 1)
			_exit(1);
		WR_FAILPOINT(after_claim);
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	refuse("after_clam=kill",
	       "failpoint after_clam does not exist; there are after_assignment");
	refuse("after_clam=kill", "in_shutdown");
	refuse("after_claim", "expected kill, delay(MS) or error");
	refuse("after_claim=", "expected kill, delay(MS) or error");
	refuse("after_claim=die", "failpoint after_claim: expected kill");
	refuse("after_claim=delay", "expected");
	refuse("after_claim=delay()", "expected");
	refuse("after_claim=delay(5", "expected");
	refuse("after_claim=kill@", "expected");
	refuse("after_claim=kill@0", "expected");
	refuse("after_claim=kill%101", "expected");
	refuse("after_claim=kill%-1", "expected");
	refuse("after_claim=kill after_take=kill", "expected");
	refuse("after_claim=error", "nothing can fail there");
	refuse("after_claim=kill,=kill", "does not exist");
	refuse("before_produce=error,after_claim=nonsense", "failpoint after_claim");
}

static void a_new_word_takes_the_place_of_the_last(void **state)
{
	(void)state;
	configure("before_produce=error");
	configure("before_offset_commit=error,after_take=delay(0)");
	assert_false(WR_FAILPOINT_FAILS(before_produce));
	assert_true(WR_FAILPOINT_FAILS(before_offset_commit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_word_nothing_happens),
	    cmocka_unit_test(an_error_makes_the_step_fail_each_time),
	    cmocka_unit_test(the_nth_time_is_one_time),
	    cmocka_unit_test(a_probability_is_kept),
	    cmocka_unit_test(a_delay_delays),
	    cmocka_unit_test(a_kill_kills_at_its_turn),
	    cmocka_unit_test(what_is_wrong_is_said),
	    cmocka_unit_test(a_new_word_takes_the_place_of_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
