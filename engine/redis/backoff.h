/*
 * How long to wait before the next attempt to connect: 50 ms, doubled by each failure up to 5 s, half of it by
 * chance so that lanes and machines don't come all at once. Embedded in its owner; one thread.
 */
#ifndef WR_REDIS_BACKOFF_H
#define WR_REDIS_BACKOFF_H

#include "base/rng.h"

#include <stdint.h>

#define WR_REDIS_BACKOFF_MIN_MS 50
#define WR_REDIS_BACKOFF_MAX_MS 5000

struct wr_redis_backoff {
	unsigned failures; /* since the last success */
	struct wr_rng rng;
};

void wr_redis_backoff_init(struct wr_redis_backoff *backoff, uint64_t seed);

/* Counts a failure and returns the wait. */
int64_t wr_redis_backoff_next_ms(struct wr_redis_backoff *backoff);

void wr_redis_backoff_reset(struct wr_redis_backoff *backoff);

#endif
