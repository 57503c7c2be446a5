/*
 * A claim store and the fake Redis it talks to, with a clock that stands: the stage of the store's tests.
 */
#ifndef WR_TESTS_REDIS_SERVED_H
#define WR_TESTS_REDIS_SERVED_H

#include "base/clock.h"
#include "port/claim_store.h"
#include "tests/claim_store/claiming.h"
#include "tests/redis/fake.h"

#include <stdbool.h>

#define SERVED_GREETING "+OK\r\n$-1\r\n$-1\r\n" /* the replies to the name and the probe */

struct served {
	struct fake *fake;
	struct wr_clock_fake clock;
	struct wr_claim_store *store;
};

/* For cmocka: *state is the struct served; the store is not connected. */
int served_set_up(void **state);
int served_tear_down(void **state);

/* One poll of the store. */
void served_poll(struct served *s);

/* Lets time pass, then polls. */
void served_pass_ms(struct served *s, int64_t ms);

/* Polls, takes the connection and answers its greeting; the store is ready then. */
void served_connect(struct served *s);

/* The same after a failure: waits out the backoff first. */
void served_reconnect(struct served *s);

bool served_is_up(struct served *s);

/* The reason while down; "" while up. */
const char *served_reason(struct served *s);

/* A set of claims of the value "C|1", submitted; the caller's, to be freed or cancelled. */
void served_submit(struct served *s, struct claiming *c);
struct claiming *served_submit_one(struct served *s, const char *id);

/* The same of the ids "0" to "<count-1>", 8 at most. */
struct claiming *served_submit_many(struct served *s, size_t count);

/* Cancels and frees it. */
void served_cancel(struct served *s, struct claiming *c);

/* How many claims the fake Redis has got so far. */
size_t served_commands_received(struct served *s);

/* What the store waits for; the deadline in milliseconds from now, INT64_MAX for none. */
int served_wait_on(struct served *s, short *events_r, int64_t *deadline_ms_r);

#endif
