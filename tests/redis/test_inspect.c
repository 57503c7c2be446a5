#include "config.h"

#include "redis/inspect.h"

#include "redis/store.h"
#include "tests/redis/fake.h"
#include "tests/redis/server.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

static struct redis_server *server;

/* What an inspection told. */
struct told {
	char warnings[4096];
	char infos[4096];
};

static void tell(void *arg, enum wr_log_level level, const char *sentence)
{
	struct told *told = arg;
	char *text = level == WR_LOG_WARN ? told->warnings : told->infos;

	strcat(text, sentence);
	strcat(text, "\n");
}

static enum wr_code inspect(const struct wr_conf_redis *conf, struct told *told, struct wr_err *err)
{
	struct wr_claim_store *store;
	enum wr_code rc;

	*told = (struct told){"", ""};
	err->text[0] = '\0';
	assert_int_equal(wr_redis_store_create(conf, "pay", 172800000, &wr_clock_real, &store, err),
			 WR_OK);
	rc = store->ops->inspect(store, tell, told, err);
	store->ops->destroy(store);
	return rc;
}

static enum wr_code inspect_server(struct told *told, struct wr_err *err)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);

	return inspect(&conf, told, err);
}

static bool says(const char *text, const char *words)
{
	if (strstr(text, words) != NULL)
		return true;
	print_error("\"%s\" is not in: %s\n", words, text);
	return false;
}

static void a_well_kept_redis_gives_no_warning(void **state)
{
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "CONFIG SET appendonly yes");
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_string_equal(told.warnings, "");
	assert_true(says(told.infos, "claims live for 48 h and take about 162 bytes"));
	assert_true(says(told.infos, "28 GB at 1000 events/s"));
	assert_true(says(told.infos, "no maxmemory"));
	redis_server_command(server, "CONFIG SET appendonly no");
}

static void a_limit_is_turned_into_a_rate(void **state)
{
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "CONFIG SET maxmemory 2gb");
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_true(says(told.infos, "maxmemory of 2.15 GB is enough for 76.7 events/s"));
	redis_server_command(server, "CONFIG SET maxmemory 0");
}

static void eviction_is_warned_of(void **state)
{
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "CONFIG SET maxmemory-policy allkeys-lru");
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_true(says(told.warnings, "maxmemory-policy is allkeys-lru:"));
	assert_true(says(told.warnings, "set it to noeviction"));
	redis_server_command(server, "CONFIG SET maxmemory-policy noeviction");
}

static void missing_persistence_is_warned_of(void **state)
{
	static const char *const snapshots[] = {"--save", "3600 1", NULL};
	struct told told;
	struct wr_err err;

	(void)state;
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_true(says(told.warnings, "keeps its data in memory only"));
	redis_server_stop(server);
	redis_server_start(server, snapshots);
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_true(says(told.warnings, "last snapshot"));
	redis_server_stop(server);
	redis_server_start(server, NULL);
}

static void a_replica_is_unavailable_or_warned_of(void **state)
{
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "REPLICAOF 127.0.0.1 1");
	assert_int_equal(inspect_server(&told, &err), WR_EUNAVAILABLE);
	assert_true(says(err.text, "read-only replica"));
	redis_server_command(server, "CONFIG SET replica-read-only no");
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_true(says(told.warnings, "is a replica"));
	redis_server_command(server, "REPLICAOF NO ONE");
}

static void a_bad_password_is_refused(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "ACL SETUSER weir on >right ~weir:* +@all");
	conf.username = (char *)(uintptr_t) "weir";
	conf.password = (char *)(uintptr_t) "wrong";
	assert_int_equal(inspect(&conf, &told, &err), WR_EREFUSED);
	assert_true(says(err.text, "refuses the user name or the password"));
	assert_null(strstr(err.text, "wrong"));
	conf.password = (char *)(uintptr_t) "right";
	assert_int_equal(inspect(&conf, &told, &err), WR_OK);
}

static void a_user_with_the_least_rights_suffices(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(
	    server, "ACL SETUSER least on >pw ~weir:* -@all +set +get +hget +hset +eval +evalsha");
	conf.username = (char *)(uintptr_t) "least";
	conf.password = (char *)(uintptr_t) "pw";
	assert_int_equal(inspect(&conf, &told, &err), WR_OK);
	assert_true(says(told.warnings, "may not run INFO"));
	redis_server_command(server, "ACL SETUSER least +info");
	assert_int_equal(inspect(&conf, &told, &err), WR_OK);
	assert_true(says(told.warnings, "append-only"));
	redis_server_command(server, "ACL SETUSER least -set");
	assert_int_equal(inspect(&conf, &told, &err), WR_EREFUSED);
	assert_true(says(err.text, "lacks a permission"));
}

