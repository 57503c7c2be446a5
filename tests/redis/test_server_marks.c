#include "config.h"

#include "redis/store.h"

#include "redis/script.h"
#include "tests/claim_store/asking.h"
#include "tests/claim_store/claiming.h"
#include "tests/redis/server.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

/* What a real Redis does to marks and take-overs. */

#define PATIENCE_NS (INT64_C(30) * WR_NS_PER_S)
#define HGET "HGET weir:p:m t/0"
#define STAMP "0000000001/0000000000000000005"

static const char *const durable[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};

static struct redis_server *server;

static int start(void **state)
{
	(void)state;
	server = redis_server_new();
	redis_server_start(server, durable);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	redis_server_free(server);
	return 0;
}

static struct wr_claim_store *open_as(const char *user)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_claim_store *store;
	struct wr_err err;

	if (user != NULL) {
		conf.username = (char *)(uintptr_t)user;
		conf.password = (char *)(uintptr_t) "pw";
	}
	assert_int_equal(wr_redis_store_create(&conf, "p", 600000, &wr_clock_real, &store, &err),
			 WR_OK);
	return store;
}

static void settle(struct wr_claim_store *store, struct claiming *c)
{
	store->ops->submit(store, &c->set);
	assert_true(claiming_settle(store, c, claiming_real_now));
}

/* Turns until no mark waits; false when some do for too long. */
static bool marks_settle(struct wr_claim_store *store)
{
	int64_t give_up = claiming_real_now() + PATIENCE_NS;

	while (store->ops->marks_waiting(store) > 0 && claiming_real_now() < give_up)
		claiming_turn(store, claiming_real_now);
	return store->ops->marks_waiting(store) == 0;
}

static void await_down(struct wr_claim_store *store, const char *word)
{
	int64_t give_up = claiming_real_now() + PATIENCE_NS;
	const char *reason = NULL;

	while ((reason == NULL || strstr(reason, word) == NULL) && claiming_real_now() < give_up) {
		claiming_turn(store, claiming_real_now);
		store->ops->state(store, &reason);
	}
	assert_non_null(reason);
	assert_non_null(strstr(reason, word));
}

static void put(struct wr_claim_store *store, int64_t next, const char *text)
{
	asking_put(store, "t/0", 1, next, text, false);
}

static void assert_kept(const char *text)
{
	assert_string_equal(redis_server_command(server, HGET), text);
}

static void a_mark_has_its_place_its_stamp_and_no_end(void **state)
{
	struct wr_claim_store *store = open_as(NULL);

	(void)state;
	put(store, 5, "text");
	assert_true(marks_settle(store));
	assert_kept(STAMP " text");
	assert_string_equal(redis_server_command(server, "TTL weir:p:m"), "-1");
	store->ops->destroy(store);
}

static void the_script_bears_its_name(void **state)
{
	struct wr_claim_store *store = open_as(NULL);

	(void)state;
	put(store, 5, "text");
	assert_true(marks_settle(store));
	assert_string_equal(
	    redis_server_command(server, "EVALSHA " WR_REDIS_SCRIPT_SHA1 " 1 weir:p:probe probe"),
	    "(nil)");
	store->ops->destroy(store);
}

static void a_take_over_has_the_whole_ttl(void **state)
{
	struct wr_claim_store *store = open_as(NULL);
	struct claiming *c = claiming_one("a", "C|2");
	long left_ms;

	(void)state;
	redis_server_command(server, "SET weir:p:e:a C|1 PX 1000");
	c->claims[0].expect = wr_bytes_of("C|1");
	settle(store, c);
	assert_true(claiming_found_nothing(c, 0));
	assert_string_equal(redis_server_command(server, "GET weir:p:e:a"), "C|2");
	left_ms = strtol(redis_server_command(server, "PTTL weir:p:e:a"), NULL, 10);
	assert_in_range(left_ms, 500000, 600000);
	claiming_free(c);
	store->ops->destroy(store);
}

