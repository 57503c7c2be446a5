#include "config.h"

#include "tests/claim_store/conformance.h"

#include "base/clock.h"
#include "tests/claim_store/claiming.h"
#include "tests/redis/server.h"
#include "redis/store.h"
#include "tests/unit.h"

#include <time.h>

static struct redis_server *server;

static void set_up(void)
{
	redis_server_command(server, "FLUSHALL");
}

static void tear_down(void)
{
}

static struct wr_claim_store *open_store(const char *pipeline, int64_t ttl_ms)
{
	struct wr_conf_redis conf = redis_server_conf(server, true);
	struct wr_claim_store *store;
	struct wr_err err;

	assert_int_equal(
	    wr_redis_store_create(&conf, pipeline, ttl_ms, &wr_clock_real, &store, &err), WR_OK);
	return store;
}

static void let_pass_ms(int64_t ms)
{
	const struct timespec span = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&span, NULL);
}

int main(void)
{
	const struct conformance_fixture fixture = {
	    .name = "claim store: redis",
	    .remembers = true,
	    .set_up = set_up,
	    .tear_down = tear_down,
	    .open = open_store,
	    .now_mono_ns = claiming_real_now,
	    .let_pass_ms = let_pass_ms,
	};
	int failed;

	if (!redis_server_is_installed())
		return REDIS_SERVER_SKIP;
	server = redis_server_new();
	redis_server_start(server, NULL);
	failed = conformance_run(&fixture);
	redis_server_free(server);
	return failed;
}
