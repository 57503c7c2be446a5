#include "config.h"

#include "base/json.h"
#include "cli/commands.h"
#include "weir/plugin.h"

#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <stdio.h>

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct wr_args args;

	wr_args_begin(&args, command, argc, argv);
	if (wr_args_next(&args))
		return wr_args_wrong(command, "takes no argument");
	if (args.exit_status >= 0)
		return args.exit_status;
	printf("weir %s\n"
	       "plugin ABI %d.%d\n"
	       "librdkafka %s\n"
	       "hiredis %d.%d.%d\n"
	       "libmicrohttpd %s\n"
	       "simdjson %s\n",
	       PACKAGE_VERSION, WEIR_ABI_MAJOR, WEIR_ABI_MINOR, rd_kafka_version_str(),
	       HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, MHD_get_version(),
	       wr_json_parser_version());
#ifdef WR_FAILPOINTS
	puts("failpoints compiled in: for tests only");
#endif
	return WR_EXIT_OK;
}

const struct wr_command wr_command_version = {
    .name = "version",
    .summary = "print the versions of weir and of what it is built on",
    .usage = "",
    .description = "Prints the version of weir, of its plugin ABI, and of the libraries it uses.\n",
    .run = run,
};