static void a_take_over_of_what_is_no_claim_leaves_it_alone(void **state)
{
	struct wr_claim_store *store = open_as(NULL);
	struct claiming *c = claiming_new(3);
	static char large[600];
	char command[700];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	snprintf(command, sizeof(command), "SET weir:p:e:large %s", large);
	redis_server_command(server, command);
	redis_server_command(server, "LPUSH weir:p:e:list x");
	claiming_put(c, 0, wr_bytes_of("list"), "C|2");
	claiming_put(c, 1, wr_bytes_of("large"), "C|2");
	claiming_put(c, 2, wr_bytes_of("free"), "C|2");
	c->claims[0].expect = c->claims[1].expect = c->claims[2].expect = wr_bytes_of("C|1");
	settle(store, c);
	assert_int_equal(c->claims[0].outcome, WR_CLAIM_UNREADABLE);
	assert_int_equal(c->claims[1].outcome, WR_CLAIM_UNREADABLE);
	assert_true(claiming_found_nothing(c, 2));
	assert_string_equal(redis_server_command(server, "TYPE weir:p:e:list"), "list");
	assert_string_equal(redis_server_command(server, "GET weir:p:e:large"), large);
	claiming_free(c);
	store->ops->destroy(store);
}

static void what_are_no_marks_is_left_alone(void **state)
{
	struct wr_claim_store *store = open_as(NULL);
	struct asking *a = asking_one("t/0");

	(void)state;
	redis_server_command(server, "SET weir:p:m mine");
	put(store, 5, "text");
	assert_true(marks_settle(store));
	store->ops->query_marks(store, &a->query);
	assert_true(asking_settle(store, a, claiming_real_now));
	assert_true(asking_found(a, 0, ""));
	assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	assert_string_equal(redis_server_command(server, "GET weir:p:m"), "mine");
	asking_free(a);
	store->ops->destroy(store);
}

/* Somebody wrote it, and it goes to the lane as it is; the next mark takes its place. */
static void a_broken_mark_is_read_as_it_is_and_mended(void **state)
{
	static const char *const broken[] = {"nonsense", STAMP, STAMP "_x", "\xff\xfe"};
	struct wr_claim_store *store = open_as(NULL);
	struct asking *a = asking_one("t/0");
	char command[100];
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(broken); i++) {
		snprintf(command, sizeof(command), "HSET weir:p:m t/0 %s", broken[i]);
		redis_server_command(server, command);
		store->ops->query_marks(store, &a->query);
		assert_true(asking_settle(store, a, claiming_real_now));
		assert_true(asking_found(a, 0, broken[i]));
		put(store, 5, "text");
		assert_true(marks_settle(store));
		assert_kept(STAMP " text");
	}
	asking_free(a);
	store->ops->destroy(store);
}

static void assert_mark_waits_out(const char *trouble, const char *word, const char *remedy)
{
	struct wr_claim_store *store = open_as(NULL);

	put(store, 1, "before");
	assert_true(marks_settle(store));
	assert_string_equal(redis_server_command(server, trouble), "OK");
	put(store, 5, "text");
	await_down(store, word);
	assert_int_equal(store->ops->marks_waiting(store), 1);
	assert_string_equal(redis_server_command(server, remedy), "OK");
	assert_true(marks_settle(store));
	assert_kept(STAMP " text");
	store->ops->destroy(store);
}

static void a_full_redis_is_waited_out(void **state)
{
	(void)state;
	assert_mark_waits_out("CONFIG SET maxmemory 1", "maxmemory", "CONFIG SET maxmemory 0");
}

static void a_read_only_replica_is_waited_out(void **state)
{
	(void)state;
	assert_mark_waits_out("REPLICAOF 127.0.0.1 1", "read-only replica", "REPLICAOF NO ONE");
}

static void a_script_that_is_flushed_is_loaded_again(void **state)
{
	struct wr_claim_store *store = open_as(NULL);
	int64_t give_up = claiming_real_now() + PATIENCE_NS;

	(void)state;
	put(store, 1, "before");
	assert_true(marks_settle(store));
	redis_server_command(server, "SCRIPT FLUSH");
	put(store, 5, "text");
	while (store->ops->marks_waiting(store) > 0 && claiming_real_now() < give_up) {
		claiming_turn(store, claiming_real_now);
		assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	}
	assert_kept(STAMP " text");
	store->ops->destroy(store);
}

