/*
 * What `weir send` has done so far: a line that is rewritten on a terminal, one line per failure, a summary.
 */
#ifndef WR_CLI_PROGRESS_H
#define WR_CLI_PROGRESS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>

struct wr_progress {
	const struct wr_clock *clock;
	FILE *out;
	bool is_terminal;
	bool line_open; /* a progress line stands on the terminal */
	int64_t start_mono_ns;
	int64_t shown_mono_ns;
	unsigned long long
	    sent; /* lines that were tried: in the end each of them acked or failed */
	unsigned long long acked;
	unsigned long long failed;
};

void wr_progress_init(struct wr_progress *progress, const struct wr_clock *clock, FILE *out,
		      bool is_terminal);

/* Rewrites the line on a terminal when it is older than 200 ms. */
void wr_progress_show(struct wr_progress *progress);

/* Counts a failure and says which line and why. */
void wr_progress_fail(struct wr_progress *progress, unsigned long long line, const char *why);

/* A note that stands by itself: "Kafka is not reachable; trying on". */
void wr_progress_note(struct wr_progress *progress, const char *text);

/* The last line: counts, time, rate. */
void wr_progress_finish(struct wr_progress *progress);

#endif
