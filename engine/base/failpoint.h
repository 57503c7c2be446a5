/*
 * Failpoints: named places where a test makes the engine die, wait or fail. They exist in builds configured with
 * --enable-failpoints only; elsewhere nothing of them is compiled but the check that the name exists.
 *
 *	WEIR_FAILPOINTS="after_claim=kill@3,before_offset_commit=error%10,in_stage=delay(50)"
 *
 * kill ends the process by SIGKILL, delay(MS) sleeps, error makes the step fail where the table says that it can.
 * @N: only the N-th time that the place is reached (from 1, all threads together); %P: with a probability of P
 * percent (fractions are fine). Without either: every time. The names are in base/failpoint_names.inc. The file that
 * uses them includes config.h first.
 */
#ifndef WR_BASE_FAILPOINT_H
#define WR_BASE_FAILPOINT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum wr_failpoint {
#define FAILPOINT(name, can_fail, doc) WR_FAILPOINT_##name,
#include "base/failpoint_names.inc"
#undef FAILPOINT
	WR_FAILPOINT_COUNT
};

#ifdef WR_FAILPOINTS

/* What the environment asks for: call it once, before threads are made. `spec` NULL or empty: nothing. WR_OK, or
 * WR_EINVAL with a sentence that names what exists. [main] */
enum wr_code wr_failpoints_init(const char *spec, uint64_t seed, struct wr_err *err);

/* Acts as it was told to; true when the step must fail. [any] */
bool wr_failpoint_reach(enum wr_failpoint point);

#define WR_FAILPOINT(name) ((void)wr_failpoint_reach(WR_FAILPOINT_##name))
#define WR_FAILPOINT_FAILS(name) (wr_failpoint_reach(WR_FAILPOINT_##name))

#else

#define WR_FAILPOINT(name) ((void)WR_FAILPOINT_##name)
#define WR_FAILPOINT_FAILS(name) ((void)WR_FAILPOINT_##name, false)

#endif

#endif
