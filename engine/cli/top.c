/* weir top: the same every second, on a terminal. */
#include "config.h"

#include "cli/commands.h"
#include "cli/engine_view.h"
#include "cli/stop.h"

#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INTERVAL_MS 1000
#define INTERVAL_LEAST_MS 100

/* ECMA-48 and xterm's: another screen without a cursor or the wrapping of lines, home, and what stands behind the cursor
 * cleared. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static const struct wr_option options[] = {
    WR_ADMIN_OPTIONS,
    {"interval", 'i', "D", "how often; default: 1s"},
    {"count", 'n', "N", "stop after N looks"},
    {NULL, 0, NULL, NULL},
};

struct top {
	struct wr_admin_client *client;
	struct wr_engine_rates rates;
	long long interval_ms;
	long long left; /* looks; LLONG_MAX: until a signal */
	bool is_terminal;
};

struct screen {
	size_t lines, columns;
};

static struct screen measure(void)
{
	struct screen screen = {SIZE_MAX, SIZE_MAX};
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return screen;
	if (size.ws_row > 1)
		screen.lines = size.ws_row - 1u;
	if (size.ws_col > 0)
		screen.columns = size.ws_col;
	return screen;
}

/* How many bytes of UTF-8 make so many characters at most. */
static size_t cut(const char *line, size_t size, size_t characters)
{
	size_t i = 0;

	for (; i < size; i++) {
		if (((unsigned char)line[i] & 0xc0) != 0x80 && characters-- == 0)
			break;
	}
	return i;
}

/* Each line over the old one, so that nothing flickers; what does not fit is left out. */
static void draw(const struct wr_buf *text)
{
	const char *at = text->data, *end = text->data + text->size, *line_end;
	struct screen screen = measure();

	fputs(HOME, stdout);
	for (; at < end && screen.lines > 0; at = line_end + 1, screen.lines--) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (line_end == NULL)
			line_end = end;
		fwrite(at, 1, cut(at, (size_t)(line_end - at), screen.columns), stdout);
		fputs(CLEAR_LINE "\r\n", stdout);
	}
	fputs(CLEAR_BELOW, stdout);
}

static void show(struct top *top, int exit_status)
{
	struct wr_buf out = WR_BUF_INIT;

	if (exit_status == WR_EXIT_OK) {
		wr_engine_view_head(top->client, &out);
		(void)wr_buf_append_text(&out, "\n");
		wr_engine_view_rates(top->client, &top->rates, &out);
	} else {
		(void)wr_buf_printf(&out, "%s\n", wr_admin_client_error(top->client));
	}
	if (top->is_terminal) {
		draw(&out);
	} else {
		(void)wr_buf_append_text(&out, "\n");
		fwrite(out.data, 1, out.size, stdout);
	}
	fflush(stdout);
	wr_buf_fini(&out);
}

static int look(struct top *top)
{
	return wr_admin_client_get_done(top->client, "GET", "/admin/status", NULL);
}

/* An engine that is away for a while is waited for, once it has answered. */
static int watch(struct top *top)
{
	int exit_status = look(top);

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	wr_admin_client_set_quiet(top->client, true);
	if (top->is_terminal)
		fputs(ENTER, stdout);
	for (;;) {
		show(top, exit_status);
		if (--top->left <= 0 || wr_stop_asked())
			break;
		poll(NULL, 0, (int)top->interval_ms);
		if (wr_stop_asked())
			break;
		exit_status = look(top);
	}
	if (top->is_terminal)
		fputs(LEAVE, stdout);
	return wr_stop_asked() ? WR_EXIT_OK : exit_status;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct top top = {.interval_ms = INTERVAL_MS, .left = LLONG_MAX};
	struct wr_admin_args where = {.url = NULL};
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (wr_args_is(&args, "interval")) {
			if (!wr_args_duration_ms(&args, &top.interval_ms))
				return WR_EXIT_USAGE;
			if (top.interval_ms < INTERVAL_LEAST_MS || top.interval_ms > INT_MAX)
				return wr_args_wrong(command, "--interval wants 100ms at least");
		} else if (wr_args_is(&args, "count")) {
			if (!wr_args_number(&args, 1, LLONG_MAX, &top.left))
				return WR_EXIT_USAGE;
		} else if (!wr_admin_args_take(&where, &args)) {
			return wr_args_wrong(command, "takes no argument");
		}
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	exit_status = wr_admin_client_open(&where, command, &top.client);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	top.is_terminal = isatty(STDOUT_FILENO) == 1;
	wr_stop_on_signals();
	exit_status = watch(&top);
	wr_engine_rates_fini(&top.rates);
	wr_admin_client_close(top.client);
	return exit_status;
}

const struct wr_command wr_command_top = {
    .name = "top",
    .summary = "watch a running engine, live",
    .usage = "[--interval D] [--count N]",
    .description =
	"Shows every second what the pipelines and lanes of a running engine do: window, lag, events,\n"
	"retries and dead letters a second, the age of the oldest batch, and circuits that are open. It\n"
	"ends with SIGINT.\n"
	"Where the output is no terminal, each look is printed below the last one.\n",
    .options = options,
    .run = run,
};
