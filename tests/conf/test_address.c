#include "tests/unit.h"

#include "base/secret.h"
#include "conf/address.h"

#include <stdlib.h>

static void a_listener_has_a_literal_address_and_a_port(void **state)
{
	static const struct {
		const char *text, *host, *error;
		int port;
	} cases[] = {
	    {"127.0.0.1:8080", "127.0.0.1", NULL, 8080},
	    {"0.0.0.0:0", "0.0.0.0", NULL, 0},
	    {"[::1]:65535", "::1", NULL, 65535},
	    {"[::]:80", "::", NULL, 80},
	    {"localhost:80", "127.0.0.1", NULL, 80},
	    {"127.0.0.1", NULL, "there is no port", 0},
	    {"[::1]", NULL, "there is no port", 0},
	    {"[::1", NULL, "there is no port", 0},
	    {"[::1]x80", NULL, "there is no port", 0},
	    {"", NULL, "there is no port", 0},
	    {"8080", NULL, "there is no port", 0},
	    {"127.0.0.1:", NULL, "the port is not a number from 0 to 65535", 0},
	    {"127.0.0.1:65536", NULL, "the port is not a number from 0 to 65535", 0},
	    {"127.0.0.1:-1", NULL, "the port is not a number from 0 to 65535", 0},
	    {"127.0.0.1:99999999999999999999", NULL, "the port is not a number from 0 to 65535", 0},
	    {"::1:80", NULL, "the port is not a number from 0 to 65535", 0},
	    {"example.org:80", NULL, "the host is not an IP address", 0},
	    {"[127.0.0.1]:80", NULL, "the host is not an IP address", 0},
	    {"256.0.0.1:80", NULL, "the host is not an IP address", 0},
	    {":80", NULL, "write 0.0.0.0 or [::] for all addresses", 0},
	    {"*:80", NULL, "write 0.0.0.0 or [::] for all addresses", 0},
	};
	struct wr_conf_listener listener;
	struct wr_err err;
	enum wr_code rc;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		memset(&listener, 0, sizeof(listener));
		rc = wr_address_listen(wr_bytes_of(cases[i].text), &listener, &err);
		if (cases[i].error != NULL) {
			assert_int_equal(rc, WR_EINVAL);
			assert_null(listener.host);
			assert_string_equal(err.text, cases[i].error);
			continue;
		}
		assert_int_equal(rc, WR_OK);
		assert_string_equal(listener.host, cases[i].host);
		assert_int_equal(listener.port, cases[i].port);
		free(listener.host);
	}
}

static void the_loopback_is_known(void **state)
{
	(void)state;
	assert_true(wr_address_is_loopback("127.0.0.1"));
	assert_true(wr_address_is_loopback("127.9.9.9"));
	assert_true(wr_address_is_loopback("::1"));
	assert_false(wr_address_is_loopback("0.0.0.0"));
	assert_false(wr_address_is_loopback("128.0.0.1"));
	assert_false(wr_address_is_loopback("::"));
	assert_false(wr_address_is_loopback("::ffff:127.0.0.1")); /* of another family's socket */
	assert_false(wr_address_is_loopback("::ffff:0.0.0.0"));
	assert_false(wr_address_is_loopback("localhost"));
	assert_false(wr_address_is_loopback(""));
}

static bool collide(const char *a, int a_port, const char *b, int b_port)
{
	char a_host[64], b_host[64];
	struct wr_conf_listener one = {.host = a_host, .port = a_port};
	struct wr_conf_listener two = {.host = b_host, .port = b_port};

	strcpy(a_host, a);
	strcpy(b_host, b);
	return wr_address_collide(&one, &two);
}

static void two_listeners_collide_on_one_port_of_one_address(void **state)
{
	(void)state;
	assert_true(collide("127.0.0.1", 80, "127.0.0.1", 80));
	assert_true(collide("0.0.0.0", 80, "127.0.0.1", 80));
	assert_true(collide("::1", 80, "::", 80));
	assert_false(collide("127.0.0.1", 80, "127.0.0.1", 81));
	assert_false(collide("127.0.0.1", 80, "127.0.0.2", 80));
	assert_false(collide("127.0.0.1", 0, "127.0.0.1", 0));
}

static void redis_fini(struct wr_conf_redis *redis)
{
	free(redis->host);
	free(redis->username);
	wr_secret_free(&redis->password);
	free(redis->display);
}

