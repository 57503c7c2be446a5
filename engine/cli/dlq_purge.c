#include "config.h"

#include "cli/commands.h"
#include "cli/dlq_job.h"

static const struct wr_option options[] = {
    WR_DLQ_OPTIONS,     WR_DLQ_FILTER_OPTIONS, {"yes", 'y', NULL, "don't ask"},
    WR_DLQ_JOB_OPTIONS, {NULL, 0, NULL, NULL},
};

static int run(const struct wr_command *command, int argc, char **argv)
{
	return wr_dlq_job_command(command, WR_DLQ_PURGE, argc, argv);
}

const struct wr_command wr_command_dlq_purge = {
    .name = "dlq purge",
    .summary = "give dead letters up",
    .usage = "(--config FILE | --topic TOPIC) [OPTION...] [PARTITION/OFFSET...]",
    .description =
	"Gives dead letters up: those with the given ids, or all open ones that the options mean.\n"
	"They are no longer listed as open and can't be replayed; their records stay until the\n"
	"topic's retention removes them. Asks before it begins, unless --yes is given.\n"
	"\n"
	"Exit status: 0 when all that was asked for was done; 1 when an id was skipped (replayed or\n"
	"purged before, or gone), the job was stopped, cancelled or not confirmed, or Kafka or the\n"
	"topic can't be read or written.\n",
    .options = options,
    .run = run,
};
