#include "config.h"

#include "tests/cli/capture.h"

static struct captured got;

static void every_command_has_a_help_of_its_own(void **state)
{
	const char *first, *second;
	char name[64], usage[128];
	size_t i;

	(void)state;
	for (i = 0; wr_commands[i] != NULL; i++) {
		snprintf(name, sizeof(name), "%s", wr_commands[i]->name);
		first = strtok(name, " ");
		second = strtok(NULL, " ");
		snprintf(usage, sizeof(usage), "usage: weir %s", wr_commands[i]->name);
		capture(&got, wr_commands, WORDS("help", first, second), NULL);
		assert_int_equal(got.exit_status, WR_EXIT_OK);
		expect_in(got.out, usage);
		capture(&got, wr_commands,
			second != NULL ? WORDS(first, second, "--help") : WORDS(first, "--help"),
			NULL);
		assert_int_equal(got.exit_status, WR_EXIT_OK);
		expect_in(got.out, usage);
		assert_string_equal(got.err, "");
		capture(&got, wr_commands, WORDS("--help"), NULL);
		if (wr_commands[i]->summary != NULL) /* else it is not for people */
			expect_in(got.out, wr_commands[i]->summary);
	}
}

static void help_text_fits_a_terminal(void **state)
{
	const char *line, *end;
	size_t i;

	(void)state;
	for (i = 0; wr_commands[i] != NULL; i++) {
		FILE *file = tmpfile();
		char text[8192];
		size_t size;

		assert_non_null(file);
		wr_args_help(wr_commands[i], file);
		rewind(file);
		size = fread(text, 1, sizeof(text) - 1, file);
		text[size] = '\0';
		fclose(file);
		for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
			assert_true(end - line <= 100);
	}
}

