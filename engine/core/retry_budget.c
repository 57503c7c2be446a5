#include "config.h"

#include "core/retry_budget.h"

#include "base/clock.h"

void wr_retry_budget_init(struct wr_retry_budget *budget, double ratio, uint64_t floor)
{
	*budget = (struct wr_retry_budget){.ratio = ratio, .floor = floor > 0 ? floor : 1};
	for (size_t i = 0; i < WR_BUDGET_SECONDS; i++)
		budget->seconds[i].second = -1;
}

static struct wr_budget_second *second_of(struct wr_retry_budget *budget, int64_t now_mono_ns)
{
	int64_t second = now_mono_ns / WR_NS_PER_S;
	struct wr_budget_second *at = &budget->seconds[second % WR_BUDGET_SECONDS];

	if (at->second != second)
		*at = (struct wr_budget_second){.second = second};
	return at;
}

void wr_retry_budget_note_successes(struct wr_retry_budget *budget, uint64_t count,
				    int64_t now_mono_ns)
{
	second_of(budget, now_mono_ns)->successes += count;
}

struct sums {
	uint64_t successes, retries, retries_now;
};

static struct sums sum_up(const struct wr_retry_budget *budget, int64_t now_mono_ns)
{
	int64_t now = now_mono_ns / WR_NS_PER_S;
	struct sums sums = {0, 0, 0};

	for (size_t i = 0; i < WR_BUDGET_SECONDS; i++) {
		const struct wr_budget_second *at = &budget->seconds[i];

		if (at->second <= now - WR_BUDGET_SECONDS || at->second > now || at->second < 0)
			continue;
		sums.successes += at->successes;
		sums.retries += at->retries;
		if (at->second == now)
			sums.retries_now = at->retries;
	}
	return sums;
}

bool wr_retry_budget_take(struct wr_retry_budget *budget, int64_t now_mono_ns, int64_t *wait_ns_r)
{
	struct wr_budget_second *at = second_of(budget, now_mono_ns);
	struct sums sums = sum_up(budget, now_mono_ns);
	int64_t turn_ns = WR_NS_PER_S / (int64_t)budget->floor;

	*wait_ns_r = 0;
	if (budget->ratio <= 0 || sums.retries_now < budget->floor ||
	    (double)sums.retries < (double)sums.successes * budget->ratio) {
		at->retries++;
		return true;
	}
	if (budget->spread_until < now_mono_ns)
		budget->spread_until = now_mono_ns;
	budget->spread_until += turn_ns;
	*wait_ns_r = budget->spread_until - now_mono_ns;
	return false;
}

double wr_retry_budget_used(const struct wr_retry_budget *budget, int64_t now_mono_ns)
{
	struct sums sums = sum_up(budget, now_mono_ns);
	double allowed =
	    (double)sums.successes * budget->ratio + (double)budget->floor * WR_BUDGET_SECONDS;

	return budget->ratio <= 0 ? 0 : (double)sums.retries / allowed;
}
