/*
 * What `weir dlq replay` and `weir dlq purge` have in common: choosing dead letters, making a job of it, running,
 * resuming and cancelling it, and saying what came of it.
 */
#ifndef WR_CLI_DLQ_JOB_H
#define WR_CLI_DLQ_JOB_H

#include "cli/dlq_args.h"
#include "dlq/run.h"

#define WR_DLQ_JOB_OPTIONS                                                      \
	{"all", 'a', NULL, "all open ones, when no id and no filter is given"}, \
	    {"dry-run", 0, NULL, "only count what would be done"},              \
	    {"resume", 0, "JOB", "go on with a job that was stopped"},          \
	    {"cancel", 0, "JOB", "end a job for good, wherever it runs"},       \
	    {"jobs", 0, NULL, "list the jobs, the newest first"},               \
	    {"quiet", 'q', NULL, "show no progress"},                           \
	{                                                                       \
		"json", 'j', NULL, "print the job as a JSON object"             \
	}

/* Runs the command. */
int wr_dlq_job_command(const struct wr_command *command, enum wr_dlq_kind kind, int argc,
		       char **argv);

#endif