/* Each right that is missing is said at once, not at the first mark or take-over. */
static void a_missing_right_is_said_at_the_start(void **state)
{
	static const char *const rights[] = {"set", "get", "hget", "hset", "eval", "evalsha"};
	struct wr_claim_store *store;
	char command[100];
	size_t i;

	(void)state;
	redis_server_command(
	    server, "ACL SETUSER weir on >pw ~weir:* -@all +set +get +hget +hset +eval +evalsha");
	store = open_as("weir");
	put(store, 5, "text");
	assert_true(marks_settle(store));
	store->ops->destroy(store);
	for (i = 0; i < UNIT_COUNT_OF(rights); i++) {
		snprintf(command, sizeof(command), "ACL SETUSER weir -%s", rights[i]);
		assert_string_equal(redis_server_command(server, command), "OK");
		store = open_as("weir");
		await_down(store, "SET, GET, HGET, HSET, EVAL and EVALSHA");
		store->ops->destroy(store);
		snprintf(command, sizeof(command), "ACL SETUSER weir +%s", rights[i]);
		assert_string_equal(redis_server_command(server, command), "OK");
	}
}

static void a_killed_redis_gets_the_mark_it_has_not_confirmed(void **state)
{
	struct wr_claim_store *store = open_as(NULL);
	char text[32];
	int64_t i;

	(void)state;
	for (i = 1; i <= 6; i++) {
		snprintf(text, sizeof(text), "text%d", (int)i);
		put(store, i, text);
		if (i % 2 == 0)
			store->ops->poll(store, claiming_real_now());
		redis_server_kill(server);
		store->ops->poll(store, claiming_real_now());
		redis_server_start(server, durable);
		assert_true(marks_settle(store));
		assert_non_null(strstr(redis_server_command(server, HGET), text));
	}
	store->ops->destroy(store);
}

/* A failover to a server that knows nothing: marks that waited are written there, what was confirmed is gone, and a
 * take-over of a claim that is gone is a claim. */
static void an_empty_redis_is_claimed_anew(void **state)
{
	struct wr_claim_store *store = open_as(NULL);
	struct claiming *c = claiming_one("a", "C|1");
	struct asking *a = asking_new(2);

	(void)state;
	settle(store, c);
	asking_put(store, "t/1", 1, 9, "confirmed", false);
	assert_true(marks_settle(store));
	redis_server_kill(server);
	put(store, 5, "text");
	redis_server_start(server, NULL); /* it does not look at the file of the other one */
	claiming_put(c, 0, wr_bytes_of("a"), "F|1");
	c->claims[0].expect = wr_bytes_of("C|1");
	a->fields[0] = wr_bytes_of("t/0");
	a->fields[1] = wr_bytes_of("t/1");
	settle(store, c);
	assert_true(claiming_found_nothing(c, 0));
	store->ops->query_marks(store, &a->query);
	assert_true(asking_settle(store, a, claiming_real_now));
	assert_true(asking_found(a, 0, "text"));
	assert_true(asking_found(a, 1, NULL));
	claiming_free(c);
	asking_free(a);
	store->ops->destroy(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_mark_has_its_place_its_stamp_and_no_end),
	    TEST(the_script_bears_its_name),
	    TEST(a_take_over_has_the_whole_ttl),
	    TEST(a_take_over_of_what_is_no_claim_leaves_it_alone),
	    TEST(what_are_no_marks_is_left_alone),
	    TEST(a_broken_mark_is_read_as_it_is_and_mended),
	    TEST(a_full_redis_is_waited_out),
	    TEST(a_read_only_replica_is_waited_out),
	    TEST(a_script_that_is_flushed_is_loaded_again),
	    TEST(a_missing_right_is_said_at_the_start),
	    TEST(a_killed_redis_gets_the_mark_it_has_not_confirmed),
	    TEST(an_empty_redis_is_claimed_anew),
	};

	if (!redis_server_is_installed())
		return REDIS_SERVER_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
