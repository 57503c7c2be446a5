#include "config.h"

#include "tests/cli/capture.h"

#include <limits.h>

static const struct wr_option options[] = {
    {"count", 'n', "N", "how many"}, {"wait", 0, "D", "how long"},
    {"json", 'j', NULL, "as JSON"},  {"a-very-long-name-of-an-option", 'q', NULL, "quiet"},
    {NULL, 0, NULL, NULL},
};

/* Prints what the walk finds: "name=value" an option, "value" an argument. */
static int echo(const struct wr_command *command, int argc, char **argv)
{
	struct wr_args args;
	long long number;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_args_is(&args, "count")) {
			if (!wr_args_number(&args, 1, 10, &number))
				return WR_EXIT_USAGE;
			printf("[count=%lld]", number);
		} else if (wr_args_is(&args, "wait")) {
			if (!wr_args_duration_ms(&args, &number))
				return WR_EXIT_USAGE;
			printf("[wait=%lld]", number);
		} else if (args.option != NULL) {
			printf("[%s]", args.option->name);
		} else {
			printf("[%s]", args.value);
		}
	}
	return args.exit_status >= 0 ? args.exit_status : WR_EXIT_OK;
}

static const struct wr_command command = {.name = "echo",
					  .summary = "prints its arguments",
					  .usage = "[ARGUMENT...]",
					  .description = "Prints.\n",
					  .options = options,
					  .run = echo};
static const struct wr_command *const commands[] = {&command, NULL};
static struct captured got;

static void expect_echo(const char *const *words, const char *expected)
{
	capture(&got, commands, words, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(got.err, "");
	assert_string_equal(got.out, expected);
}

static void expect_wrong(const char *const *words, const char *expected)
{
	capture(&got, commands, words, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, expected);
	expect_in(got.err, "Try 'weir echo --help'.\n");
}

static void values_stand_beside_or_behind_their_option(void **state)
{
	(void)state;
	expect_echo(WORDS("echo", "--count", "3", "--count=4", "-n", "5", "-n6"),
		    "[count=3][count=4][count=5][count=6]");
	expect_echo(WORDS("echo", "-jn7", "-jq"),
		    "[json][count=7][json][a-very-long-name-of-an-option]");
	expect_echo(WORDS("echo", "--wait=1.5s", "--wait", "20ms"), "[wait=1500][wait=20]");
}

static void options_and_arguments_mix(void **state)
{
	(void)state;
	expect_echo(WORDS("echo", "a", "--json", "b", "-", ""), "[a][json][b][-][]");
	expect_echo(WORDS("echo", "--", "--json", "-n", "--"), "[--json][-n][--]");
	expect_echo(WORDS("echo", "-n", "3", "--", "-j"), "[count=3][-j]");
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	expect_wrong(WORDS("echo", "--cuont", "3"),
		     "unknown option --cuont; did you mean --count?");
	expect_wrong(WORDS("echo", "--zzzzzz"), "unknown option --zzzzzz\n");
	expect_wrong(WORDS("echo", "-x"), "unknown option -x");
	expect_wrong(WORDS("echo", "-jx"), "unknown option -x");
	expect_wrong(WORDS("echo", "--count"), "--count wants a value: N");
	expect_wrong(WORDS("echo", "-n"), "--count wants a value: N");
	expect_wrong(WORDS("echo", "--json=yes"), "--json takes no value");
}

static void numbers_are_held_to_their_bounds(void **state)
{
	static const char *const bad[] = {"0", "11", "x", "", "3x", "99999999999999999999"};
	size_t i;

	(void)state;
	expect_echo(WORDS("echo", "-n", "1", "-n", "10"), "[count=1][count=10]");
	for (i = 0; i < UNIT_COUNT_OF(bad); i++)
		expect_wrong(WORDS("echo", "-n", bad[i]), "--count wants a number from 1 to 10");
}

static void durations_want_a_unit(void **state)
{
	static const char *const bad[] = {"5", "", "s", "5 parsecs", "-5s", "10us"};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(bad); i++)
		expect_wrong(WORDS("echo", "--wait", bad[i]), "--wait wants a duration");
}

static void help_is_made_from_the_table(void **state)
{
	(void)state;
	capture(&got, commands, WORDS("echo", "a", "--help", "--nonsense"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(got.out, "[a]usage: weir echo [ARGUMENT...]\n"
				     "\n"
				     "Prints.\n"
				     "\n"
				     "Options:\n"
				     "  -n, --count N             how many\n"
				     "      --wait D              how long\n"
				     "  -j, --json                as JSON\n"
				     "  -q, --a-very-long-name-of-an-option\n"
				     "                            quiet\n"
				     "  -h, --help                show this help\n");
	capture(&got, commands, WORDS("echo", "-h"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_stand_beside_or_behind_their_option),
	    cmocka_unit_test(options_and_arguments_mix),
	    cmocka_unit_test(what_is_wrong_is_said),
	    cmocka_unit_test(numbers_are_held_to_their_bounds),
	    cmocka_unit_test(durations_want_a_unit),
	    cmocka_unit_test(help_is_made_from_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
