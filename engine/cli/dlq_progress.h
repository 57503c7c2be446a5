/*
 * How far a job of dead letters has come, for a person: a line that is rewritten on a terminal.
 *
 *	174000 replayed, 19800/s, 826000 of 1000000 left to look at, about 41 s
 *
 * "of" is what was left when it began to run here. Those that are selected are named where not all of them were sent.
 */
#ifndef WR_CLI_DLQ_PROGRESS_H
#define WR_CLI_DLQ_PROGRESS_H

#include "base/clock.h"
#include "dlq/job.h"

#include <stdio.h>

struct wr_dlq_progress {
	const struct wr_clock *clock;
	FILE *out; /* NULL: nobody looks */
	int64_t shown_mono_ns;
	int64_t first_mono_ns; /* when first_left were left; 0: not known yet */
	uint64_t first_left, first_done;
	bool line_open;
};

void wr_dlq_progress_init(struct wr_dlq_progress *progress, const struct wr_clock *clock,
			  FILE *out);

/* Rewrites the line when it is older than 200 ms. */
void wr_dlq_progress_show(struct wr_dlq_progress *progress, const struct wr_dlq_job *job);

/* Takes the line away; what is shown after that is another run. */
void wr_dlq_progress_end(struct wr_dlq_progress *progress);

#endif
