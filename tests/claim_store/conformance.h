/*
 * What every claim store must do, whatever is behind it: one list of tests, run by a program for each store. The
 * fixture says how to come by handles and how time passes.
 */
#ifndef WR_TESTS_CLAIM_STORE_CONFORMANCE_H
#define WR_TESTS_CLAIM_STORE_CONFORMANCE_H

#include "port/claim_store.h"

#include <stdbool.h>
#include <stdint.h>

struct conformance_fixture {
	const char *name;
	bool remembers; /* false: every id is free, always */

	/* Before and after each test. The store is empty then. */
	void (*set_up)(void);
	void (*tear_down)(void);

	/* A handle on the claims of a pipeline, with the same ttl for all of a test; the caller destroys it before
	 * tear_down(). */
	struct wr_claim_store *(*open)(const char *pipeline, int64_t ttl_ms);

	int64_t (*now_mono_ns)(void);
	void (*let_pass_ms)(int64_t ms);
};

/* Runs all tests; returns the number that failed. */
int conformance_run(const struct conformance_fixture *fixture);

/* Those of take-overs and marks; part of the above. */
int conformance_marks_run(const struct conformance_fixture *fixture);

#endif
