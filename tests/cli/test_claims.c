/*
 * `weir claims` against a redis-server of the test's own.
 */
#include "config.h"

#include "tests/cli/capture.h"
#include "tests/redis/server.h"

#define OWNED "C|3/events/1/42"
#define KEY "weir:payments:e:order-3"

static struct redis_server *server;
static struct captured got;
static char file[] = "/tmp/weir-claims-XXXXXX";

static const char pipeline[] = "  - name: %s\n"
			       "    source: { topics: [events], group: g-%s }\n"
			       "    idempotency: { store: %s }\n"
			       "    dlq: { topic: events-dlq }\n"
			       "    stages: [ { plugin: passthrough.so } ]\n"
			       "    outputs: { default: out }\n";

/* Writes a configuration of the pipelines, which end at NULL: names and their stores. */
static void configure(const char *const *names_and_stores)
{
	struct wr_conf_redis redis = redis_server_conf(server, false);
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fprintf(out,
		"kafka: { brokers: localhost:9092 }\nredis: { url: \"redis://127.0.0.1:%d\" }\n"
		"pipelines:\n",
		redis.port);
	for (; *names_and_stores != NULL; names_and_stores += 2)
		fprintf(out, pipeline, names_and_stores[0], names_and_stores[0],
			names_and_stores[1]);
	assert_int_equal(fclose(out), 0);
}

static int start(void **state)
{
	static const char *const one[] = {"payments", "redis", NULL};

	(void)state;
	redis_server_command(server, "FLUSHALL");
	redis_server_command(server, "SET " KEY " " OWNED " PX 7380000");
	configure(one);
	return 0;
}

static void claims(const char *verb, const char *id, const char *option, const char *value,
		   const char *input)
{
	capture(&got, wr_commands, WORDS("claims", verb, id, "--config", file, option, value),
		input);
}

static void show_prints_the_owner(void **state)
{
	(void)state;
	claims("show", "order-3", NULL, NULL, NULL);
	assert_string_equal(got.err, "");
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "id        order-3\n");
	expect_in(got.out, "pipeline  payments\n");
	expect_in(got.out, "state     claimed\n");
	expect_in(got.out, "owner     events, partition 1, offset 42 (incarnation 3)\n");
	expect_in(got.out, "ttl left  2h ");
	expect_in(got.out, "key       " KEY "\n");
	assert_null(strstr(got.out, "payload"));
}

static void show_prints_the_hash_of_a_dead_letter(void **state)
{
	(void)state;
	redis_server_command(server, "SET " KEY " F|0/a.b/0/7|00112233aabbccdd");
	claims("show", "order-3", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "state     dead-lettered\n");
	expect_in(got.out, "payload   00112233aabbccdd\n");
	expect_in(got.out, "ttl left  no end\n");
}

