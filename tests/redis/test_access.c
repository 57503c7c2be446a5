#include "config.h"

#include "redis/access.h"

#include "tests/redis/server.h"
#include "tests/unit.h"

#include <stdio.h>

static struct redis_server *server;

static int start(void **state)
{
	(void)state;
	redis_server_command(server, "FLUSHALL");
	return 0;
}

static struct wr_redis_access *open_as(const char *user)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_redis_access *access;
	struct wr_err err;

	if (user != NULL) {
		conf.username = (char *)(uintptr_t)user;
		conf.password = (char *)(uintptr_t) "pw";
	}
	assert_int_equal(wr_redis_access_open(&conf, "pay", &access, &err), WR_OK);
	return access;
}

/* Reads the claim on "a": its value must be `value` when the code is WR_OK, else the sentence holds it. */
static void assert_claim(struct wr_redis_access *access, enum wr_code code, const char *value)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_err err = {.text = ""};
	int64_t ttl_ms;

	assert_int_equal(wr_redis_claim_read(access, wr_bytes_of("a"), &text, &ttl_ms, &err), code);
	if (code == WR_OK)
		assert_string_equal(wr_buf_text(&text), value);
	else
		assert_non_null(strstr(err.text, value));
	wr_buf_fini(&text);
}

static void assert_mark(struct wr_redis_access *access, enum wr_code code, const char *value)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_redis_mark_read(access, wr_bytes_of("t/0"), &text, &err), code);
	if (code == WR_OK)
		assert_string_equal(wr_buf_text(&text), value);
	else
		assert_non_null(strstr(err.text, value));
	wr_buf_fini(&text);
}

static void a_claim_is_read_as_it_is_kept(void **state)
{
	struct wr_redis_access *access = open_as(NULL);
	struct wr_buf text = WR_BUF_INIT;
	struct wr_err err;
	int64_t ttl_ms;

	(void)state;
	assert_claim(access, WR_ENOTFOUND, "no claim is kept");
	redis_server_command(server, "SET weir:pay:e:a C|1/t/0/7 PX 600000");
	assert_int_equal(wr_redis_claim_read(access, wr_bytes_of("a"), &text, &ttl_ms, &err),
			 WR_OK);
	assert_string_equal(wr_buf_text(&text), "C|1/t/0/7");
	assert_in_range(ttl_ms, 500000, 600000);
	wr_buf_clear(&text);
	redis_server_command(server, "PERSIST weir:pay:e:a");
	assert_int_equal(wr_redis_claim_read(access, wr_bytes_of("a"), &text, &ttl_ms, &err),
			 WR_OK);
	assert_int_equal(ttl_ms, -1);
	wr_buf_fini(&text);
	wr_redis_access_close(access);
}

static void what_is_no_claim_is_said(void **state)
{
	struct wr_redis_access *access = open_as(NULL);
	char command[600] = "SET weir:pay:e:a ";

	(void)state;
	redis_server_command(server, "LPUSH weir:pay:e:a x");
	assert_claim(access, WR_EINVAL, "no claim");
	memset(command + strlen(command), 'x', WR_CLAIM_VALUE_BYTES + 1);
	redis_server_command(server, "DEL weir:pay:e:a");
	redis_server_command(server, command);
	assert_claim(access, WR_EINVAL, "too long");
	wr_redis_access_close(access);
}

static void a_claim_is_forgotten_once(void **state)
{
	struct wr_redis_access *access = open_as(NULL);
	struct wr_err err;

	(void)state;
	redis_server_command(server, "SET weir:pay:e:a C|1/t/0/7");
	redis_server_command(server, "SET weir:pay:e:b C|1/t/0/8");
	assert_int_equal(wr_redis_claim_forget(access, wr_bytes_of("a"), &err), WR_OK);
	assert_string_equal(redis_server_command(server, "GET weir:pay:e:a"), "(nil)");
	assert_string_equal(redis_server_command(server, "GET weir:pay:e:b"), "C|1/t/0/8");
	assert_int_equal(wr_redis_claim_forget(access, wr_bytes_of("a"), &err), WR_ENOTFOUND);
	redis_server_command(server, "LPUSH weir:pay:e:a x");
	assert_int_equal(wr_redis_claim_forget(access, wr_bytes_of("a"), &err), WR_OK);
	wr_redis_access_close(access);
}

