#include "config.h"

#include "redis/store.h"

#include "base/rng.h"
#include "tests/claim_store/claiming.h"
#include "tests/redis/server.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What a real Redis does to a store, and what it may not lose by that. */

#define WINDOW 16
#define SET_SIZE 100
#define PATIENCE_NS (INT64_C(30) * WR_NS_PER_S)

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

static struct wr_claim_store *open_with(const struct wr_conf_redis *conf)
{
	struct wr_claim_store *store;
	struct wr_err err;

	assert_int_equal(wr_redis_store_create(conf, "p", 600000, &wr_clock_real, &store, &err),
			 WR_OK);
	return store;
}

static struct wr_claim_store *open_store(bool by_unix)
{
	struct wr_conf_redis conf = redis_server_conf(server, by_unix);

	return open_with(&conf);
}

static bool settles(struct wr_claim_store *store, struct claiming *c)
{
	return claiming_settle(store, c, claiming_real_now);
}

static void claim_fresh(struct wr_claim_store *store, const char *id)
{
	struct claiming *c = claiming_one(id, "C|1");

	store->ops->submit(store, &c->set);
	assert_true(settles(store, c));
	assert_true(claiming_found_nothing(c, 0));
	claiming_free(c);
}

/* Turns until the store is down for a reason that holds `word`. */
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

/* Claims while `trouble` lasts: the set waits, and completes after `remedy`. */
static void assert_waits_out(const char *trouble, const char *word, const char *remedy)
{
	struct wr_claim_store *store = open_store(true);
	struct claiming *c = claiming_one("b", "C|1");

	claim_fresh(store, "a");
	assert_string_equal(redis_server_command(server, trouble), "OK");
	store->ops->submit(store, &c->set);
	await_down(store, word);
	assert_false(c->set.done);
	assert_string_equal(redis_server_command(server, remedy), "OK");
	assert_true(settles(store, c));
	assert_true(claiming_found_nothing(c, 0));
	assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	claiming_free(c);
	store->ops->destroy(store);
}

static void a_claim_has_its_key_its_value_and_its_time(void **state)
{
	struct wr_claim_store *store = open_store(false);
	long left_ms;

	(void)state;
	claim_fresh(store, "a");
	assert_string_equal(redis_server_command(server, "GET weir:p:e:a"), "C|1");
	left_ms = strtol(redis_server_command(server, "PTTL weir:p:e:a"), NULL, 10);
	assert_in_range(left_ms, 500000, 600000);
	store->ops->destroy(store);
}

static void the_connection_bears_the_pipelines_name(void **state)
{
	struct wr_claim_store *store = open_store(true);

	(void)state;
	claim_fresh(store, "a");
	assert_non_null(strstr(redis_server_command(server, "CLIENT LIST"), " name=weir:p "));
	store->ops->destroy(store);
}

static void the_database_is_chosen(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_claim_store *store;

	(void)state;
	conf.database = 3;
	store = open_with(&conf);
	claim_fresh(store, "a");
	assert_non_null(strstr(redis_server_command(server, "INFO keyspace"), "db3:keys="));
	store->ops->destroy(store);
	conf.database = 99;
	store = open_with(&conf);
	await_down(store, "database number");
	store->ops->destroy(store);
}

static void a_key_that_is_no_claim_concerns_one_claim(void **state)
{
	struct wr_claim_store *store = open_store(true);
	struct claiming *c = claiming_new(3);

	(void)state;
	redis_server_command(server, "LPUSH weir:p:e:list x");
	claiming_put(c, 0, wr_bytes_of("a"), "C|1");
	claiming_put(c, 1, wr_bytes_of("list"), "C|1");
	claiming_put(c, 2, wr_bytes_of("b"), "C|1");
	store->ops->submit(store, &c->set);
	assert_true(settles(store, c));
	assert_true(claiming_found_nothing(c, 0));
	assert_int_equal(c->claims[1].outcome, WR_CLAIM_UNREADABLE);
	assert_true(claiming_found_nothing(c, 2));
	assert_string_equal(redis_server_command(server, "TYPE weir:p:e:list"), "list");
	claiming_free(c);
	store->ops->destroy(store);
}

