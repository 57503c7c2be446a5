/*
 * The subcommands that ask a running engine, against a small server that answers as it is told: where they find it, what
 * they send, what they print, and how they end.
 */
#include "config.h"

#include "tests/cli/admin_server.h"
#include "tests/cli/capture.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static struct captured got;
static char file[64];

#define STATUS(state, processed, uptime)                                                             \
	"{\"drifted\":true,\"version\":\"1.2.3\",\"instance\":\"node-a\",\"uptime_seconds\":" uptime \
	",\"generation\":4,\"health\":{\"ready\":false,\"reasons\":[{\"component\":\"kafka\","       \
	"\"reason\":\"no broker answers\",\"since\":\"2026-01-01T00:00:00.000Z\"}]},"                \
	"\"pipelines\":[{\"name\":\"pay\",\"state\":\"" state                                        \
	"\",\"delivery\":\"exactly_once\",\"lag\":12,\"in_flight\":3,\"events\":{\"taken\":20,"      \
	"\"processed\":" processed                                                                   \
	",\"dropped\":1,\"duplicate\":2,\"dead_lettered\":3,\"retries\":4},\"lanes\":[{\"lane\":0,"  \
	"\"state\":\"running\",\"in_flight\":3,\"window\":16,\"oldest_seconds\":1.25,\"events\":{"   \
	"\"processed\":" processed                                                                   \
	",\"dropped\":1,\"duplicate\":2,\"dead_lettered\":3,\"retries\":4},\"open_circuits\":[{"     \
	"\"stage\":\"charge\",\"generation\":4,\"open_seconds\":75.5,\"next_probe_seconds\":3.25}]," \
	"\"partitions\":[{"                                                                          \
	"\"topic\":\"in\",\"partition\":5,\"committed\":null,\"position\":8,\"lag\":12}]}]}],"       \
	"\"plugins\":[{\"id\":\"fraud\",\"version\":\"1.4.0\",\"build_id\":\"0123456789abcdef\","    \
	"\"sha256\":\"fedcba9876543210\",\"stages\":[\"pay/a\",\"pay/b\"]}]}"

static int begin(void **state)
{
	unsetenv("WEIR_ADMIN_TOKEN");
	return admin_server_start(state);
}

static int end(void **state)
{
	if (file[0] != '\0')
		unlink(file);
	file[0] = '\0';
	return admin_server_stop(state);
}

static void run(const char *const *words)
{
	capture(&got, wr_commands, words, NULL);
}

