/*
 * When to try again: exponential backoff with jitter. Pure arithmetic; the caller brings the random numbers.
 * Full and equal jitter are those of "Exponential Backoff And Jitter" (M. Brooker, AWS Architecture Blog, 2015).
 */
#ifndef WR_CORE_BACKOFF_H
#define WR_CORE_BACKOFF_H

#include "base/rng.h"

#include <stdint.h>

enum wr_jitter {
	WR_BACKOFF_EXACT, /* the delay itself */
	WR_BACKOFF_EQUAL, /* half of it, and a random part of the other half */
	WR_BACKOFF_FULL   /* a random part of it */
};

struct wr_backoff {
	int64_t initial_ms;
	double factor; /* >= 1 */
	int64_t max_ms;
	enum wr_jitter jitter;
};

/* The wait in ms before attempt `attempt + 1`, after `attempt` (from 1) has failed. Never negative. */
int64_t wr_backoff_ms(const struct wr_backoff *backoff, unsigned attempt, struct wr_rng *rng);

#endif