static void a_full_redis_is_waited_out(void **state)
{
	(void)state;
	assert_waits_out("CONFIG SET maxmemory 1", "maxmemory", "CONFIG SET maxmemory 0");
}

static void a_read_only_replica_is_waited_out(void **state)
{
	(void)state;
	assert_waits_out("REPLICAOF 127.0.0.1 1", "read-only replica", "REPLICAOF NO ONE");
}

static void a_replica_without_primary_is_waited_out(void **state)
{
	(void)state;
	redis_server_command(server, "CONFIG SET replica-serve-stale-data no replica-read-only no");
	assert_waits_out("REPLICAOF 127.0.0.1 1", "lost its primary", "REPLICAOF NO ONE");
}

static void too_few_replicas_are_waited_out(void **state)
{
	(void)state;
	assert_waits_out("CONFIG SET min-replicas-to-write 1", "too few replicas",
			 "CONFIG SET min-replicas-to-write 0");
}

static void a_password_that_fits_opens(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_claim_store *store;

	(void)state;
	redis_server_command(server, "ACL SETUSER weir on >right ~weir:* +@all");
	conf.username = (char *)(uintptr_t) "weir";
	conf.password = (char *)(uintptr_t) "wrong";
	store = open_with(&conf);
	await_down(store, "password");
	redis_server_command(server, "ACL SETUSER weir >wrong");
	claim_fresh(store, "a");
	store->ops->destroy(store);
}

static void a_missing_password_is_said(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_claim_store *store;

	(void)state;
	redis_server_command(server, "CONFIG SET requirepass secret");
	store = open_with(&conf);
	await_down(store, "wants a password");
	store->ops->destroy(store);
	conf.password = (char *)(uintptr_t) "secret";
	store = open_with(&conf);
	claim_fresh(store, "a");
	store->ops->destroy(store);
}

static void a_loading_redis_is_waited_out(void **state)
{
	static const char *const slowly[] = {
	    "--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024", NULL};
	struct wr_claim_store *store = open_store(true);
	struct claiming *c = claiming_one("b", "C|1");

	(void)state;
	claim_fresh(store, "a");
	redis_server_stop(server);
	redis_server_start(server, NULL);
	assert_string_equal(redis_server_command(server, "DEBUG POPULATE 5000"), "OK");
	assert_string_equal(redis_server_command(server, "SAVE"), "OK");
	redis_server_kill(server);
	redis_server_start(server, slowly);
	store->ops->submit(store, &c->set);
	await_down(store, "loading its data");
	assert_true(settles(store, c));
	claiming_free(c);
	store->ops->destroy(store);
}

static void a_cut_connection_loses_nothing(void **state)
{
	struct wr_claim_store *store = open_store(true);
	struct claiming *c;
	char id[16];
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "%d", i);
		c = claiming_one(id, "C|1");
		store->ops->submit(store, &c->set);
		if (i % 2 == 0)
			store->ops->poll(store, claiming_real_now());
		redis_server_command(server, "CLIENT KILL TYPE normal SKIPME yes");
		assert_true(settles(store, c));
		assert_true(claiming_found_nothing(c, 0) || claiming_found(c, 0, "C|1"));
		claiming_free(c);
	}
	store->ops->destroy(store);
}

/* A window of sets over the ids from `first` on, all of one owner. */
static void submit_window(struct wr_claim_store *store, struct claiming **sets, char (*ids)[8],
			  size_t first)
{
	size_t i, j, n;

	for (i = 0; i < WINDOW; i++) {
		sets[i] = claiming_new(SET_SIZE);
		for (j = 0; j < SET_SIZE; j++) {
			n = i * SET_SIZE + j;
			snprintf(ids[n], sizeof(ids[n]), "%zu", first + n);
			claiming_put(sets[i], j, wr_bytes_of(ids[n]), "C|1");
		}
		store->ops->submit(store, &sets[i]->set);
	}
}

