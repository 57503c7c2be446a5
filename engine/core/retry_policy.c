#include "config.h"

#include "core/retry_policy.h"

#include <stdbool.h>
#include <string.h>

static bool is_permanent(const struct wr_retry_policy *policy, const char *code)
{
	for (size_t i = 0; code != NULL && i < policy->permanent_count; i++) {
		if (strcmp(policy->permanent[i], code) == 0)
			return true;
	}
	return false;
}

enum wr_retry_decision wr_retry_decide(const struct wr_retry_policy *policy,
				       const struct wr_retry_ask *ask, struct wr_rng *rng,
				       int64_t *wait_ms_r)
{
	int64_t wait_ms = ask->retry_after_ms;

	if (wait_ms == 0)
		wait_ms = wr_backoff_ms(&policy->backoff, ask->attempt, rng);
	*wait_ms_r = wait_ms;
	if (is_permanent(policy, ask->code))
		return WR_RETRY_PERMANENT;
	if (ask->attempt >= policy->attempts)
		return WR_RETRY_EXHAUSTED;
	if (policy->deadline_ms > 0 &&
	    ask->now_ms - ask->first_failed_at_ms > policy->deadline_ms - wait_ms)
		return WR_RETRY_EXHAUSTED;
	return WR_RETRY_AGAIN;
}
