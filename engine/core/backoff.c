#include "config.h"

#include "core/backoff.h"

#include <math.h>

static int64_t exact_ms(const struct wr_backoff *backoff, unsigned attempt)
{
	double ms = (double)backoff->initial_ms;

	/* A forged retry record may say that it is at attempt four thousand million. */
	if (ms > 0 && attempt > 1)
		ms *= pow(backoff->factor, attempt - 1);
	return ms < (double)backoff->max_ms ? (int64_t)ms : backoff->max_ms;
}

int64_t wr_backoff_ms(const struct wr_backoff *backoff, unsigned attempt, struct wr_rng *rng)
{
	int64_t ms = exact_ms(backoff, attempt);

	if (ms <= 0)
		return 0;
	switch (backoff->jitter) {
	case WR_BACKOFF_EXACT:
		return ms;
	case WR_BACKOFF_EQUAL:
		return ms / 2 + (int64_t)wr_rng_upto(rng, (uint64_t)(ms - ms / 2));
	case WR_BACKOFF_FULL:
		return (int64_t)wr_rng_upto(rng, (uint64_t)ms);
	}
	return ms;
}