static void write_file(const char *text)
{
	int fd;

	snprintf(file, sizeof(file), "/tmp/weir-test-XXXXXX");
	fd = mkstemp(file);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void write_config(const char *admin)
{
	char text[1024];

	snprintf(
	    text, sizeof(text),
	    "kafka: { brokers: embedded }\nhttp: { %s }\npipelines:\n- name: p\n"
	    "  source: { topics: [a] }\n  idempotency: { store: memory }\n  dlq: { topic: d }\n"
	    "  stages: [{ plugin: x.so }]\n  outputs: { default: o }\n",
	    admin);
	write_file(text);
}

static void the_status_is_printed_for_people(void **state)
{
	(void)state;
	WILL_ANSWER({200, STATUS("running", "9", "93784.5")});
	run(WORDS("status", "--url", admin_url, "--partitions"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].line, "GET /admin/status");
	expect_in(got.out,
		  "weir 1.2.3, node-a, up 1d 2h, generation 4, not ready\n"
		  "  something else runs than the configuration file says, since the start\n"
		  "  kafka: no broker answers, since 2026-01-01T00:00:00.000Z\n"
		  "  circuit open: pipeline pay, stage charge, lane 0, for 1m 15s; the next probe in "
		  "3.2s\n");
	expect_in(got.out,
		  "pay       running  exactly_once      1    3/16   12          9        1  "
		  "        2     3\n");
	expect_in(got.out, "pay          0  in             5          -         8   12\n");
	expect_in(got.out, "fraud   1.4.0    0123456789ab  fedcba987654  pay/a, pay/b\n");
}

static void the_status_is_passed_on_as_json(void **state)
{
	(void)state;
	WILL_ANSWER({200, "{\"generation\":4}"});
	run(WORDS("status", "--url", admin_url, "--json"));
	assert_string_equal(got.out, "{\"generation\":4}\n");
}

static void top_shows_what_is_done_a_second(void **state)
{
	(void)state;
	WILL_ANSWER({200, STATUS("running", "9", "10")}, {200, STATUS("running", "59", "12")});
	run(WORDS("top", "--url", admin_url, "-n", "2", "-i", "100ms"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out,
		  "pay       running           1    3/16   12         -          -       -\n");
	expect_in(got.out,
		  "pay       running           1    3/16   12        25          0       0\n");
	expect_in(
	    got.out,
	    "  lane 0  running           1    3/16   12        25          0       0    1.2s\n");
	assert_null(strchr(got.out, '\033'));
}

static void top_waits_for_an_engine_that_is_away_for_a_while(void **state)
{
	(void)state;
	WILL_ANSWER({200, STATUS("running", "9", "10")}, {503, "{\"detail\":\"later\"}"},
		    {200, STATUS("running", "10", "11")});
	run(WORDS("top", "--url", admin_url, "-n", "3", "-i", "100ms"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "later\n");
	assert_string_equal(got.err, "");
}

static void top_ends_when_there_is_no_engine_at_first(void **state)
{
	(void)state;
	WILL_ANSWER({503, "{\"detail\":\"later\"}"});
	run(WORDS("top", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(got.err, "weir top: later\n");
}

static void a_pipeline_is_named_escaped(void **state)
{
	(void)state;
	WILL_ANSWER({200, "{}"});
	run(WORDS("pause", "--url", admin_url, "pay/m\303\244"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].line, "POST /admin/pipelines/pay%2Fm%C3%A4/pause");
	assert_int_equal(admin_requests[0].body_size, 0);
	assert_string_equal(got.out, "pay/m\303\244: pausing\n");
	WILL_ANSWER({200, "{}"});
	run(WORDS("resume", "--url", admin_url, "pay"));
	assert_string_equal(admin_requests[0].line, "POST /admin/pipelines/pay/resume");
	assert_string_equal(got.out, "pay: resumed\n");
}

static void a_pause_is_waited_for(void **state)
{
	(void)state;
	WILL_ANSWER({200, "{}"}, {200, STATUS("pausing", "9", "1")},
		    {200, STATUS("paused", "9", "1")});
	run(WORDS("pause", "--url", admin_url, "pay", "--wait"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_int_equal(admin_request_count, 3);
	assert_string_equal(admin_requests[1].line, "GET /admin/pipelines");
	assert_string_equal(got.out, "pay: paused\n");
}

static void a_pause_that_takes_too_long_is_a_failure(void **state)
{
	(void)state;
	WILL_ANSWER({200, "{}"}, {200, STATUS("pausing", "9", "1")});
	run(WORDS("pause", "--url", admin_url, "pay", "--wait", "--timeout", "0ms"));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "pay takes nothing more, but has not finished what it has");
}

static void the_log_level_is_shown_and_set(void **state)
{
	(void)state;
	WILL_ANSWER({200, "{\"level\":\"info\"}"});
	run(WORDS("log-level", "--url", admin_url));
	assert_string_equal(admin_requests[0].line, "GET /admin/log-level");
	assert_string_equal(got.out, "info\n");
	WILL_ANSWER({200, "{\"level\":\"debug\"}"});
	run(WORDS("log-level", "--url", admin_url, "debug"));
	assert_string_equal(admin_requests[0].line, "PUT /admin/log-level");
	assert_string_equal(admin_requests[0].type, "application/json");
	assert_string_equal(admin_requests[0].body, "{\"level\":\"debug\"}");
	assert_string_equal(got.out, "debug\n");
}

static void what_the_engine_refuses_is_said_in_its_words(void **state)
{
	(void)state;
	WILL_ANSWER(
	    {404, "{\"title\":\"There is nothing here\",\"detail\":\"there is no pipeline\"}"});
	run(WORDS("pause", "--url", admin_url, "x"));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(got.err, "weir pause: there is no pipeline\n");
	WILL_ANSWER({405, "{\"title\":\"No such method\"}"});
	run(WORDS("pause", "--url", admin_url, "x"));
	assert_string_equal(got.err, "weir pause: No such method\n");
	WILL_ANSWER({500, "{}"});
	run(WORDS("pause", "--url", admin_url, "x"));
	expect_in(got.err, "answers 500\n");
}

static void a_missing_and_a_wrong_token_are_told_apart(void **state)
{
	(void)state;
	write_file("s3cret\n");
	WILL_ANSWER({401, "{\"title\":\"A token is needed\"}"});
	run(WORDS("status", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "give --token-file");
	run(WORDS("status", "--url", admin_url, "--token-file", file));
	expect_in(got.err, "the token is not the right one");
	assert_string_equal(admin_requests[1].token, "Bearer s3cret");
}

static void the_engine_is_told_who_asks(void **state)
{
	const struct passwd *user = getpwuid(geteuid());

	(void)state;
	unsetenv("SUDO_USER");
	WILL_ANSWER({200, "{\"generation\":4}"});
	run(WORDS("status", "--url", admin_url, "--json"));
	assert_string_equal(admin_requests[0].user, user != NULL ? user->pw_name : "?");
	if (geteuid() != 0)
		return; /* nobody else may name another */
	setenv("SUDO_USER", "al\nice", 1);
	WILL_ANSWER({200, "{\"generation\":4}"});
	run(WORDS("status", "--url", admin_url, "--json"));
	assert_string_equal(admin_requests[0].user, "al\\x0aice");
	unsetenv("SUDO_USER");
}

static void the_token_may_come_from_the_environment(void **state)
{
	(void)state;
	setenv("WEIR_ADMIN_TOKEN", "of-the-environment", 1);
	WILL_ANSWER({200, "{}"});
	run(WORDS("status", "--url", admin_url));
	assert_string_equal(admin_requests[0].token, "Bearer of-the-environment");
	unsetenv("WEIR_ADMIN_TOKEN");
}

static void address_and_token_are_found_in_the_configuration(void **state)
{
	char admin[128];

	(void)state;
	snprintf(admin, sizeof(admin), "admin: { listen: '0.0.0.0:%s', token: s3cret }",
		 strrchr(admin_url, ':') + 1);
	write_config(admin);
	WILL_ANSWER({200, "{}"});
	run(WORDS("status", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].token, "Bearer s3cret");
}

static void a_configuration_that_does_not_lead_to_it_says_why(void **state)
{
	(void)state;
	write_config("ingest: { listen: '127.0.0.1:1', topic: a }");
	run(WORDS("status", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "has no http.admin; give --url");
	unlink(file);
	write_config("admin: { listen: '127.0.0.1:0' }");
	run(WORDS("status", "--config", file));
	expect_in(got.err, "takes any free port");
	unlink(file);
	write_config("admin: { listen: nonsense }");
	run(WORDS("status", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, ":2:");
	expect_in(got.err, "correct it or give --url");
}

/* Whoever asks may do so because of that. */
static void a_configuration_that_is_wrong_elsewhere_leads_to_it(void **state)
{
	static const char *const rests[] = {
	    "nonsense: 7\n", "redis: { url: \"${WEIR_TEST_UNSET}\" }\n", "redis: [\n"};
	char text[256];

	(void)state;
	unsetenv("WEIR_TEST_UNSET");
	for (size_t i = 0; i < UNIT_COUNT_OF(rests); i++) {
		snprintf(text, sizeof(text),
			 "http:\n  admin: { listen: '0.0.0.0:%s', token: s3cret }\n%s",
			 strrchr(admin_url, ':') + 1, rests[i]);
		write_file(text);
		WILL_ANSWER({200, "{}"});
		run(WORDS("status", "--config", file));
		assert_string_equal(got.err, "");
		assert_int_equal(got.exit_status, WR_EXIT_OK);
		assert_string_equal(admin_requests[0].token, "Bearer s3cret");
		unlink(file);
	}
}

static void an_engine_that_is_not_there_is_a_failure(void **state)
{
	(void)state;
	run(WORDS("status", "--url", "http://127.0.0.1:1"));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "weir status: http://127.0.0.1:1: ");
}

static void a_server_that_is_not_weir_is_told(void **state)
{
	(void)state;
	WILL_ANSWER({200, "<html>"});
	run(WORDS("status", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "is that its admin listener?");
}

static void wrong_arguments_are_wrong_usage(void **state)
{
	const char *const *const wrong[] = {WORDS("status", "x"),
					    WORDS("top", "x"),
					    WORDS("top", "-i", "1ms"),
					    WORDS("top", "-n", "0"),
					    WORDS("pause"),
					    WORDS("pause", "a", "b"),
					    WORDS("log-level", "a", "b"),
					    WORDS("status", "--url", "ftp://x"),
					    WORDS("status", "--url", "http://x", "--config", "y")};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(wrong); i++) {
		run(wrong[i]);
		assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	}
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(the_status_is_printed_for_people),
	    WITH_SERVER(the_status_is_passed_on_as_json),
	    WITH_SERVER(top_shows_what_is_done_a_second),
	    WITH_SERVER(top_waits_for_an_engine_that_is_away_for_a_while),
	    WITH_SERVER(top_ends_when_there_is_no_engine_at_first),
	    WITH_SERVER(a_pipeline_is_named_escaped),
	    WITH_SERVER(a_pause_is_waited_for),
	    WITH_SERVER(a_pause_that_takes_too_long_is_a_failure),
	    WITH_SERVER(the_log_level_is_shown_and_set),
	    WITH_SERVER(what_the_engine_refuses_is_said_in_its_words),
	    WITH_SERVER(a_missing_and_a_wrong_token_are_told_apart),
	    WITH_SERVER(the_engine_is_told_who_asks),
	    WITH_SERVER(the_token_may_come_from_the_environment),
	    WITH_SERVER(address_and_token_are_found_in_the_configuration),
	    WITH_SERVER(a_configuration_that_does_not_lead_to_it_says_why),
	    WITH_SERVER(a_configuration_that_is_wrong_elsewhere_leads_to_it),
	    WITH_SERVER(an_engine_that_is_not_there_is_a_failure),
	    WITH_SERVER(a_server_that_is_not_weir_is_told),
	    WITH_SERVER(wrong_arguments_are_wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
