/* weir reload, rollback and generations, against a small server that answers as it is told. */
#include "config.h"

#include "tests/cli/admin_server.h"
#include "tests/cli/capture.h"

static struct captured got;

#define APPLIED(more)                                                                                \
	"{\"result\":\"applied\",\"dry_run\":false,\"generation_before\":4,\"generation_after\":5,"  \
	"\"timings_ms\":{\"read\":0.5,\"validate\":1,\"probe\":90.25,\"load\":2,\"swap\":3.1,"       \
	"\"drain\":null},\"plugins\":[{\"pipeline\":\"pay\",\"stage\":\"fraud\",\"file\":\"f.so\","  \
	"\"change\":\"replaced\",\"before\":{\"plugin\":\"fraud\",\"version\":\"1.0\",\"build_id\":" \
	"null,\"sha256\":\"aaaaaaaaaaaaaaaa\"},\"after\":{\"plugin\":\"fraud\",\"version\":\"1.1\"," \
	"\"build_id\":\"bbbbbbbbbbbbbbbb\",\"sha256\":\"cc\"},\"state\":\"carried over: 2 blobs\"}," \
	"{\"pipeline\":\"pay\",\"stage\":\"audit\",\"change\":\"removed\",\"before\":{\"plugin\":"   \
	"\"audit\",\"version\":\"3\",\"sha256\":\"dd\"},\"after\":null,\"state\":null}],"            \
	"\"changes\":[\"pipelines[pay].batch.linger: changed\"]," more ",\"errors\":[]}"

#define REJECTED                                                                                      \
	"{\"type\":\"urn:weir:problem:rejected\",\"title\":\"The configuration was rejected\","       \
	"\"status\":422,\"detail\":\"w.yaml:3:7: it is wrong (and 1 more)\",\"result\":\"rejected\"," \
	"\"dry_run\":false,\"generation_before\":4,\"generation_after\":4,\"timings_ms\":{\"read\":"  \
	"0.5},\"plugins\":[],\"changes\":[],\"drained\":true,\"waits_for\":null,\"errors\":[{"        \
	"\"file\":\"w.yaml\",\"line\":3,\"column\":7,\"path\":\"pipelines[0].lanes\",\"detail\":"     \
	"\"it is wrong\"},{\"file\":\"/p/f.so\",\"line\":null,\"column\":null,\"path\":null,"         \
	"\"detail\":\"it hangs\"}]}"

static void run(const char *const *words)
{
	capture(&got, wr_commands, words, NULL);
}

static void what_was_applied_is_printed(void **state)
{
	(void)state;
	WILL_ANSWER({200, APPLIED("\"drained\":false,\"waits_for\":\"pay lane 0: 1 batch\"")});
	run(WORDS("reload", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].line,
			    "POST /admin/reload?dry_run=false&drained=false");
	assert_string_equal(
	    got.out,
	    "applied: generation 5 runs, after 4\n"
	    "  pay/fraud  replaced  fraud 1.0 (aaaaaaaaaaaa)  ->  fraud 1.1 (bbbbbbbbbbbb)  state "
	    "carried over: 2 blobs\n"
	    "  pay/audit  removed   audit 3 (dd)              ->  -\n"
	    "  pipelines[pay].batch.linger: changed\n"
	    "  the generation before is still draining: pay lane 0: 1 batch\n"
	    "  read 0.5 ms, validate 1.0 ms, probe 90.2 ms, load 2.0 ms, swap 3.1 ms\n");
	assert_string_equal(got.err, "");
}

static void the_end_of_the_old_generation_can_be_waited_for(void **state)
{
	(void)state;
	WILL_ANSWER({200, APPLIED("\"drained\":true,\"waits_for\":null")});
	run(WORDS("reload", "--url", admin_url, "--drained"));
	assert_string_equal(admin_requests[0].line,
			    "POST /admin/reload?dry_run=false&drained=true");
	expect_in(got.out, "  the generation before is gone\n");
}

static void a_removal_can_be_forced(void **state)
{
	(void)state;
	WILL_ANSWER({200, APPLIED("\"drained\":true,\"waits_for\":null")});
	run(WORDS("reload", "--url", admin_url, "--force"));
	assert_string_equal(admin_requests[0].line,
			    "POST /admin/reload?dry_run=false&drained=false&force=true");
}