static void assert_text(const char *text, const char *expected)
{
	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void a_redis_url_is_cut_into_its_parts(void **state)
{
	static const struct {
		const char *url, *host, *user, *password, *display;
		int port, database;
		bool is_unix;
	} cases[] = {
	    {"redis://h", "h", NULL, NULL, "redis://h:6379/0", 6379, 0, false},
	    {"redis://h/", "h", NULL, NULL, "redis://h:6379/0", 6379, 0, false},
	    {"redis://h:1/15", "h", NULL, NULL, "redis://h:1/15", 1, 15, false},
	    {"redis://[::1]:7/2", "::1", NULL, NULL, "redis://[::1]:7/2", 7, 2, false},
	    {"redis://:pw@h", "h", NULL, "pw", "redis://h:6379/0", 6379, 0, false},
	    {"redis://u@h", "h", "u", NULL, "redis://u@h:6379/0", 6379, 0, false},
	    {"redis://u:p%40%3a@h", "h", "u", "p@:", "redis://u@h:6379/0", 6379, 0, false},
	    {"redis://u:a@b@h", "h", "u", "a@b", "redis://u@h:6379/0", 6379, 0, false},
	    {"unix:///run/r.sock", "/run/r.sock", NULL, NULL, "unix:///run/r.sock?db=0", 0, 0,
	     true},
	    {"unix:///r?db=4", "/r", NULL, NULL, "unix:///r?db=4", 0, 4, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		struct wr_conf_redis redis = {.port = 0};

		assert_int_equal(wr_address_redis(wr_bytes_of(cases[i].url), &redis, NULL), WR_OK);
		assert_text(redis.host, cases[i].host);
		assert_text(redis.username, cases[i].user);
		assert_text(redis.password, cases[i].password);
		assert_text(redis.display, cases[i].display);
		assert_int_equal(redis.port, cases[i].port);
		assert_int_equal(redis.database, cases[i].database);
		assert_int_equal(redis.is_unix, cases[i].is_unix);
		redis_fini(&redis);
	}
}

static void a_bad_redis_url_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *url, *error;
	} cases[] = {
	    {"", "it begins with neither redis:// nor unix://"},
	    {"localhost:6379", "it begins with neither redis:// nor unix://"},
	    {"http://h", "it begins with neither redis:// nor unix://"},
	    {"rediss://h", "TLS to Redis is not supported by this version of weir"},
	    {"redis://", "there is no host"},
	    {"redis:///0", "there is no host"},
	    {"redis://:pw@", "there is no host"},
	    {"redis://[::1", "there is no host"},
	    {"redis://h:0", "the port is not a number from 1 to 65535"},
	    {"redis://h:x", "the port is not a number from 1 to 65535"},
	    {"redis://h:65536", "the port is not a number from 1 to 65535"},
	    {"redis://h/x", "the database after the / is not a number"},
	    {"redis://h/-1", "the database after the / is not a number"},
	    {"redis://h/0?x=1", "the database after the / is not a number"},
	    {"redis://:a%4@h", "a %XX in the user or password can't be read"},
	    {"redis://:a%zz@h", "a %XX in the user or password can't be read"},
	    {"redis://:a%00@h", "a %XX in the user or password can't be read"},
	    {"redis://%@h", "a %XX in the user or password can't be read"},
	    {"unix://relative", "the path of the socket is not absolute"},
	    {"unix://", "the path of the socket is not absolute"},
	    {"unix:///", "the path of the socket is not absolute"},
	    {"unix:///r?x=1", "what follows the path is not ?db=number"},
	    {"unix:///r?db=", "what follows the path is not ?db=number"},
	    {"unix:///r?db=1&x", "what follows the path is not ?db=number"},
	};
	struct wr_err err;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		struct wr_conf_redis redis = {.port = 0};

		assert_int_equal(wr_address_redis(wr_bytes_of(cases[i].url), &redis, &err),
				 WR_EINVAL);
		assert_string_equal(err.text, cases[i].error);
		redis_fini(&redis);
	}
}

static void a_socket_path_must_fit_the_system(void **state)
{
	char url[200] = "unix:///";
	struct wr_conf_redis redis = {.port = 0};
	struct wr_err err;

	(void)state;
	memset(url + 8, 'a', 107);
	assert_int_equal(wr_address_redis(wr_bytes_of(url), &redis, &err), WR_EINVAL);
	assert_string_equal(err.text, "the path of the socket is longer than 107 bytes");
	url[8 + 106] = '\0';
	assert_int_equal(wr_address_redis(wr_bytes_of(url), &redis, &err), WR_OK);
	redis_fini(&redis);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_listener_has_a_literal_address_and_a_port),
	    cmocka_unit_test(the_loopback_is_known),
	    cmocka_unit_test(two_listeners_collide_on_one_port_of_one_address),
	    cmocka_unit_test(a_redis_url_is_cut_into_its_parts),
	    cmocka_unit_test(a_bad_redis_url_is_refused_with_a_reason),
	    cmocka_unit_test(a_socket_path_must_fit_the_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
