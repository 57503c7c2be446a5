#include "config.h"

#include "cli/commands.h"
#include "cli/dlq_job.h"

static const struct wr_option options[] = {
    WR_DLQ_OPTIONS,
    WR_DLQ_FILTER_OPTIONS,
    {"to", 0, "stage|start",
     "where they go on; default: the stage where that can be, or the start"},
    {"value-file", 0, "FILE", "send this value instead (one id); the original goes with it"},
    {"rate", 'r', "N", "no more than N a second"},
    {"force", 0, NULL, "also those that were replayed 3 times"},
    WR_DLQ_JOB_OPTIONS,
    {NULL, 0, NULL, NULL},
};

static int run(const struct wr_command *command, int argc, char **argv)
{
	return wr_dlq_job_command(command, WR_DLQ_REPLAY, argc, argv);
}

const struct wr_command wr_command_dlq_replay = {
    .name = "dlq replay",
    .summary = "send dead letters round again",
    .usage = "(--config FILE | --topic TOPIC --pipeline NAME) [OPTION...] [PLACE...]",
    .description =
	"Sends dead letters to their pipeline's retry topic: those with the given ids, or all open\n"
	"ones that the options mean. Each is sent exactly once and is no longer open then, even when\n"
	"this command is killed half-way: --resume goes on with the job, Ctrl-C stops it, --cancel\n"
	"ends it for good. --dry-run says what would be done.\n"
	"\n"
	"Exit status: 0 when all that was asked for was done; 1 when something was refused, an id was\n"
	"skipped (replayed or purged before, or gone), the job was stopped or cancelled, or Kafka or\n"
	"the topic can't be read or written. A dry run ends as the run would.\n",
    .options = options,
    .run = run,
};
