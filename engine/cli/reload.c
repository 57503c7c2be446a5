/* weir reload, weir rollback, weir generations: from one generation of a running engine to another. */
#include "config.h"

#include "cli/commands.h"
#include "cli/past.h"
#include "cli/pipeline_args.h"
#include "cli/reload_view.h"

#include <limits.h>

#define DEFAULT_FILE "/etc/weir/weir.yaml"
#define ORDER_OPTIONS                                                                           \
	WR_ADMIN_OPTIONS,                                                                       \
	    {"dry-run", 'n', NULL, "do all but the swap, and say what would happen"},           \
	    {"drained", 'd', NULL,                                                              \
	     "return when the old generation is gone, or its deadline has passed"},             \
	    {"force", 'f', NULL, "remove a pipeline although events of it wait to be retried"}, \
	{                                                                                       \
		"json", 'j', NULL, "print the engine's answer: one JSON object"                 \
	}

static const struct wr_option rollback_options[] = {
    ORDER_OPTIONS,
    {"from", 0, "GENERATION", "only if this one runs, or is the canary that is tried"},
    {NULL, 0, NULL, NULL},
};

static const struct wr_option reload_options[] = {
    ORDER_OPTIONS,
    {"canary", 0, "SHARE", "try it on this share of the keys first (10%); off: on all at once"},
    {NULL, 0, NULL, NULL},
};

static const struct wr_option list_options[] = {
    WR_ADMIN_OPTIONS,
    {"offline", 0, NULL, "ask no engine: read what it has kept in the state_dir of its file"},
    {"json", 'j', NULL, "print the engine's answer: one JSON object"},
    {NULL, 0, NULL, NULL},
};

struct order {
	struct wr_admin_args where;
	bool dry_run, drained, force, offline, json;
	char canary[32]; /* for a URL; empty: as the file says */
	long long from;  /* 0: whatever runs */
};

/* The engine judges it. False: it is nothing that could be one. */
static bool take_canary(struct order *order, const char *text)
{
	size_t size = strspn(text, "0123456789.");

	if (strcmp(text, "off") == 0)
		strcpy(order->canary, "off");
	else if (size > 0 && size < 16 && strcmp(text + size, "%") == 0)
		snprintf(order->canary, sizeof(order->canary), "%.*s%%25", (int)size, text);
	return order->canary[0] != '\0';
}

static int parse(struct order *order, const struct wr_command *command, int argc, char **argv)
{
	struct wr_args args;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_args_is(&args, "dry-run"))
			order->dry_run = true;
		else if (wr_args_is(&args, "drained"))
			order->drained = true;
		else if (wr_args_is(&args, "force"))
			order->force = true;
		else if (wr_args_is(&args, "offline"))
			order->offline = true;
		else if (wr_args_is(&args, "json"))
			order->json = true;
		else if (wr_args_is(&args, "canary") && take_canary(order, args.value))
			continue;
		else if (wr_args_is(&args, "canary"))
			return wr_args_wrong(command, "--canary is a share such as 10%%, or off");
		else if (wr_args_is(&args, "from") &&
			 !wr_args_number(&args, 1, LLONG_MAX, &order->from))
			return WR_EXIT_USAGE;
		else if (wr_args_is(&args, "from"))
			continue;
		else if (!wr_admin_args_take(&order->where, &args))
			return wr_args_wrong(command, "takes no argument");
	}
	return args.exit_status;
}

static void print(const struct wr_buf *text, FILE *to)
{
	fwrite(text->data, 1, text->size, to);
}

/* What was refused is an error of whoever asked, and goes to stderr. */
static int tell(struct wr_admin_client *client, const struct order *order)
{
	bool good = wr_reload_view_succeeded(client);
	struct wr_buf text = WR_BUF_INIT;

	if (order->json) {
		(void)wr_buf_append(&text, wr_admin_client_body(client).data,
				    wr_admin_client_body(client).size);
		(void)wr_buf_append_text(&text, "\n");
		print(&text, stdout);
	} else {
		wr_reload_view(client, &text);
		print(&text, good ? stdout : stderr);
	}
	wr_buf_fini(&text);
	return good ? WR_EXIT_OK : WR_EXIT_WRONG;
}

