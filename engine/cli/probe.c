/* weir probe: the child in which a reload tries plugins. The engine starts it; it is of no use to people. */
#include "config.h"

#include "cli/commands.h"
#include "host/probe.h"

static int probe(const struct wr_command *command, int argc, char **argv)
{
	struct wr_args args;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args))
		return wr_args_wrong(command, "it takes no arguments");
	return args.exit_status >= 0 ? args.exit_status : wr_probe_serve();
}

const struct wr_command wr_command_probe = {
    .name = "probe",
    .summary = NULL,
    .usage = "",
    .description = "The engine starts it, to try plugins before it loads them.\n",
    .options = NULL,
    .run = probe,
};
