/*
 * The script that does in Redis what no single command does: compare-and-set of a claim, and a mark that only goes
 * forwards. Each connection loads it by the EVAL of its greeting and calls it by EVALSHA from then on.
 *
 * A mark is kept behind a stamp "<incarnation>/<next> " of fixed width, so that the order of two marks is the order
 * of their first bytes and the script need not understand the rest.
 */
#ifndef WR_REDIS_SCRIPT_H
#define WR_REDIS_SCRIPT_H

#include <stddef.h>

/* KEYS[1] and
 * "probe": nothing; answers with an error when the user may not run what the script runs.
 * "claim", expect, value, ttl in ms: writes where nothing or `expect` is and answers nil, else with what is there.
 * "mark", field, stamp, text, anyway ("1" or ""): answers nil. */
extern const char wr_redis_script[];

#define WR_REDIS_SCRIPT_SHA1 "b5ec429662df99ba19dd0863ad0113eb0c47a250" /* of wr_redis_script */
#define WR_REDIS_STAMP_BYTES ((size_t)31)

#endif