static int ask(const struct wr_command *command, const char *what, int argc, char **argv)
{
	struct order order = {.dry_run = false};
	struct wr_admin_client *client;
	char path[160], from[32] = "";
	long status;
	int exit_status = parse(&order, command, argc, argv);

	if (exit_status >= 0)
		return exit_status;
	exit_status = wr_admin_client_open(&order.where, command, &client);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	/* The engine has deadlines for each step. */
	wr_admin_client_set_timeout(client, 0);
	if (order.from > 0)
		snprintf(from, sizeof(from), "&from=%lld", order.from);
	snprintf(path, sizeof(path), "/admin/%s?dry_run=%s&drained=%s%s%s%s%s", what,
		 order.dry_run ? "true" : "false", order.drained ? "true" : "false",
		 order.force ? "&force=true" : "", order.canary[0] != '\0' ? "&canary=" : "",
		 order.canary, from);
	exit_status = wr_admin_client_ask(client, "POST", path, NULL, &status);
	if (exit_status == WR_EXIT_OK)
		exit_status = wr_admin_client_text(client, "/result").data != NULL
				  ? tell(client, &order)
				  : wr_admin_client_complain(client, status);
	wr_admin_client_close(client);
	return exit_status;
}

static int run_reload(const struct wr_command *command, int argc, char **argv)
{
	return ask(command, "reload", argc, argv);
}

static int run_rollback(const struct wr_command *command, int argc, char **argv)
{
	return ask(command, "rollback", argc, argv);
}

static int run_generations(const struct wr_command *command, int argc, char **argv)
{
	struct order order = {.dry_run = false};
	struct wr_buf text = WR_BUF_INIT;
	struct wr_admin_client *client;
	int exit_status = parse(&order, command, argc, argv);

	if (exit_status >= 0)
		return exit_status;
	if (order.offline && order.where.url != NULL)
		return wr_args_wrong(command, "takes --url or --offline, not both");
	if (order.offline)
		return wr_cli_show_past(command,
					order.where.config_file != NULL ? order.where.config_file
									: DEFAULT_FILE,
					order.json);
	exit_status = wr_admin_client_open(&order.where, command, &client);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	exit_status = wr_admin_client_get_done(client, "GET", "/admin/generations", NULL);
	if (exit_status == WR_EXIT_OK && order.json) {
		(void)wr_buf_append(&text, wr_admin_client_body(client).data,
				    wr_admin_client_body(client).size);
		(void)wr_buf_append_text(&text, "\n");
	} else if (exit_status == WR_EXIT_OK) {
		wr_reload_view_list(client, &text);
	}
	print(&text, stdout);
	wr_buf_fini(&text);
	wr_admin_client_close(client);
	return exit_status;
}

const struct wr_command wr_command_reload = {
    .name = "reload",
    .summary = "let a running engine go over to its changed configuration and plugins",
    .usage = "[--dry-run] [--drained] [--force] [--canary SHARE] [--json]",
    .description =
	"The running engine reads its configuration file and its plugins again, tries them, and goes\n"
	"over to them between two batches; nothing is lost or repeated. What is wrong is listed with\n"
	"file, line and column, and then the engine goes on as before.\n"
	"\n"
	"A pipeline that is removed while events of it wait on its retry topics is an error, for nobody\n"
	"would take them; with --force they stay there until a pipeline of that name comes back.\n"
	"\n"
	"With --canary, or where the configuration says so, the new generation runs a share of the keys\n"
	"first. Then it takes all keys or none, by what it did; weir generations tells which, and\n"
	"weir rollback ends it before.\n"
	"\n"
	"Exit status: 0 when the new configuration runs, is tried, or is the old one; 1 when it was\n"
	"rejected or rolled back, or the engine could not be asked.\n",
    .options = reload_options,
    .run = run_reload,
};

const struct wr_command wr_command_rollback = {
    .name = "rollback",
    .summary = "let a running engine go back to the generation before",
    .usage = "[--from GENERATION] [--dry-run] [--drained] [--force] [--json]",
    .description =
	"The running engine goes back to the configuration and the plugins that ran before the last\n"
	"reload, by the same way. The configuration file stays as it is: the next reload reads it.\n"
	"While a canary runs, it ends that: all keys go back. When one has ended by itself within the\n"
	"last minute, nothing is done, for that may be what was meant: --from says which generation is.\n"
	"\n"
	"Exit status: as for weir reload.\n",
    .options = rollback_options,
    .run = run_rollback,
};

const struct wr_command wr_command_generations = {
    .name = "generations",
    .summary = "list what a running engine has run",
    .usage = "[--offline] [--json]",
    .description =
	"Prints the last ten generations of a running engine, the newest first: since when, who asked\n"
	"for it, what changed, which one runs, and to which one a rollback leads. They are kept over\n"
	"restarts; with --offline they are read from the state_dir of the engine's file, for an engine\n"
	"that does not run: weir run --generation N runs one of them.\n",
    .options = list_options,
    .run = run_generations,
};
