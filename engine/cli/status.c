/* weir status: what a running engine does now. */
#include "config.h"

#include "cli/commands.h"
#include "cli/engine_view.h"
#include "cli/pipeline_args.h"

static const struct wr_option options[] = {
    WR_ADMIN_OPTIONS,
    {"partitions", 'p', NULL, "list the partitions too"},
    {"json", 'j', NULL, "as the engine says it: one JSON object"},
    {NULL, 0, NULL, NULL},
};

static void print_body(const struct wr_admin_client *client)
{
	struct wr_bytes body = wr_admin_client_body(client);

	fwrite(body.data, 1, body.size, stdout);
	fputc('\n', stdout);
}

static void print_text(struct wr_admin_client *client, bool shows_partitions)
{
	struct wr_buf out = WR_BUF_INIT;

	wr_engine_view_head(client, &out);
	(void)wr_buf_append_text(&out, "\n");
	wr_engine_view_pipelines(client, &out);
	if (shows_partitions) {
		(void)wr_buf_append_text(&out, "\n");
		wr_engine_view_partitions(client, &out);
	}
	(void)wr_buf_append_text(&out, "\n");
	wr_engine_view_plugins(client, &out);
	fwrite(out.data, 1, out.size, stdout);
	wr_buf_fini(&out);
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct wr_admin_args where = {.url = NULL};
	struct wr_admin_client *client;
	bool json = false, partitions = false;
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_args_is(&args, "json"))
			json = true;
		else if (wr_args_is(&args, "partitions"))
			partitions = true;
		else if (!wr_admin_args_take(&where, &args))
			return wr_args_wrong(command, "takes no argument");
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	exit_status = wr_admin_client_open(&where, command, &client);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	exit_status = wr_admin_client_get_done(client, "GET", "/admin/status", NULL);
	if (exit_status == WR_EXIT_OK && json)
		print_body(client);
	else if (exit_status == WR_EXIT_OK)
		print_text(client, partitions);
	wr_admin_client_close(client);
	return exit_status;
}

const struct wr_command wr_command_status = {
    .name = "status",
    .summary = "show what a running engine does",
    .usage = "[--partitions] [--json]",
    .description =
	"Prints the version, the generation and the health of a running engine, circuits that are\n"
	"open, its pipelines with their states, windows, lags and counts, and its plugins. It asks the\n"
	"admin listener, which it finds in a configuration file (default: /etc/weir/weir.yaml) or at\n"
	"--url.\n"
	"\n"
	"Exit status: 0, or 1 when the engine does not answer.\n",
    .options = options,
    .run = run,
};