static void a_dry_run_says_what_would_be(void **state)
{
	(void)state;
	WILL_ANSWER({200, "{\"result\":\"unchanged\",\"dry_run\":true,\"generation_before\":4,"
			  "\"generation_after\":4}"});
	run(WORDS("reload", "--url", admin_url, "--dry-run"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].line,
			    "POST /admin/reload?dry_run=true&drained=false");
	assert_string_equal(got.out, "would be unchanged: generation 4 runs\n");
}

static void a_rejection_lists_every_error_and_fails(void **state)
{
	(void)state;
	WILL_ANSWER({422, REJECTED});
	run(WORDS("reload", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(got.err, "w.yaml:3:7: pipelines[0].lanes: it is wrong\n"
				     "/p/f.so: it hangs\n"
				     "rejected: generation 4 runs\n"
				     "  read 0.5 ms\n");
	assert_string_equal(got.out, "");
}

static void a_rejection_as_json_fails_too(void **state)
{
	(void)state;
	WILL_ANSWER({422, REJECTED});
	run(WORDS("reload", "--url", admin_url, "--json"));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(got.out, REJECTED "\n");
}

static void a_roll_back_by_itself_fails(void **state)
{
	(void)state;
	WILL_ANSWER({422,
		     "{\"result\":\"rolled_back\",\"generation_before\":4,\"generation_after\":4,"
		     "\"errors\":[{\"detail\":\"a lane did not stop\"}]}"});
	run(WORDS("reload", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(got.err, "a lane did not stop\nrolled_back: generation 4 runs\n");
}

static void one_that_is_under_way_is_named(void **state)
{
	(void)state;
	WILL_ANSWER(
	    {409, "{\"title\":\"t\",\"detail\":\"a reload by SIGHUP is under way: probe\"}"});
	run(WORDS("reload", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(got.err, "weir reload: a reload by SIGHUP is under way: probe\n");
}

static void a_rollback_is_asked_for_by_its_own_path(void **state)
{
	(void)state;
	WILL_ANSWER({200, APPLIED("\"drained\":true,\"waits_for\":null")},
		    {200, APPLIED("\"drained\":true,\"waits_for\":null")});
	run(WORDS("rollback", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].line,
			    "POST /admin/rollback?dry_run=false&drained=false");
	run(WORDS("rollback", "--url", admin_url, "--from", "4"));
	assert_string_equal(admin_requests[1].line,
			    "POST /admin/rollback?dry_run=false&drained=false&from=4");
}

static void generations_are_listed(void **state)
{
	(void)state;
	WILL_ANSWER({200,
		     "{\"generation\":2,\"drifted\":true,\"generations\":[{\"number\":2,\"since\":"
		     "\"2026-01-01T00:00:00.000Z\",\"who\":\"admin\",\"what\":\"x\",\"runs\":true,"
		     "\"can_return\":false},{\"number\":1,\"since\":\"2025-01-01T00:00:00.000Z\","
		     "\"who\":\"start\",\"what\":null,\"runs\":false,\"can_return\":true}]}"});
	run(WORDS("generations", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(
	    got.out, "something else runs than the configuration file says, since the start\n"
		     "GENERATION  SINCE                     WHO                         WHAT\n"
		     "         2  2026-01-01T00:00:00.000Z  admin  runs                 x\n"
		     "         1  2025-01-01T00:00:00.000Z  start  rollback leads here  -\n");
}

static void put_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* For an engine that can't be asked. */
static void generations_are_read_from_the_state_folder(void **state)
{
	char folder[] = "/tmp/weir-test-XXXXXX", file[64], list[64], text[128];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/weir.yaml", folder);
	snprintf(list, sizeof(list), "%s/generations.json", folder);
	snprintf(text, sizeof(text), "state_dir: %s\npipelines: [\n", folder);
	put_file(file, text); /* it need not be valid */
	run(WORDS("generations", "--offline", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_non_null(strstr(got.err, "there is no /tmp/"));
	put_file(list,
		 "{\"runs\":3,\"previous\":1,\"generations\":[{\"number\":3,\"since_ms\":3000,"
		 "\"ended_ms\":0,\"who\":\"admin\",\"what\":\"x\",\"state\":\"applied\"},"
		 "{\"number\":2,\"since_ms\":2000,\"ended_ms\":2500,\"who\":\"admin\",\"what\":"
		 "\"y\",\"state\":\"rolled_back\"},{\"number\":1,\"since_ms\":1000,\"ended_ms\":0,"
		 "\"who\":\"start\",\"what\":null,\"state\":\"applied\"}]}");
	run(WORDS("generations", "--offline", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(
	    got.out, "GENERATION  SINCE                     WHO                         WHAT\n"
		     "         3  1970-01-01T00:00:03.000Z  admin  ran last             x\n"
		     "         2  1970-01-01T00:00:02.000Z  admin  rolled back          y\n"
		     "         1  1970-01-01T00:00:01.000Z  start  rollback leads here  -\n");
	run(WORDS("generations", "--offline", "--json", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_non_null(strstr(got.out, "{\"ran_last\":3,\"generations\":[{\"number\":3,"));
	put_file(list, "{}");
	run(WORDS("generations", "--offline", "--config", file));
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_non_null(strstr(got.err, "generations.json is not whole"));
	unlink(list);
	unlink(file);
	rmdir(folder);
}

static void a_canary_is_asked_for_and_announced(void **state)
{
	(void)state;
	WILL_ANSWER(
	    {200, "{\"result\":\"canary\",\"generation_before\":4,\"generation_after\":5}"},
	    {200, "{\"result\":\"applied\",\"generation_before\":4,\"generation_after\":5}"});
	run(WORDS("reload", "--url", admin_url, "--canary", "2.5%"));
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(admin_requests[0].line,
			    "POST /admin/reload?dry_run=false&drained=false&canary=2.5%25");
	assert_string_equal(got.out, "canary: generation 5 runs a share of the keys, 4 the others; "
				     "weir generations tells how it goes\n");
	run(WORDS("reload", "--url", admin_url, "--canary=off"));
	assert_string_equal(admin_requests[1].line,
			    "POST /admin/reload?dry_run=false&drained=false&canary=off");
}

#define COUNTS(events, errors) "{\"events\":" events ",\"errors\":" errors "}"

static void a_canary_is_listed_with_what_it_did(void **state)
{
	(void)state;
	WILL_ANSWER(
	    {200,
	     "{\"generation\":1,\"drifted\":false,\"generations\":[{\"number\":3,\"since\":\"t\","
	     "\"who\":\"admin\",\"what\":\"x\",\"runs\":false,\"can_return\":false,\"state\":"
	     "\"canary\",\"canary\":{\"reason\":null,\"pipelines\":[{\"pipeline\":\"p\",\"canary\":" COUNTS(
		 "10",
		 "1") ",\"stable\":" COUNTS("90",
					    "2") "}]}},{\"number\":2,\"since\":"
						 "\"t\",\"who\":\"admin\",\"what\":\"y\",\"runs\":false,\"can_return\":false,"
						 "\"state\":\"rolled_back\",\"canary\":{\"reason\":\"it was bad\",\"pipelines\":[]}}]}"});
	run(WORDS("generations", "--url", admin_url));
	assert_string_equal(
	    got.out,
	    "GENERATION  SINCE  WHO                 WHAT\n"
	    "         3  t      admin  is tried     x (p: 1 of 10 failed, of the others 2 of 90)\n"
	    "         2  t      admin  rolled back  y; it was bad\n");
}

static void wrong_arguments_are_wrong_usage(void **state)
{
	(void)state;
	run(WORDS("reload", "w.yaml"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("reload", "--canary", "10"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("reload", "--canary", "10%&x=y"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("rollback", "--canary", "10%"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("rollback", "3"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("rollback", "--from", "0"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("reload", "--from", "1"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("generations", "--dry-run"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("generations", "--offline", "--url", admin_url));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("run", "--generation", "0"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	run(WORDS("run", "--generation", "1", "--strict"));
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
}

#define WITH_SERVER(test) \
	cmocka_unit_test_setup_teardown(test, admin_server_start, admin_server_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_SERVER(what_was_applied_is_printed),
	    WITH_SERVER(the_end_of_the_old_generation_can_be_waited_for),
	    WITH_SERVER(a_removal_can_be_forced),
	    WITH_SERVER(a_dry_run_says_what_would_be),
	    WITH_SERVER(a_rejection_lists_every_error_and_fails),
	    WITH_SERVER(a_rejection_as_json_fails_too),
	    WITH_SERVER(a_roll_back_by_itself_fails),
	    WITH_SERVER(one_that_is_under_way_is_named),
	    WITH_SERVER(a_rollback_is_asked_for_by_its_own_path),
	    WITH_SERVER(generations_are_listed),
	    WITH_SERVER(a_canary_is_asked_for_and_announced),
	    WITH_SERVER(a_canary_is_listed_with_what_it_did),
	    cmocka_unit_test(generations_are_read_from_the_state_folder),
	    WITH_SERVER(wrong_arguments_are_wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
