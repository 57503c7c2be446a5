/*
 * `weir dlq` against librdkafka's mock cluster.
 */
#include "config.h"

#include "tests/cli/capture.h"
#include "tests/dlq/cluster.h"

static struct captured got;
static char job[64];

static int start(void **state)
{
	FILE *file;

	cluster_start(state);
	cluster_topic("d", 2);
	cluster_topic("d.weir-state", 1);
	cluster_topic("p.retry.0", 2);
	for (int i = 0; i < 6; i++)
		cluster_put("d", &(struct letter){.partition = i % 2,
						  .timestamp_ms = 1700000000000 + i,
						  .pipeline = "p",
						  .stage = "s",
						  .resume = "stage",
						  .code = i == 5 ? "rare" : "busy",
						  .message = "red \xF0\x9F\x94\xB4",
						  .id = i == 0 ? "first" : "other"});
	cluster_flush();
	file = fopen("test_dlq.yaml", "w");
	if (file == NULL)
		return -1;
	fprintf(file,
		"kafka: { brokers: \"%s\" }\n"
		"pipelines:\n"
		"  - name: p\n"
		"    source: { topics: [events], group: g }\n"
		"    idempotency: { store: none }\n"
		"    dlq: { topic: d }\n"
		"    stages: [ { plugin: x.so } ]\n"
		"    outputs: { default: o }\n",
		cluster_brokers);
	return fclose(file);
}

static int stop(void **state)
{
	unlink("test_dlq.yaml");
	return cluster_stop(state);
}

#define DLQ(verb, ...) \
	capture(&got, wr_commands, WORDS("dlq", verb, "-c", "test_dlq.yaml", __VA_ARGS__), NULL)

static void expect_ok(void)
{
	if (got.exit_status != WR_EXIT_OK)
		fail_msg("%s", got.err);
}

static void a_list_is_a_table_the_newest_first(void **state)
{
	const char *newest, *oldest;

	(void)state;
	DLQ("list", NULL);
	expect_ok();
	expect_in(got.out, "ID   TIME                  PIPELINE  STAGE  CLASS      CODE");
	expect_in(got.out, "0/0  2023-11-14T22:13:20Z  p         s      permanent  busy");
	newest = strstr(got.out, "\n1/2 ");
	oldest = strstr(got.out, "\n0/0 ");
	assert_true(newest != NULL && oldest != NULL && newest < oldest);
	assert_string_equal(got.err, "");
}

static void a_list_goes_on_by_its_cursor(void **state)
{
	char *cursor;

	(void)state;
	DLQ("list", "-n", "2");
	expect_ok();
	expect_in(got.err, "there is more: --cursor n-");
	cursor = strdup(strstr(got.err, "n-"));
	cursor[strlen(cursor) - 1] = '\0';
	DLQ("list", "--cursor", cursor, "--json");
	expect_ok();
	expect_in(got.out, "{\"items\":[{\"id\":\"1/1\"");
	expect_in(got.out, "],\"next\":null}\n");
	assert_null(strstr(got.out, "\"id\":\"1/2\""));
	free(cursor);
}

static void a_list_is_narrowed_by_options(void **state)
{
	(void)state;
	DLQ("list", "--code", "rare", "-j");
	expect_in(got.out, "\"code\":\"rare\"");
	assert_null(strstr(got.out, "\"code\":\"busy\""));
	DLQ("list", "--id", "first", "-j");
	expect_in(got.out, "\"id\":\"0/0\"");
	DLQ("list", "--text", "BLUE", "-j");
	assert_string_equal(got.out, "{\"items\":[],\"next\":null}\n");
}

static void stats_count_by_kind(void **state)
{
	(void)state;
	DLQ("stats", NULL);
	expect_ok();
	expect_in(got.out, "6 open, 0 replayed, 0 purged\n");
	DLQ("stats", "--json");
	expect_in(got.out,
		  "{\"open\":6,\"replayed\":0,\"purged\":0,\"broken\":0,\"ungrouped\":0,"
		  "\"groups\":[{\"pipeline\":\"p\",\"stage\":\"s\",\"class\":\"permanent\","
		  "\"code\":\"busy\",\"open\":5,");
	expect_in(got.out, "\"complete\":true,\"next\":null}\n");
}

static void a_letter_is_shown_with_headers_and_value(void **state)
{
	(void)state;
	DLQ("show", "0/0");
	expect_ok();
	expect_in(got.out, "id            0/0\n");
	expect_in(got.out, "state         open\n");
	expect_in(got.out, "event id      first\n");
	expect_in(got.out, "  content-type: application/json\n");
	expect_in(got.out, "\nvalue\n  {\n    \"n\": 1\n  }\n");
	DLQ("show", "0/0", "-j");
	expect_in(got.out, "{\"name\":\"content-type\",\"value\":\"application/json\"}],"
			   "\"value\":\"{\\\"n\\\":1}\"}\n");
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	DLQ("show", "0/99");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "weir dlq show: 0/99: no dead letter is there");
	DLQ("show", "99");
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	DLQ("replay", "--resume", "20200101-000000-000000");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "d has no job 20200101-000000-000000\n");
}

static void a_dry_run_says_what_would_be(void **state)
{
	(void)state;
	DLQ("replay", "--code", "busy", "--dry-run");
	expect_ok();
	assert_string_equal(got.out,
			    "nothing was done; it would be:\n  5 selected\n  5 replayed\n");
}

