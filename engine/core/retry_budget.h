/*
 * How many retries a stage may make: a share of its recent successes, and a floor so that a quiet stage retries too.
 * It keeps retries from burying a dependency that is slow or has just come back. Pure; the caller brings the time. One
 * thread.
 */
#ifndef WR_CORE_RETRY_BUDGET_H
#define WR_CORE_RETRY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WR_BUDGET_SECONDS 10 /* the sliding window */

struct wr_budget_second {
	int64_t second; /* of the monotonic clock; what stands here is of that second only */
	uint64_t successes;
	uint64_t retries;
};

struct wr_retry_budget {
	double ratio;   /* retries for each success in the window; 0 or less: no bound at all */
	uint64_t floor; /* retries a second that are always allowed */
	int64_t spread_until; /* behind the last turn that was given out */
	struct wr_budget_second seconds[WR_BUDGET_SECONDS];
};

void wr_retry_budget_init(struct wr_retry_budget *budget, double ratio, uint64_t floor);

void wr_retry_budget_note_successes(struct wr_retry_budget *budget, uint64_t count,
				    int64_t now_mono_ns);

/* Takes one retry out of the budget. False: there is none left, and *wait_ns_r is the time after which to ask
 * again, another one for each caller so that they come one by one. */
bool wr_retry_budget_take(struct wr_retry_budget *budget, int64_t now_mono_ns, int64_t *wait_ns_r);

/* The share of the budget that is used, from 0 on; for the metric. */
double wr_retry_budget_used(const struct wr_retry_budget *budget, int64_t now_mono_ns);

#endif