static void a_key_is_the_one_that_engines_use(void **state)
{
	struct wr_redis_access *access = open_as(NULL);
	struct wr_buf key = WR_BUF_INIT;
	char id[129];

	(void)state;
	assert_int_equal(wr_redis_claim_key(access, wr_bytes_of("a b"), &key), WR_OK);
	assert_string_equal(wr_buf_text(&key), "weir:pay:e:a b");
	wr_buf_clear(&key);
	memset(id, 'i', sizeof(id));
	assert_int_equal(wr_redis_claim_key(access, wr_bytes(id, sizeof(id)), &key), WR_OK);
	assert_memory_equal(wr_buf_text(&key), "weir:pay:e:sha256:", 18);
	assert_int_equal(key.size, 18 + 64);
	wr_buf_fini(&key);
	wr_redis_access_close(access);
}

static void a_mark_is_written_over_whatever_is_there(void **state)
{
	const struct wr_mark_write late = {wr_bytes_of("t/0"), wr_bytes_of("late"), 2, 100, true},
				   early = {wr_bytes_of("t/0"), wr_bytes_of("early"), 1, 5, true};
	struct wr_redis_access *access = open_as(NULL);
	struct wr_err err;

	(void)state;
	assert_mark(access, WR_ENOTFOUND, "no mark is kept");
	assert_int_equal(wr_redis_mark_write(access, &late, &err), WR_OK);
	assert_mark(access, WR_OK, "late");
	assert_int_equal(wr_redis_mark_write(access, &early, &err), WR_OK);
	assert_mark(access, WR_OK, "early");
	assert_string_equal(redis_server_command(server, "HGET weir:pay:m t/0"),
			    "0000000001/0000000000000000005 early");
	redis_server_command(server, "HSET weir:pay:m t/0 broken");
	assert_mark(access, WR_OK, "broken");
	wr_redis_access_close(access);
}

static void what_are_no_marks_is_said_and_left_alone(void **state)
{
	const struct wr_mark_write mark = {wr_bytes_of("t/0"), wr_bytes_of("text"), 1, 5, true};
	struct wr_redis_access *access = open_as(NULL);
	struct wr_err err;
	static char command[5000] = "HSET weir:pay:m t/0 ";

	(void)state;
	redis_server_command(server, "SET weir:pay:m mine");
	assert_mark(access, WR_EINVAL, "holds something else");
	assert_int_equal(wr_redis_mark_write(access, &mark, &err), WR_EINVAL);
	assert_string_equal(redis_server_command(server, "GET weir:pay:m"), "mine");
	redis_server_command(server, "DEL weir:pay:m");
	memset(command + strlen(command), 'x', 4200);
	redis_server_command(server, command);
	assert_mark(access, WR_EINVAL, "too long");
	wr_redis_access_close(access);
}

static void a_missing_right_names_its_command(void **state)
{
	const struct wr_mark_write mark = {wr_bytes_of("t/0"), wr_bytes_of("text"), 1, 5, true};
	struct wr_redis_access *access;
	struct wr_err err;

	(void)state;
	redis_server_command(server, "ACL SETUSER weir on >pw ~weir:* -@all +get +hget");
	redis_server_command(server, "SET weir:pay:e:a C|1/t/0/7");
	access = open_as("weir");
	assert_claim(access, WR_EREFUSED, "may not run PTTL");
	assert_int_equal(wr_redis_claim_forget(access, wr_bytes_of("a"), &err), WR_EREFUSED);
	assert_non_null(strstr(err.text, "may not run DEL"));
	assert_int_equal(wr_redis_mark_write(access, &mark, &err), WR_EREFUSED);
	assert_non_null(strstr(err.text, "may not run HSET"));
	wr_redis_access_close(access);
}

static void a_server_that_goes_is_unavailable(void **state)
{
	struct wr_redis_access *access = open_as(NULL);
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_err err;

	(void)state;
	redis_server_stop(server);
	assert_claim(access, WR_EUNAVAILABLE, "Redis at /");
	wr_redis_access_close(access);
	assert_int_equal(wr_redis_access_open(&conf, "pay", &access, &err), WR_EUNAVAILABLE);
	assert_null(access);
	assert_non_null(strstr(err.text, "can't connect"));
	redis_server_start(server, NULL);
	redis_server_command(server, "REPLICAOF 127.0.0.1 1");
	access = open_as(NULL);
	assert_int_equal(wr_redis_claim_forget(access, wr_bytes_of("a"), &err), WR_EUNAVAILABLE);
	assert_non_null(strstr(err.text, "read-only replica"));
	redis_server_command(server, "REPLICAOF NO ONE");
	wr_redis_access_close(access);
	wr_redis_access_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_claim_is_read_as_it_is_kept),
	    TEST(what_is_no_claim_is_said),
	    TEST(a_claim_is_forgotten_once),
	    TEST(a_key_is_the_one_that_engines_use),
	    TEST(a_mark_is_written_over_whatever_is_there),
	    TEST(what_are_no_marks_is_said_and_left_alone),
	    TEST(a_missing_right_names_its_command),
	    TEST(a_server_that_goes_is_unavailable),
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
