#include "config.h"

#include "tests/claim_store/claiming.h"

#include "base/clock.h"
#include "tests/unit.h"

#include <poll.h>
#include <stdlib.h>

#define PATIENCE_NS (INT64_C(10) * WR_NS_PER_S)

struct claiming *claiming_new(size_t count)
{
	struct claiming *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	wr_claim_set_init(&c->set);
	c->claims = calloc(count > 0 ? count : 1, sizeof(c->claims[0]));
	assert_non_null(c->claims);
	c->set.claims = c->claims;
	c->set.count = count;
	return c;
}

void claiming_free(struct claiming *c)
{
	wr_claim_set_fini(&c->set);
	free(c->claims);
	free(c);
}

void claiming_put(struct claiming *c, size_t index, struct wr_bytes id, const char *value)
{
	c->claims[index].id = id;
	c->claims[index].value = wr_bytes_of(value);
}

struct claiming *claiming_one(const char *id, const char *value)
{
	struct claiming *c = claiming_new(1);

	claiming_put(c, 0, wr_bytes_of(id), value);
	return c;
}

void claiming_turn(struct wr_claim_store *store, int64_t (*now_mono_ns)(void))
{
	struct pollfd waiting = {.fd = -1};
	int64_t deadline;

	store->ops->poll(store, now_mono_ns());
	waiting.fd = store->ops->wait_on(store, &waiting.events, &deadline);
	if (deadline > now_mono_ns())
		poll(&waiting, 1, 10);
}

bool claiming_settle(struct wr_claim_store *store, struct claiming *c, int64_t (*now_mono_ns)(void))
{
	int64_t give_up = claiming_real_now() + PATIENCE_NS;

	while (!c->set.done && claiming_real_now() < give_up)
		claiming_turn(store, now_mono_ns);
	return c->set.done && !c->set.submitted;
}

int64_t claiming_real_now(void)
{
	return wr_clock_mono_ns(&wr_clock_real);
}

bool claiming_found_nothing(const struct claiming *c, size_t index)
{
	return c->claims[index].outcome == WR_CLAIM_NOTHING && c->claims[index].found.data == NULL;
}

bool claiming_found(const struct claiming *c, size_t index, const char *value)
{
	return c->claims[index].outcome == WR_CLAIM_VALUE &&
	       wr_bytes_equal(c->claims[index].found, wr_bytes_of(value));
}
