#include "config.h"

#include "redis/backoff.h"

void wr_redis_backoff_init(struct wr_redis_backoff *backoff, uint64_t seed)
{
	backoff->failures = 0;
	wr_rng_init(&backoff->rng, seed);
}

int64_t wr_redis_backoff_next_ms(struct wr_redis_backoff *backoff)
{
	int64_t full_ms = WR_REDIS_BACKOFF_MIN_MS;
	unsigned i;

	for (i = 0; i < backoff->failures && full_ms < WR_REDIS_BACKOFF_MAX_MS; i++)
		full_ms *= 2;
	if (full_ms > WR_REDIS_BACKOFF_MAX_MS)
		full_ms = WR_REDIS_BACKOFF_MAX_MS;
	backoff->failures++;
	return full_ms / 2 + (int64_t)wr_rng_upto(&backoff->rng, (uint64_t)(full_ms / 2));
}

void wr_redis_backoff_reset(struct wr_redis_backoff *backoff)
{
	backoff->failures = 0;
}
