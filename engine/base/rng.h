/*
 * Pseudo-random numbers for jitter and tests (xoshiro256**), one state a thread. Not for secrets.
 */
#ifndef WR_BASE_RNG_H
#define WR_BASE_RNG_H

#include <stdint.h>

struct wr_rng {
	uint64_t s[4];
};

/* The same seed gives the same numbers. */
void wr_rng_init(struct wr_rng *rng, uint64_t seed);
uint64_t wr_rng_next(struct wr_rng *rng);

/* Uniform in [0, bound]; no bias. */
uint64_t wr_rng_upto(struct wr_rng *rng, uint64_t bound);

#endif
