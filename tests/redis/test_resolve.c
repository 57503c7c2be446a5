#include "config.h"

#include "redis/resolve.h"

#include "tests/unit.h"

#include <poll.h>

#define PATIENCE_MS 20000

/* A label over 63 bytes: no resolver asks the network about it. */
#define NO_HOST                                                            \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxx.invalid"

static enum wr_code answer(const char *host, struct wr_redis_addresses *addresses,
			   struct wr_err *err)
{
	struct wr_redis_resolve *resolve;
	struct pollfd waiting = {.events = POLLIN};
	enum wr_code rc;

	assert_int_equal(wr_redis_resolve_start(host, &resolve, err), WR_OK);
	waiting.fd = wr_redis_resolve_fd(resolve);
	assert_int_equal(poll(&waiting, 1, PATIENCE_MS), 1);
	rc = wr_redis_resolve_take(resolve, addresses, err);
	wr_redis_resolve_destroy(resolve);
	return rc;
}

static void a_name_becomes_addresses(void **state)
{
	struct wr_redis_addresses addresses;
	struct wr_err err;
	size_t i;

	(void)state;
	assert_int_equal(answer("localhost", &addresses, &err), WR_OK);
	assert_in_range(addresses.count, 1, WR_REDIS_ADDRESSES);
	for (i = 0; i < addresses.count; i++)
		assert_true(wr_redis_is_address(addresses.items[i]));
}

static void a_name_that_is_none_is_said_so(void **state)
{
	struct wr_redis_addresses addresses;
	struct wr_err err;

	(void)state;
	assert_int_equal(answer(NO_HOST, &addresses, &err), WR_ENOTFOUND);
	assert_int_equal(addresses.count, 0);
	assert_non_null(strstr(err.text, "can't resolve"));
}

static void one_may_stop_waiting(void **state)
{
	struct wr_redis_resolve *resolve;
	struct wr_err err;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_int_equal(wr_redis_resolve_start("localhost", &resolve, &err), WR_OK);
		wr_redis_resolve_destroy(resolve);
	}
	wr_redis_resolve_destroy(NULL);
}

static void addresses_need_no_question(void **state)
{
	(void)state;
	assert_true(wr_redis_is_address("127.0.0.1"));
	assert_true(wr_redis_is_address("::1"));
	assert_false(wr_redis_is_address("localhost"));
	assert_false(wr_redis_is_address("127.0.0"));
	assert_false(wr_redis_is_address(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_becomes_addresses),
	    cmocka_unit_test(a_name_that_is_none_is_said_so),
	    cmocka_unit_test(one_may_stop_waiting),
	    cmocka_unit_test(addresses_need_no_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