static void a_right_that_only_the_script_needs_is_missed_too(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "ACL SETUSER scripted on >pw ~weir:* +@all -hset");
	conf.username = (char *)(uintptr_t) "scripted";
	conf.password = (char *)(uintptr_t) "pw";
	assert_int_equal(inspect(&conf, &told, &err), WR_EREFUSED);
	assert_true(says(err.text, "HGET, HSET, EVAL and EVALSHA"));
}

static void something_in_the_marks_place_is_warned_of(void **state)
{
	struct told told;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "SET weir:pay:m mine");
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_true(says(told.warnings, "the key weir:pay:m holds something that are no marks"));
	redis_server_command(server, "DEL weir:pay:m");
	assert_int_equal(inspect_server(&told, &err), WR_OK);
	assert_null(strstr(told.warnings, "weir:pay:m"));
}

static void nobody_there_is_unavailable(void **state)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct told told;
	struct wr_err err;

	(void)state;
	conf.host = (char *)(uintptr_t) "/nowhere/redis.sock";
	assert_int_equal(inspect(&conf, &told, &err), WR_EUNAVAILABLE);
	assert_true(says(err.text, "can't connect to Redis"));
	conf = redis_server_conf(server, false);
	conf.port = 1;
	assert_int_equal(inspect(&conf, &told, &err), WR_EUNAVAILABLE);
}

/* A server of this process that answers a connection with a fixed text. */
#define PATIENT_MS 30000

struct answering {
	struct fake *fake;
	const char *text;
};

static void *answer_once(void *arg)
{
	struct answering *answering = arg;
	const struct timespec span = {0, 1000000};

	while (!fake_accept(answering->fake))
		nanosleep(&span, NULL);
	fake_send(answering->fake, answering->text);
	return NULL;
}

/* Its silence after that is waited out so long. */
static enum wr_code inspect_fake(const char *text, int patience_ms, struct wr_err *err)
{
	struct answering answering = {fake_new(), text};
	struct wr_conf_redis conf = fake_conf(answering.fake);
	struct told told;
	pthread_t thread;
	enum wr_code rc;

	conf.command_timeout_ms = patience_ms;
	assert_int_equal(pthread_create(&thread, NULL, answer_once, &answering), 0);
	rc = inspect(&conf, &told, err);
	pthread_join(thread, NULL);
	fake_free(answering.fake);
	return rc;
}

static void an_old_redis_is_refused(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(inspect_fake("+OK\r\n-ERR syntax error\r\n", PATIENT_MS, &err),
			 WR_EREFUSED);
	assert_true(says(err.text, "needs Redis 7.0, or Valkey"));
}

static void a_mute_redis_is_unavailable(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(inspect_fake("", 100, &err), WR_EUNAVAILABLE);
	assert_true(says(err.text, "no reply from Redis at unix:fake"));
	assert_int_equal(inspect_fake("+OK\r\n$-1\r\n", 100, &err), WR_EUNAVAILABLE);
}

static void what_is_no_redis_is_unavailable(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(inspect_fake("HTTP/1.1 400 Bad Request\r\n\r\n", PATIENT_MS, &err),
			 WR_EUNAVAILABLE);
}

static void a_loading_redis_is_unavailable(void **state)
{
	struct wr_err err;

	(void)state;
	assert_int_equal(inspect_fake("+OK\r\n-LOADING Redis is loading\r\n", PATIENT_MS, &err),
			 WR_EUNAVAILABLE);
	assert_true(says(err.text, "loading its data"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_well_kept_redis_gives_no_warning),
	    cmocka_unit_test(a_limit_is_turned_into_a_rate),
	    cmocka_unit_test(eviction_is_warned_of),
	    cmocka_unit_test(missing_persistence_is_warned_of),
	    cmocka_unit_test(a_replica_is_unavailable_or_warned_of),
	    cmocka_unit_test(a_bad_password_is_refused),
	    cmocka_unit_test(a_user_with_the_least_rights_suffices),
	    cmocka_unit_test(a_right_that_only_the_script_needs_is_missed_too),
	    cmocka_unit_test(something_in_the_marks_place_is_warned_of),
	    cmocka_unit_test(nobody_there_is_unavailable),
	    cmocka_unit_test(an_old_redis_is_refused),
	    cmocka_unit_test(a_mute_redis_is_unavailable),
	    cmocka_unit_test(what_is_no_redis_is_unavailable),
	    cmocka_unit_test(a_loading_redis_is_unavailable),
	};
	int failed;

	if (!redis_server_is_installed())
		return REDIS_SERVER_SKIP;
	server = redis_server_new();
	redis_server_start(server, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	redis_server_free(server);
	return failed;
}
