#include "config.h"

#include "tests/redis/served.h"

#include "redis/backoff.h"
#include "redis/store.h"
#include "tests/unit.h"

#include <stdlib.h>

int served_set_up(void **state)
{
	struct served *s = calloc(1, sizeof(*s));
	struct wr_conf_redis conf;
	struct wr_err err;

	assert_non_null(s);
	wr_clock_fake_init(&s->clock, 0);
	s->fake = fake_new();
	conf = fake_conf(s->fake);
	assert_int_equal(wr_redis_store_create(&conf, "p", 1000, &s->clock.clock, &s->store, &err),
			 WR_OK);
	*state = s;
	return 0;
}

int served_tear_down(void **state)
{
	struct served *s = *state;

	s->store->ops->destroy(s->store);
	fake_free(s->fake);
	free(s);
	return 0;
}

void served_poll(struct served *s)
{
	s->store->ops->poll(s->store, wr_clock_mono_ns(&s->clock.clock));
}

void served_pass_ms(struct served *s, int64_t ms)
{
	wr_clock_fake_advance_ms(&s->clock, ms);
	served_poll(s);
}

void served_connect(struct served *s)
{
	served_poll(s);
	assert_true(fake_accept(s->fake));
	assert_int_equal(fake_count(fake_received(s->fake), "weir:p:probe"), 2);
	fake_send(s->fake, SERVED_GREETING);
	served_poll(s);
}

void served_reconnect(struct served *s)
{
	wr_clock_fake_advance_ms(&s->clock, WR_REDIS_BACKOFF_MAX_MS);
	served_connect(s);
}

bool served_is_up(struct served *s)
{
	return s->store->ops->state(s->store, NULL) == WR_CLAIM_STORE_UP;
}

const char *served_reason(struct served *s)
{
	const char *reason;

	s->store->ops->state(s->store, &reason);
	return reason != NULL ? reason : "";
}

void served_submit(struct served *s, struct claiming *c)
{
	s->store->ops->submit(s->store, &c->set);
}

struct claiming *served_submit_one(struct served *s, const char *id)
{
	struct claiming *c = claiming_one(id, "C|1");

	served_submit(s, c);
	return c;
}

struct claiming *served_submit_many(struct served *s, size_t count)
{
	static const char *const ids[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
	struct claiming *c = claiming_new(count);
	size_t i;

	for (i = 0; i < count; i++)
		claiming_put(c, i, wr_bytes_of(ids[i]), "C|1");
	served_submit(s, c);
	return c;
}

void served_cancel(struct served *s, struct claiming *c)
{
	s->store->ops->cancel(s->store, &c->set);
	claiming_free(c);
}

size_t served_commands_received(struct served *s)
{
	return fake_count(fake_received(s->fake), "$3\r\nSET\r\n");
}

int served_wait_on(struct served *s, short *events_r, int64_t *deadline_ms_r)
{
	int fd = s->store->ops->wait_on(s->store, events_r, deadline_ms_r);

	if (*deadline_ms_r != INT64_MAX)
		*deadline_ms_r =
		    (*deadline_ms_r - wr_clock_mono_ns(&s->clock.clock)) / WR_NS_PER_MS;
	return fd;
}
