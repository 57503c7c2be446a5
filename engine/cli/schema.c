#include "config.h"

#include "cli/commands.h"
#include "conf/load.h"

#include <stdio.h>

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_args args;
	enum wr_code rc;

	wr_args_begin(&args, command, argc, argv);
	if (wr_args_next(&args))
		return wr_args_wrong(command, "takes no argument");
	if (args.exit_status >= 0)
		return args.exit_status;
	rc = wr_conf_json_schema(&text);
	if (rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	else
		fprintf(stderr, "weir schema: %s\n", wr_code_text(rc));
	wr_buf_fini(&text);
	return rc == WR_OK ? WR_EXIT_OK : WR_EXIT_WRONG;
}

const struct wr_command wr_command_schema = {
    .name = "schema",
    .summary = "print the JSON Schema of configuration files, for editors",
    .usage = "",
    .description =
	"Prints the JSON Schema (draft 7) of weir's configuration. An editor that knows YAML then\n"
	"completes and checks keys: weir schema >weir.schema.json, and as the first line of a file\n"
	"  # yaml-language-server: $schema=weir.schema.json\n",
    .run = run,
};
