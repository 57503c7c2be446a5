/* weir pause, weir resume. */
#include "config.h"

#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/pipeline_args.h"
#include "cli/stop.h"

#include <poll.h>
#include <string.h>

#define LOOK_EVERY_MS 100
#define WAIT_MS 60000

static const struct wr_option pause_options[] = {
    WR_ADMIN_OPTIONS,
    {"wait", 'w', NULL, "until its lanes have finished and committed what they had"},
    {"timeout", 0, "D", "how long to wait; default: 60s"},
    {NULL, 0, NULL, NULL},
};

static const struct wr_option resume_options[] = {
    WR_ADMIN_OPTIONS,
    {NULL, 0, NULL, NULL},
};

struct order {
	const struct wr_command *command;
	struct wr_admin_args where;
	const char *pipeline;
	bool waits;
	long long timeout_ms;
};

static int parse(struct order *order, int argc, char **argv)
{
	struct wr_args args;

	wr_args_begin(&args, order->command, argc, argv);
	while (wr_args_next(&args)) {
		if (args.option == NULL && order->pipeline == NULL)
			order->pipeline = args.value;
		else if (args.option == NULL)
			return wr_args_wrong(order->command, "takes one pipeline");
		else if (wr_args_is(&args, "wait"))
			order->waits = true;
		else if (wr_args_is(&args, "timeout")) {
			if (!wr_args_duration_ms(&args, &order->timeout_ms))
				return WR_EXIT_USAGE;
		} else {
			wr_admin_args_take(&order->where, &args);
		}
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (order->pipeline == NULL)
		return wr_args_wrong(order->command, "wants the name of a pipeline");
	return -1;
}

static int tell(const struct order *order, struct wr_admin_client *client, const char *verb)
{
	struct wr_buf path = WR_BUF_INIT;
	int exit_status = WR_EXIT_WRONG;

	if (wr_buf_append_text(&path, "/admin/pipelines/") == WR_OK &&
	    wr_admin_append_segment(&path, order->pipeline) == WR_OK &&
	    wr_buf_printf(&path, "/%s", verb) == WR_OK && wr_buf_text(&path) != NULL)
		exit_status = wr_admin_client_get_done(client, "POST", path.data, NULL);
	else
		wr_cli_fail(order->command, "out of memory");
	wr_buf_fini(&path);
	return exit_status;
}

static bool has_paused(const struct order *order, struct wr_admin_client *client)
{
	size_t n = wr_admin_client_count(client, "/pipelines");

	for (size_t i = 0; i < n; i++) {
		if (wr_bytes_equal(wr_admin_client_text(client, "/pipelines/%zu/name", i),
				   wr_bytes_of(order->pipeline)))
			return wr_bytes_equal(
			    wr_admin_client_text(client, "/pipelines/%zu/state", i),
			    wr_bytes_of("paused"));
	}
	return false;
}

static int wait_for_pause(const struct order *order, struct wr_admin_client *client)
{
	int64_t end_ns = wr_clock_mono_ns(&wr_clock_real) + order->timeout_ms * WR_NS_PER_MS;
	int exit_status;

	wr_stop_on_signals();
	for (;;) {
		exit_status = wr_admin_client_get_done(client, "GET", "/admin/pipelines", NULL);
		if (exit_status != WR_EXIT_OK || has_paused(order, client))
			return exit_status;
		if (wr_stop_asked() || wr_clock_mono_ns(&wr_clock_real) >= end_ns)
			return wr_cli_fail(
			    order->command,
			    "%s takes nothing more, but has not finished what it has",
			    order->pipeline);
		poll(NULL, 0, LOOK_EVERY_MS);
	}
}

static int obey(const struct wr_command *command, const char *verb, int argc, char **argv)
{
	struct order order = {.command = command, .timeout_ms = WAIT_MS};
	struct wr_admin_client *client;
	int exit_status = parse(&order, argc, argv);

	if (exit_status >= 0)
		return exit_status;
	exit_status = wr_admin_client_open(&order.where, command, &client);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	exit_status = tell(&order, client, verb);
	if (exit_status == WR_EXIT_OK && order.waits)
		exit_status = wait_for_pause(&order, client);
	if (exit_status == WR_EXIT_OK)
		printf("%s: %s\n", order.pipeline,
		       strcmp(verb, "resume") == 0 ? "resumed"
		       : order.waits               ? "paused"
						   : "pausing");
	wr_admin_client_close(client);
	return exit_status;
}

static int run_pause(const struct wr_command *command, int argc, char **argv)
{
	return obey(command, "pause", argc, argv);
}

static int run_resume(const struct wr_command *command, int argc, char **argv)
{
	return obey(command, "resume", argc, argv);
}

const struct wr_command wr_command_pause = {
    .name = "pause",
    .summary = "let a pipeline take no more events",
    .usage = "PIPELINE [--wait]",
    .description =
	"The lanes of the pipeline finish and commit what they have taken, take nothing more and keep\n"
	"their partitions. The engine is not ready meanwhile. It lasts until weir resume, or the end of\n"
	"the engine's process.\n",
    .options = pause_options,
    .run = run_pause,
};

const struct wr_command wr_command_resume = {
    .name = "resume",
    .summary = "let a paused pipeline go on",
    .usage = "PIPELINE",
    .description = "The lanes of the pipeline go on where they were.\n",
    .options = resume_options,
    .run = run_resume,
};
