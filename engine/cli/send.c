#include "config.h"

#include "base/clock.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "cli/lines.h"
#include "cli/sender.h"
#include "cli/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MS 50
#define TOKEN_BYTES_MAX 4096

struct send {
	const struct wr_command *command;
	struct wr_kafka_args kafka;
	const char *topic;
	const char *url;
	const char *token;
	const char *token_file;
	const char *key_pointer;
	const char *file;
	bool raw;
	long long rate; /* events a second; 0: as fast as it goes */
	long long batch;
	long long timeout_ms;

	char *token_text; /* what was read from token_file; a secret */
	struct wr_progress progress;
	struct wr_sender *sender;
	struct wr_json_reader *reader;
	struct wr_lines lines;
	bool incomplete; /* not all of the input was sent */
};

static const struct wr_option options[] = {
    {"to", 't', "TOPIC", "send to this topic"},
    {"http", 0, "URL", "send to this HTTP endpoint; /api/events when it has no path"},
    WR_KAFKA_OPTIONS,
    {"key-json", 'k', "POINTER", "JSON Pointer of the key; default: /eventId"},
    {"raw", 0, NULL, "send lines to the topic as they are, unchecked and without a key"},
    {"token", 0, "TOKEN", "bearer token for --http (other users can see it; see --token-file)"},
    {"token-file", 0, "FILE", "read the bearer token from a file"},
    {"batch", 0, "N", "events in one HTTP request at most; default: 500"},
    {"rate", 'r', "N", "events a second at most"},
    {"timeout", 0, "D", "how long an event is tried; default: 60s"},
    {NULL, 0, NULL, NULL},
};

/* One option or argument; -1, or the exit status when it is wrong. */
static int parse_one(struct send *send, const struct wr_args *args)
{
	int exit_status;
	bool ok = true;

	if (args->option == NULL && send->file != NULL)
		return wr_args_wrong(send->command, "takes one file");
	if (args->option == NULL)
		send->file = args->value;
	else if (wr_args_is(args, "to"))
		send->topic = args->value;
	else if (wr_args_is(args, "http"))
		send->url = args->value;
	else if (wr_args_is(args, "key-json"))
		send->key_pointer = args->value;
	else if (wr_args_is(args, "raw"))
		send->raw = true;
	else if (wr_args_is(args, "token"))
		send->token = args->value;
	else if (wr_args_is(args, "token-file"))
		send->token_file = args->value;
	else if (wr_args_is(args, "batch"))
		ok = wr_args_number(args, 1, 100000, &send->batch);
	else if (wr_args_is(args, "rate"))
		ok = wr_args_number(args, 1, 100000000, &send->rate);
	else if (wr_args_is(args, "timeout"))
		ok = wr_args_duration_ms(args, &send->timeout_ms);
	else if (!wr_kafka_args_take(&send->kafka, args, &exit_status))
		return exit_status;
	return ok ? -1 : WR_EXIT_USAGE;
}

static int parse(struct send *send, int argc, char **argv)
{
	const struct wr_command *command = send->command;
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		exit_status = parse_one(send, &args);
		if (exit_status >= 0)
			return exit_status;
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if ((send->topic == NULL) == (send->url == NULL))
		return wr_args_wrong(command, "wants either --to TOPIC or --http URL");
	if (send->raw && (send->url != NULL || send->key_pointer != NULL))
		return wr_args_wrong(command, "--raw goes with --to alone");
	if (send->key_pointer != NULL && send->url != NULL)
		return wr_args_wrong(
		    command, "--key-json goes with --to: over HTTP the server sets the key");
	if (send->key_pointer != NULL && send->key_pointer[0] != '/')
		return wr_args_wrong(command, "--key-json wants a JSON Pointer such as /order/id");
	if (send->topic != NULL && (send->token != NULL || send->token_file != NULL))
		return wr_args_wrong(command, "--token and --token-file go with --http");
	if (send->token != NULL && send->token_file != NULL)
		return wr_args_wrong(command, "takes --token or --token-file, not both");
	if (send->timeout_ms < 1 || send->timeout_ms > INT32_MAX)
		return wr_args_wrong(command, "--timeout wants a duration from 1ms to 24d");
	return -1;
}

static int complain(const struct send *send, const char *what, const char *why)
{
	fprintf(stderr, "weir %s: %s: %s\n", send->command->name, what, why);
	return WR_EXIT_WRONG;
}

static int read_token(struct send *send)
{
	int fd = open(send->token_file, O_RDONLY | O_CLOEXEC);
	ssize_t size = -1;

	if (fd >= 0) {
		send->token_text = calloc(1, TOKEN_BYTES_MAX + 1);
		if (send->token_text != NULL)
			size = read(fd, send->token_text, TOKEN_BYTES_MAX);
		close(fd);
	}
	if (size < 0)
		return complain(send, send->token_file, strerror(errno));
	send->token_text[strcspn(send->token_text, "\r\n")] = '\0';
	if (send->token_text[0] == '\0')
		return complain(send, send->token_file, "there is no token in it");
	send->token = send->token_text;
	return WR_EXIT_OK;
}

static int open_sender(struct send *send)
{
	struct wr_http_target target;

	if (send->topic != NULL)
		return wr_sender_kafka_create(&send->kafka, send->command, send->topic,
					      send->timeout_ms, &send->progress, &send->sender);
	if (send->token_file != NULL && read_token(send) != WR_EXIT_OK)
		return WR_EXIT_WRONG;
	target =
	    (struct wr_http_target){send->url, send->token, (size_t)send->batch, send->timeout_ms};
	return wr_sender_http_create(&target, send->command, &send->progress, &send->sender);
}