static void show_prints_json(void **state)
{
	(void)state;
	redis_server_command(server, "SET " KEY " F|0/a.b/0/7|00112233aabbccdd");
	claims("show", "order-3", "--json", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(
	    got.out, "{\"id\":\"order-3\",\"pipeline\":\"payments\",\"state\":\"dead-lettered\","
		     "\"owner\":{\"topic\":\"a.b\",\"partition\":0,\"offset\":7,\"incarnation\":0},"
		     "\"payloadHash\":\"00112233aabbccdd\",\"ttlMs\":null,"
		     "\"value\":\"F|0/a.b/0/7|00112233aabbccdd\",\"key\":\"" KEY "\"}\n");
}

static void show_prints_what_is_no_claim_without_trusting_it(void **state)
{
	(void)state;
	redis_server_command(server, "SET " KEY " \x1b[2J");
	claims("show", "order-3", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "state     unreadable\n");
	expect_in(got.out, "value     \\x1b[2J\n");
	claims("show", "order-3", "--json", NULL, NULL);
	expect_in(got.out, "\"state\":\"unreadable\",\"ttlMs\":null,\"value\":\"\\u001b[2J\"");
	redis_server_command(server, "DEL " KEY);
	redis_server_command(server, "LPUSH " KEY " x");
	claims("show", "order-3", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, KEY ": the key holds something that is no claim");
}

static void an_unknown_id_is_a_failure(void **state)
{
	(void)state;
	claims("show", "order-4", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(
	    got.err, "weir claims show: order-4 in pipeline payments: no claim is kept of it\n");
	assert_string_equal(got.out, "");
	claims("forget", "order-4", "--yes", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	assert_string_equal(
	    got.err, "weir claims forget: order-4 in pipeline payments: no claim is kept of it\n");
}

static bool is_kept(void)
{
	return strcmp(redis_server_command(server, "EXISTS " KEY), "1") == 0;
}

static void forget_asks_first(void **state)
{
	static const char *const no[] = {"", "n\n", "\n", "yep\n", "yes please, forget it\n"};
	static const char *const yes[] = {"y\n", "YES\n", "yes"};
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(no); i++) {
		claims("forget", "order-3", NULL, NULL, no[i]);
		assert_int_equal(got.exit_status, WR_EXIT_WRONG);
		expect_in(got.out, "offset 42");
		expect_in(got.err, "Forget it?");
		expect_in(got.err, "nothing was forgotten");
		assert_true(is_kept());
	}
	for (i = 0; i < UNIT_COUNT_OF(yes); i++) {
		start(state);
		claims("forget", "order-3", NULL, NULL, yes[i]);
		assert_int_equal(got.exit_status, WR_EXIT_OK);
		expect_in(got.out, "forgotten\n");
		assert_false(is_kept());
	}
}

static void forget_with_yes_asks_nothing(void **state)
{
	(void)state;
	claims("forget", "order-3", "--yes", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	assert_string_equal(got.err, "");
	assert_false(is_kept());
	redis_server_command(server, "SET " KEY " " OWNED);
	claims("forget", "order-3", "--yes", "--json", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "{\"id\":\"order-3\"");
	assert_null(strstr(got.out, "forgotten"));
	assert_false(is_kept());
	claims("forget", "order-3", "--json", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "--json wants --yes");
}

static void forget_removes_what_is_no_claim_too(void **state)
{
	(void)state;
	redis_server_command(server, "DEL " KEY);
	redis_server_command(server, "LPUSH " KEY " x");
	claims("forget", "order-3", "--yes", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	expect_in(got.out, "state     unreadable\n");
	assert_false(is_kept());
}

static void of_several_pipelines_one_is_named(void **state)
{
	static const char *const several[] = {"payments", "redis", "refunds", "memory",
					      "audit",    "none",  NULL};

	(void)state;
	configure(several);
	claims("show", "order-3", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "name one with --pipeline: payments, refunds, audit\n");
	claims("show", "order-3", "--pipeline", "payments", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_OK);
	claims("show", "order-3", "--pipeline", "payment", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "has no pipeline payment; did you mean payments?\n");
	claims("show", "order-3", "--pipeline", "refunds", NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "in the memory of the engine that runs it (store: memory)");
	claims("forget", "order-3", "-paudit", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "pipeline audit keeps no claims (store: none)");
}

static void wrong_usage_is_said(void **state)
{
	(void)state;
	capture(&got, wr_commands, WORDS("claims", "show", "order-3"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "wants --config FILE");
	capture(&got, wr_commands, WORDS("claims", "show", "-c", file), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "wants an event id");
	claims("show", "order-3", "more", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	claims("forget", "order-3", "more", NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	capture(&got, wr_commands, WORDS("claims", "forget", "x", "-c", "/nowhere.yaml"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "/nowhere.yaml");
	capture(&got, wr_commands, WORDS("claims", "list"), NULL);
	assert_int_equal(got.exit_status, WR_EXIT_USAGE);
	expect_in(got.err, "did you mean 'claims ");
}

static void a_redis_that_is_away_is_said(void **state)
{
	(void)state;
	redis_server_stop(server);
	claims("show", "order-3", NULL, NULL, NULL);
	assert_int_equal(got.exit_status, WR_EXIT_WRONG);
	expect_in(got.err, "weir claims show: can't connect to Redis at");
	redis_server_start(server, NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(show_prints_the_owner),
	    TEST(show_prints_the_hash_of_a_dead_letter),
	    TEST(show_prints_json),
	    TEST(show_prints_what_is_no_claim_without_trusting_it),
	    TEST(an_unknown_id_is_a_failure),
	    TEST(forget_asks_first),
	    TEST(forget_with_yes_asks_nothing),
	    TEST(forget_removes_what_is_no_claim_too),
	    TEST(of_several_pipelines_one_is_named),
	    TEST(wrong_usage_is_said),
	    TEST(a_redis_that_is_away_is_said),
	};
	int failed, fd;

	if (!redis_server_is_installed())
		return REDIS_SERVER_SKIP;
	fd = mkstemp(file);
	if (fd < 0)
		return 1;
	close(fd);
	server = redis_server_new();
	redis_server_start(server, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	redis_server_free(server);
	unlink(file);
	return failed;
}
