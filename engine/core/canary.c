#include "config.h"

#include "core/canary.h"

#include "base/map.h"

#include <math.h>

/* Apart from every other use of the hash, the partitioner's among them. */
#define KEY_SEED UINT64_C(0x77656972636e7279)

/* So many standard deviations beyond what is allowed are no accident. */
#define CLEARLY 3.0

static const char *const texts[] = {
#define X(name, text) text,
    WR_CANARY_VERDICTS(X)
#undef X
};

const char *wr_canary_verdict_text(enum wr_canary_verdict verdict)
{
	return texts[verdict];
}

bool wr_canary_takes(uint32_t share, struct wr_bytes key)
{
	uint64_t upper = wr_hash_fixed(key, KEY_SEED) >> 32;

	return (upper * WR_CANARY_ALL) >> 32 < share;
}

double wr_canary_ratio(const struct wr_canary_counts *counts)
{
	return counts->events > 0 ? (double)counts->errors / (double)counts->events : 0;
}

static double variance(const struct wr_canary_counts *counts)
{
	double ratio = wr_canary_ratio(counts);

	return counts->events > 0 ? ratio * (1 - ratio) / (double)counts->events : 0;
}

static bool is_clearly_worse(const struct wr_canary_facts *facts, double excess)
{
	return excess > CLEARLY * sqrt(variance(&facts->stable) + variance(&facts->canary));
}

enum wr_canary_verdict wr_canary_judge(const struct wr_canary_rules *rules,
				       const struct wr_canary_facts *facts)
{
	bool enough = facts->canary.events >= rules->min_events;
	bool over = facts->elapsed_ms >= rules->for_ms;
	double excess = wr_canary_ratio(&facts->canary) - wr_canary_ratio(&facts->stable) -
			rules->max_error_ratio_increase;

	if (facts->broken_ms >= WR_CANARY_BROKEN_MS)
		return WR_CANARY_BROKEN;
	if (excess > 0 && (over || (enough && is_clearly_worse(facts, excess))))
		return WR_CANARY_WORSE;
	if (over && enough)
		return WR_CANARY_PASSED;
	return facts->elapsed_ms / WR_CANARY_PATIENCE >= rules->for_ms ? WR_CANARY_TOO_FEW
								       : WR_CANARY_GO_ON;
}