static void without_a_command_the_help_goes_to_stderr(void **state)
{
	(void)state;
	capture(&got, wr_commands, WORDS(NULL), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	assert_string_equal(got.out, "");
	expect_in(got.err, "usage: weir COMMAND");
	capture(&got, wr_commands, WORDS("help"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "usage: weir COMMAND");
}

static void an_unknown_command_is_answered_with_the_nearest(void **state)
{
	static const char *const cases[][3] = {
	    {"chekc", NULL, "unknown command chekc; did you mean 'check'?"},
	    {"Version", NULL, "did you mean 'version'?"},
	    {"plugin", "inof", "did you mean 'plugin info'?"},
	    {"dlq", "lst", "unknown command dlq lst; did you mean 'dlq list'?"},
	    {"dlq", "nonsense", "did you mean 'dlq list'?"}, /* no harm is done by trying it */
	    {"plugni", "info", "did you mean 'plugin info'?"},
	    {"frobnicate", NULL, "unknown command frobnicate\n"},
	    {"help", "chekc", "did you mean 'check'?"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		capture(&got, wr_commands, WORDS(cases[i][0], cases[i][1]), NULL);
		assert_int_equal(got.exit_status, WR_EXIT_USAGE);
		assert_string_equal(got.out, "");
		expect_in(got.err, cases[i][2]);
		expect_in(got.err, "Try 'weir --help'.");
	}
}

static void a_family_of_commands_has_a_help_of_its_own(void **state)
{
	static const char *const cases[][2] = {
	    {"help", "dlq"}, {"dlq", "--help"}, {"dlq", "-h"}, {"dlq", NULL}};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(cases); i++) {
		bool is_asked = cases[i][1] != NULL;
		const char *said;

		capture(&got, wr_commands, WORDS(cases[i][0], cases[i][1]), NULL);
		assert_int_equal(got.exit_status, is_asked ? WR_EXIT_OK : WR_EXIT_USAGE);
		said = is_asked ? got.out : got.err;
		assert_string_equal(is_asked ? got.err : got.out, "");
		expect_in(said, "usage: weir dlq COMMAND");
		expect_in(said, "\n  dlq replay ");
		expect_in(said, "'weir dlq COMMAND --help' says more.");
		assert_null(strstr(said, "claims"));
	}
}

static void version_names_the_libraries(void **state)
{
	static const char *const names[] = {
	    "weir " PACKAGE_VERSION "\n", "\nplugin ABI 1.", "\nlibrdkafka 2.", "\nhiredis ",
	    "\nlibmicrohttpd ",           "\nsimdjson 3."};
	static const char *const words[] = {"version", "--version", "-V"};
	size_t i, j;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(words); i++) {
		capture(&got, wr_commands, WORDS(words[i]), NULL);
		assert_int_equal(got.exit_status, WR_EXIT_OK);
		for (j = 0; j < UNIT_COUNT_OF(names); j++)
			expect_in(got.out, names[j]);
	}
	capture(&got, wr_commands, WORDS("version", "please"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
}

static void the_schema_is_json(void **state)
{
	(void)state;
	capture(&got, wr_commands, WORDS("schema"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "\"$schema\"");
	capture(&got, wr_commands, WORDS("schema", "x"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
}

static void arguments_that_do_not_go_together_are_refused(void **state)
{
	static const struct {
		const char *words[8];
		const char *expected;
	} cases[] = {
	    {{"check"}, "wants a configuration file"},
	    {{"plugin", "info"}, "wants the file of a plugin"},
	    {{"plugin", "info", "a", "b"}, "takes one file"},
	    {{"tail"}, "wants a topic"},
	    {{"tail", "a", "b"}, "takes one topic"},
	    {{"tail", "a", "-X", "novalue"}, "-X wants NAME=VALUE"},
	    {{"tail", "a", "-X", "=v"}, "-X wants NAME=VALUE"},
	    {{"tail", "a", "-X", "no.such=1"}, "no.such"},
	    {{"send"}, "either --to TOPIC or --http URL"},
	    {{"send", "--to", "a", "--http", "b"}, "either --to TOPIC or --http URL"},
	    {{"send", "--to", "a", "b", "c"}, "takes one file"},
	    {{"send", "--http", "u", "--raw"}, "--raw goes with --to alone"},
	    {{"send", "--to", "a", "--raw", "-k", "/x"}, "--raw goes with --to alone"},
	    {{"send", "--http", "u", "-k", "/x"}, "--key-json goes with --to"},
	    {{"send", "--to", "a", "-k", "x"}, "--key-json wants a JSON Pointer"},
	    {{"send", "--to", "a", "--token", "t"}, "go with --http"},
	    {{"send", "--http", "u", "--token", "t", "--token-file", "f"}, "not both"},
	    {{"send", "--http", "ftp://x"}, "not an http:// or https:// URL"},
	    {{"send", "--http", ""}, "not an http:// or https:// URL"},
	    {{"send", "--to", "a", "--timeout", "0s"}, "--timeout wants a duration from"},
	    {{"send", "--to", "a", "--batch", "0"}, "--batch wants a number"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		capture(&got, wr_commands, cases[i].words, "");
		expect_in(got.err, cases[i].expected);
		assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	}
}

static void files_that_are_not_there_fail(void **state)
{
	static const struct {
		const char *words[8];
		const char *expected;
	} cases[] = {
	    {{"check", "no/such.yaml"}, "no/such.yaml"},
	    {{"plugin", "info", "no/such.so"}, "no/such.so"},
	    {{"send", "--to", "a", "no/such.ndjson"}, "no/such.ndjson: No such file"},
	    {{"send", "--http", "http://x", "--token-file", "no/such"}, "no/such: No such file"},
	    {{"tail", "a", "--config", "no/such.yaml"}, "no/such.yaml"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		capture(&got, wr_commands, cases[i].words, "");
		expect_in(got.err, cases[i].expected);
		assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_command_has_a_help_of_its_own),
	    cmocka_unit_test(help_text_fits_a_terminal),
	    cmocka_unit_test(without_a_command_the_help_goes_to_stderr),
	    cmocka_unit_test(an_unknown_command_is_answered_with_the_nearest),
	    cmocka_unit_test(a_family_of_commands_has_a_help_of_its_own),
	    cmocka_unit_test(version_names_the_libraries),
	    cmocka_unit_test(the_schema_is_json),
	    cmocka_unit_test(arguments_that_do_not_go_together_are_refused),
	    cmocka_unit_test(files_that_are_not_there_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
