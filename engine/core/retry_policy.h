/*
 * What becomes of an event whose handler asked for a retry: another attempt and when, or the end of it. Pure; the
 * caller brings the time and the random numbers.
 */
#ifndef WR_CORE_RETRY_POLICY_H
#define WR_CORE_RETRY_POLICY_H

#include "core/backoff.h"

#include <stddef.h>

/* Of a stage. The lists are borrowed. */
struct wr_retry_policy {
	uint32_t attempts;   /* calls at most, the first included */
	int64_t deadline_ms; /* from the first failure to the last attempt; 0: none */
	struct wr_backoff backoff;
	char *const *permanent; /* codes with which a retry is pointless */
	size_t permanent_count;
};

/* A call that ended in WEIR_RETRY. */
struct wr_retry_ask {
	uint32_t attempt;           /* that has just ended, from 1 */
	const char *code;           /* NULL: the handler gave none */
	int64_t retry_after_ms;     /* asked for by the handler, wins over the backoff; 0: not */
	int64_t first_failed_at_ms; /* of the event */
	int64_t now_ms;             /* on the same clock */
};

enum wr_retry_decision {
	WR_RETRY_AGAIN,     /* in *wait_ms_r */
	WR_RETRY_PERMANENT, /* the policy calls its code permanent */
	WR_RETRY_EXHAUSTED  /* no attempt is left, or none before the deadline */
};

/* *wait_ms_r is set in any case: what the wait would be, for who goes on all the same. */
enum wr_retry_decision wr_retry_decide(const struct wr_retry_policy *policy,
				       const struct wr_retry_ask *ask, struct wr_rng *rng,
				       int64_t *wait_ms_r);

#endif
