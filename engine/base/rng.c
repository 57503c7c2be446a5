#include "config.h"

#include "base/rng.h"

/* splitmix64: spreads a seed over the state, which must not be all zero. */
static uint64_t spread(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void wr_rng_init(struct wr_rng *rng, uint64_t seed)
{
	int i;

	for (i = 0; i < 4; i++)
		rng->s[i] = spread(&seed);
}

uint64_t wr_rng_next(struct wr_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t wr_rng_upto(struct wr_rng *rng, uint64_t bound)
{
	uint64_t range = bound + 1, skip, x;

	if (range == 0)
		return wr_rng_next(rng);
	skip = -range %
	       range; /* 2^64 mod range: the first numbers that would favour the small results */
	do {
		x = wr_rng_next(rng);
	} while (x < skip);
	return x % range;
}