static int open_input(struct send *send)
{
	int fd = STDIN_FILENO;

	if (send->file != NULL && strcmp(send->file, "-") != 0) {
		fd = open(send->file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return complain(send, send->file, strerror(errno));
	}
	wr_lines_init(&send->lines, fd);
	if (wr_json_reader_create(&send->reader) != WR_OK)
		return complain(send, "can't begin", "out of memory");
	return WR_EXIT_OK;
}

/* Sends one line unless its key is wrong. False: it makes no sense to go on. */
static bool send_line(struct send *send, struct wr_bytes line)
{
	const char *pointer = send->key_pointer != NULL ? send->key_pointer : "/eventId";
	struct wr_bytes key = {NULL, 0};
	char digits[WR_LINE_KEY_BYTES];
	struct wr_err err;

	send->progress.sent++;
	if (send->topic != NULL && !send->raw &&
	    wr_line_key(send->reader, line, pointer, digits, &key, &err) != WR_OK) {
		wr_progress_fail(&send->progress, send->lines.number, err.text);
		return true;
	}
	return send->sender->ops->send(send->sender, send->lines.number, line, key);
}

/* Waits until the rate allows one event more. */
static bool keep_rate(struct send *send)
{
	const struct wr_progress *progress = &send->progress;
	int64_t due_ns, left_ms;

	if (send->rate == 0)
		return true;
	due_ns = progress->start_mono_ns +
		 (int64_t)((double)progress->sent * (double)WR_NS_PER_S / (double)send->rate);
	for (;;) {
		left_ms = (due_ns - wr_clock_mono_ns(progress->clock)) / WR_NS_PER_MS;
		if (left_ms <= 0 || wr_stop_asked())
			return true;
		wr_progress_show(&send->progress);
		if (!send->sender->ops->idle(send->sender,
					     left_ms < IDLE_MS ? (int)left_ms : IDLE_MS))
			return false;
	}
}

/* One step of the loop; false at its end. */
static bool step(struct send *send)
{
	struct wr_bytes line;
	struct wr_err err;

	wr_progress_show(&send->progress);
	switch (wr_lines_next(&send->lines, IDLE_MS, &line, &err)) {
	case WR_OK:
		return keep_rate(send) && send_line(send, line);
	case WR_ETIMEDOUT:
		return send->sender->ops->idle(send->sender, 0);
	case WR_EINVAL:
		send->progress.sent++;
		wr_progress_fail(&send->progress, send->lines.number, err.text);
		return true;
	case WR_ECLOSED:
		return false;
	case WR_ENOMEM:
	case WR_ENOTFOUND:
	case WR_EEXIST:
	case WR_EFULL:
	case WR_EUNAVAILABLE:
	case WR_EUNKNOWN:
	case WR_EREFUSED:
	case WR_EUNSUPPORTED:
	case WR_EIO:
		break;
	}
	wr_progress_note(&send->progress, err.text);
	send->incomplete = true;
	return false;
}

static int send_all(struct send *send)
{
	while (!wr_stop_asked() && step(send))
		;
	send->sender->ops->finish(send->sender);
	if (!send->lines.at_end) {
		send->incomplete = true;
		wr_progress_note(&send->progress, "stopped before the end of the input");
	}
	wr_progress_finish(&send->progress);
	return send->progress.failed > 0 || send->incomplete ? WR_EXIT_WRONG : WR_EXIT_OK;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct send send = {
	    .command = command, .batch = 500, .timeout_ms = 60000, .lines = {.fd = -1}};
	int exit_status;

	wr_kafka_args_init(&send.kafka);
	exit_status = parse(&send, argc, argv);
	if (exit_status >= 0)
		goto out;
	wr_stop_on_signals();
	exit_status = open_input(&send);
	if (exit_status != WR_EXIT_OK)
		goto out;
	wr_progress_init(&send.progress, &wr_clock_real, stderr, isatty(STDERR_FILENO) == 1);
	exit_status = open_sender(&send);
	if (exit_status == WR_EXIT_OK)
		exit_status = send_all(&send);
out:
	if (send.sender != NULL)
		send.sender->ops->destroy(send.sender);
	if (send.lines.fd > STDIN_FILENO)
		close(send.lines.fd);
	wr_lines_fini(&send.lines);
	wr_json_reader_destroy(send.reader);
	wr_secret_free(&send.token_text);
	wr_kafka_args_fini(&send.kafka);
	return exit_status;
}

const struct wr_command wr_command_send = {
    .name = "send",
    .summary = "send events, one JSON object a line, to a topic or over HTTP",
    .usage = "(--to TOPIC | --http URL) [OPTION...] [FILE]",
    .description =
	"Sends each line of FILE, or of the standard input, as one event and waits until all are\n"
	"acknowledged: by all in-sync replicas of the topic, or by the HTTP endpoint. In a topic\n"
	"the record's key is the event's id. A busy endpoint (429, 503) is tried again when it\n"
	"says so; sending the same event twice is harmless where the pipeline claims ids.\n"
	"\n"
	"Lines that failed are named on stderr with the reason. Exit status: 0, or 1 when a line\n"
	"failed or was not sent.\n",
    .options = options,
    .run = run,
};
