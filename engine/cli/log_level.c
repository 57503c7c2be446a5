/* weir log-level: shows or sets it in a running engine. */
#include "config.h"

#include "base/json_out.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/pipeline_args.h"

static const struct wr_option options[] = {
    WR_ADMIN_OPTIONS,
    {NULL, 0, NULL, NULL},
};

static int set(struct wr_admin_client *client, const struct wr_command *command, const char *level)
{
	struct wr_buf body = WR_BUF_INIT;
	struct wr_json_out out;
	int exit_status;

	wr_json_out_init(&out, &body);
	wr_json_out_begin_object(&out, NULL);
	wr_json_out_text(&out, "level", level);
	wr_json_out_end(&out);
	if (wr_json_out_finish(&out) == WR_OK && wr_buf_text(&body) != NULL)
		exit_status =
		    wr_admin_client_get_done(client, "PUT", "/admin/log-level", body.data);
	else
		exit_status = wr_cli_fail(command, "out of memory");
	wr_buf_fini(&body);
	return exit_status;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct wr_admin_args where = {.url = NULL};
	struct wr_admin_client *client;
	const char *level = NULL;
	struct wr_bytes now;
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (args.option == NULL && level == NULL)
			level = args.value;
		else if (!wr_admin_args_take(&where, &args))
			return wr_args_wrong(command, "takes one level");
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	exit_status = wr_admin_client_open(&where, command, &client);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	exit_status = level != NULL
			  ? set(client, command, level)
			  : wr_admin_client_get_done(client, "GET", "/admin/log-level", NULL);
	if (exit_status == WR_EXIT_OK) {
		now = wr_admin_client_text(client, "/level");
		printf("%.*s\n", (int)now.size, now.data != NULL ? (const char *)now.data : "");
	}
	wr_admin_client_close(client);
	return exit_status;
}

const struct wr_command wr_command_log_level = {
    .name = "log-level",
    .summary = "show or set what a running engine logs",
    .usage = "[error|warn|info|debug]",
    .description =
	"Sets the least severe lines that a running engine logs, until it is set again or the engine\n"
	"ends; without an argument shows it.\n",
    .options = options,
    .run = run,
};
