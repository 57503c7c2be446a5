#include "config.h"

#include "tests/claim_store/conformance.h"

#include "base/clock.h"
#include "memory/store.h"
#include "tests/unit.h"

#define MAX_IDS ((size_t)1000 * 1000)

static struct wr_clock_fake time_is;

/* The claims by pipeline: the engine keeps them the same way. */
static struct {
	const char *pipeline;
	struct wr_memory_claims *claims;
} shared[2];

static void set_up(void)
{
	wr_clock_fake_init(&time_is, 0);
}

static void tear_down(void)
{
	size_t i;

	for (i = 0; i < UNIT_COUNT_OF(shared); i++) {
		wr_memory_claims_unref(shared[i].claims);
		shared[i].claims = NULL;
		shared[i].pipeline = NULL;
	}
}

static struct wr_claim_store *open_store(const char *pipeline, int64_t ttl_ms)
{
	struct wr_claim_store *store;
	struct wr_err err;
	size_t i = 0;

	while (shared[i].pipeline != NULL && strcmp(shared[i].pipeline, pipeline) != 0)
		i++;
	assert_true(i < UNIT_COUNT_OF(shared));
	if (shared[i].claims == NULL) {
		shared[i].pipeline = pipeline;
		assert_int_equal(wr_memory_claims_create(ttl_ms, MAX_IDS, &shared[i].claims),
				 WR_OK);
	}
	assert_int_equal(wr_memory_store_create(shared[i].claims, &store, &err), WR_OK);
	return store;
}

static int64_t now_mono_ns(void)
{
	return wr_clock_mono_ns(&time_is.clock);
}

static void let_pass_ms(int64_t ms)
{
	wr_clock_fake_advance_ms(&time_is, ms);
}

int main(void)
{
	const struct conformance_fixture fixture = {
	    .name = "claim store: memory",
	    .remembers = true,
	    .set_up = set_up,
	    .tear_down = tear_down,
	    .open = open_store,
	    .now_mono_ns = now_mono_ns,
	    .let_pass_ms = let_pass_ms,
	};

	return conformance_run(&fixture);
}
