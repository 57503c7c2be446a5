#include "config.h"

#include "tests/claim_store/conformance.h"

#include "tests/claim_store/claiming.h"
#include "memory/store.h"
#include "tests/unit.h"

static void nothing(void)
{
}

static void let_pass_ms(int64_t ms)
{
	(void)ms;
}

static struct wr_claim_store *open_store(const char *pipeline, int64_t ttl_ms)
{
	struct wr_claim_store *store;
	struct wr_err err;

	(void)pipeline;
	(void)ttl_ms;
	assert_int_equal(wr_none_store_create(&store, &err), WR_OK);
	return store;
}

int main(void)
{
	const struct conformance_fixture fixture = {
	    .name = "claim store: none",
	    .remembers = false,
	    .set_up = nothing,
	    .tear_down = nothing,
	    .open = open_store,
	    .now_mono_ns = claiming_real_now,
	    .let_pass_ms = let_pass_ms,
	};

	return conformance_run(&fixture);
}