static void a_replay_is_a_job(void **state)
{
	(void)state;
	DLQ("replay", "0/0", "1/2");
	expect_ok();
	expect_in(got.out, "(replay) is done\n  2 selected\n  2 replayed\n");
	assert_int_equal(sscanf(got.out, "job %63s", job), 1);
	DLQ("list", "-j");
	assert_null(strstr(got.out, "\"id\":\"0/0\""));
	DLQ("list", "--state", "replayed");
	expect_in(got.out, "replayed");
	DLQ("show", "0/0");
	expect_in(got.out, "state         replayed by ");
	expect_in(got.out, job);
	DLQ("replay", "--jobs");
	expect_in(got.out, job);
	DLQ("replay", "--resume", job);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "is done");
}

static void what_was_replayed_is_skipped_and_that_is_a_failure(void **state)
{
	(void)state;
	DLQ("replay", "0/0", "--json");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.out, "\"skipped\":1");
}

static void a_purge_is_confirmed(void **state)
{
	(void)state;
	capture(&got, wr_commands, WORDS("dlq", "purge", "-c", "test_dlq.yaml", "0/1"), "n\n");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "Purge 1 dead letter of d?");
	expect_in(got.err, "nothing was purged\n");
	capture(&got, wr_commands, WORDS("dlq", "purge", "-c", "test_dlq.yaml", "0/1"), "y\n");
	expect_ok();
	expect_in(got.out, "(purge) is done\n  1 selected\n  1 purged\n");
	DLQ("purge", "--all", "--yes");
	expect_ok();
	expect_in(got.out, "  3 purged\n");
	DLQ("stats", NULL);
	expect_in(got.out, "0 open, 2 replayed, 4 purged\n");
}

static void a_purge_of_nothing_says_so_and_asks_nobody(void **state)
{
	(void)state;
	capture(&got, wr_commands, WORDS("dlq", "purge", "-c", "test_dlq.yaml", "--code", "none"),
		"");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(got.out, "nothing to purge: no open dead letter of d is meant\n");
	assert_null(strstr(got.err, "[y/N]"));
	capture(&got, wr_commands, WORDS("dlq", "purge", "-c", "test_dlq.yaml", "0/1"), "");
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.out, "is meant\n  1 skipped (replayed or purged before, or gone)\n");
	capture(&got, wr_commands, WORDS("dlq", "purge", "-c", "test_dlq.yaml", "--all", "-j"), "");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "\"counts\":{\"selected\":0,\"done\":0,");
}

static void what_can_not_be_meant_is_refused(void **state)
{
	(void)state;
	DLQ("replay", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "wants ids, options that say which, or --all");
	DLQ("replay", "--all", "0/0");
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	DLQ("replay", "--code", "x", "0/0");
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	DLQ("replay", "--all", "--value-file", "x");
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	DLQ("replay", "--to", "end", "--all");
	expect_in(got.err, "--to wants stage or start");
	DLQ("list", "--from", "yesterday");
	expect_in(got.err, "--from: a time such as");
	DLQ("list", "--cursor", "x");
	expect_in(got.err, "--cursor: it is not one that a listing gave");
	DLQ("list", "--pipeline", "q");
	expect_in(got.err, "test_dlq.yaml has no pipeline q");
	capture(&got, wr_commands, WORDS("dlq", "list"), NULL);
	expect_in(got.err, "wants --config FILE, or --topic TOPIC");
}

/* The letters are wanted all the more then. */
static void a_configuration_that_is_wrong_elsewhere_leads_to_them(void **state)
{
	FILE *file = fopen("test_dlq_wrong.yaml", "we");

	(void)state;
	assert_non_null(file);
	fprintf(
	    file,
	    "kafka: { brokers: \"%s\" }\n"
	    "redis: { url: \"${WEIR_TEST_UNSET}\" }\n"
	    "pipelines: [ { name: p, source: { topics: [events] }, dlq: { topic: d }, stages: 7 } ]\n",
	    cluster_brokers);
	assert_int_equal(fclose(file), 0);
	capture(&got, wr_commands, WORDS("dlq", "list", "-c", "test_dlq_wrong.yaml"), NULL);
	expect_ok();
	assert_string_equal(got.err, "");
	expect_in(got.out, "EVENT ID"); /* whatever is left of them */
	file = fopen("test_dlq_wrong.yaml", "we");
	assert_non_null(file);
	fputs("kafka: { brokers: \"b:1\" }\npipelines: [ { name: p, dlq: { topic: d } } ]\n", file);
	assert_int_equal(fclose(file), 0);
	capture(&got, wr_commands, WORDS("dlq", "list", "-c", "test_dlq_wrong.yaml"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "test_dlq_wrong.yaml:2:14: pipelines[0].source: missing");
	unlink("test_dlq_wrong.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_is_a_table_the_newest_first),
	    cmocka_unit_test(a_list_goes_on_by_its_cursor),
	    cmocka_unit_test(a_list_is_narrowed_by_options),
	    cmocka_unit_test(stats_count_by_kind),
	    cmocka_unit_test(a_letter_is_shown_with_headers_and_value),
	    cmocka_unit_test(what_is_not_there_is_said),
	    cmocka_unit_test(a_dry_run_says_what_would_be),
	    cmocka_unit_test(a_replay_is_a_job),
	    cmocka_unit_test(what_was_replayed_is_skipped_and_that_is_a_failure),
	    cmocka_unit_test(a_purge_is_confirmed),
	    cmocka_unit_test(a_purge_of_nothing_says_so_and_asks_nobody),
	    cmocka_unit_test(what_can_not_be_meant_is_refused),
	    cmocka_unit_test(a_configuration_that_is_wrong_elsewhere_leads_to_them),
	};

	if (HAS_TSAN)
		return SKIP;
	return cmocka_run_group_tests(tests, start, stop);
}