static void assert_window_is_ours(struct wr_claim_store *store, struct claiming **sets)
{
	size_t i, j;

	assert_true(settles(store, sets[WINDOW - 1]));
	for (i = 0; i < WINDOW; i++) {
		assert_true(sets[i]->set.done);
		for (j = 0; j < SET_SIZE; j++)
			assert_true(claiming_found_nothing(sets[i], j) ||
				    claiming_found(sets[i], j, "C|1"));
		claiming_free(sets[i]);
	}
}

/* Redis dies (-9) at random moments with a window outstanding; every id must be ours in the end, and another owner
 * must find each of them. */
static void a_killed_redis_loses_nothing_that_it_answered(void **state)
{
	enum { ROUNDS = 6, IDS = WINDOW * SET_SIZE };
	struct wr_claim_store *store = open_store(true);
	struct claiming *sets[WINDOW], *other;
	static char ids[IDS][8];
	struct wr_rng rng;
	size_t round, turns, i, owned = 0;

	(void)state;
	wr_rng_init(&rng, 7);
	for (round = 0; round < ROUNDS; round++) {
		submit_window(store, sets, ids, round * IDS);
		for (turns = wr_rng_upto(&rng, 8); turns > 0; turns--)
			store->ops->poll(store, claiming_real_now());
		redis_server_kill(server);
		store->ops->poll(store, claiming_real_now());
		redis_server_start(server, durable);
		assert_window_is_ours(store, sets);
	}
	other = claiming_new(IDS);
	for (i = 0; i < IDS; i++)
		claiming_put(other, i, wr_bytes_of(ids[i]), "C|2");
	store->ops->submit(store, &other->set);
	assert_true(settles(store, other));
	for (i = 0; i < IDS; i++)
		owned += claiming_found(other, i, "C|1");
	assert_int_equal(owned, IDS);
	claiming_free(other);
	store->ops->destroy(store);
}

static void a_frozen_redis_is_given_up_and_found_again(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_claim_store *store;
	struct claiming *c = claiming_one("b", "C|1");

	(void)state;
	conf.command_timeout_ms = 1000;
	store = open_with(&conf);
	claim_fresh(store, "a");
	redis_server_pause(server);
	store->ops->submit(store, &c->set);
	await_down(store, "redis.command_timeout");
	redis_server_resume(server);
	assert_true(settles(store, c));
	assert_true(claiming_found_nothing(c, 0) || claiming_found(c, 0, "C|1"));
	claiming_free(c);
	store->ops->destroy(store);
}

static void a_redis_that_starts_later_is_found(void **state)
{
	struct wr_claim_store *store = open_store(false);
	struct claiming *c = claiming_one("a", "C|1");

	(void)state;
	redis_server_stop(server);
	store->ops->submit(store, &c->set);
	await_down(store, "can't connect");
	redis_server_start(server, durable);
	assert_true(settles(store, c));
	claiming_free(c);
	store->ops->destroy(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_claim_has_its_key_its_value_and_its_time),
	    TEST(the_connection_bears_the_pipelines_name),
	    TEST(the_database_is_chosen),
	    TEST(a_key_that_is_no_claim_concerns_one_claim),
	    TEST(a_full_redis_is_waited_out),
	    TEST(a_read_only_replica_is_waited_out),
	    TEST(a_replica_without_primary_is_waited_out),
	    TEST(too_few_replicas_are_waited_out),
	    TEST(a_password_that_fits_opens),
	    TEST(a_missing_password_is_said),
	    TEST(a_loading_redis_is_waited_out),
	    TEST(a_cut_connection_loses_nothing),
	    TEST(a_killed_redis_loses_nothing_that_it_answered),
	    TEST(a_frozen_redis_is_given_up_and_found_again),
	    TEST(a_redis_that_starts_later_is_found),
	};

	if (!redis_server_is_installed())
		return REDIS_SERVER_SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
