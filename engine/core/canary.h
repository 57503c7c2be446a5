/*
 * A canary: a new generation that runs a share of the keys first. Which keys these are, and what the counts of both
 * generations over the same time say about it. Pure; the caller brings keys, counts and time. [any]
 */
#ifndef WR_CORE_CANARY_H
#define WR_CORE_CANARY_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define WR_CANARY_ALL UINT32_C(1000000) /* shares are counted in millionths */

/* Whether a key is of the share. The same in every process and at every time, and a larger share takes what a smaller
 * one takes. */
bool wr_canary_takes(uint32_t share, struct wr_bytes key);

struct wr_canary_rules {
	int64_t for_ms;
	double max_error_ratio_increase;
	uint64_t min_events;
};

/* Of one generation, since the canary began. */
struct wr_canary_counts {
	uint64_t events; /* that were run */
	uint64_t errors; /* those of them that failed, at least once */
};

/* Errors for each event; 0 without events. */
double wr_canary_ratio(const struct wr_canary_counts *counts);

struct wr_canary_facts {
	struct wr_canary_counts stable, canary;
	int64_t elapsed_ms;
	int64_t
	    broken_ms; /* for so long the canary alone has failed wholesale: wr_circuit_is_doubtful() */
};

/* With fewer events than min_events it is waited for more, but not longer than this many times `for`. */
#define WR_CANARY_PATIENCE 10

/* What goes on for so long is no accident of who met an outage first. */
#define WR_CANARY_BROKEN_MS 1000

#define WR_CANARY_VERDICTS(X)                                                 \
	X(WR_CANARY_GO_ON, "it goes on")                                      \
	X(WR_CANARY_PASSED, "its share of errors was no higher than allowed") \
	X(WR_CANARY_WORSE, "its share of errors is higher than allowed")      \
	X(WR_CANARY_BROKEN, "one of its stages fails wholesale")              \
	X(WR_CANARY_TOO_FEW, "too few events came for a verdict")

enum wr_canary_verdict {
#define X(name, text) name,
	WR_CANARY_VERDICTS(X)
#undef X
};

/* In words. */
const char *wr_canary_verdict_text(enum wr_canary_verdict verdict);

/* PASSED: the new generation takes all keys. GO_ON: it is too early to tell. Otherwise it goes. */
enum wr_canary_verdict wr_canary_judge(const struct wr_canary_rules *rules,
				       const struct wr_canary_facts *facts);

#endif
