#include "config.h"

#include "cli/args.h"
#include "base/check.h"
#include "conf/nearest.h"
#include "conf/scalar.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 28

static const struct wr_option help_option = {"help", 'h', NULL, "show this help"};

void wr_args_begin(struct wr_args *args, const struct wr_command *command, int argc, char **argv)
{
	*args = (struct wr_args){
	    .command = command, .argc = argc, .argv = argv, .at = 1, .exit_status = -1};
}

bool wr_args_is(const struct wr_args *args, const char *name)
{
	return args->option != NULL && strcmp(args->option->name, name) == 0;
}

int wr_args_wrong(const struct wr_command *command, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "weir %s: ", command->name);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\nTry 'weir %s --help'.\n", command->name);
	return WR_EXIT_USAGE;
}

static void print_option(const struct wr_option *option, FILE *out)
{
	char left[128];

	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", option->letter != 0 ? '-' : ' ',
		 option->letter != 0 ? option->letter : ' ', option->letter != 0 ? ',' : ' ',
		 option->name, option->value != NULL ? " " : "",
		 option->value != NULL ? option->value : "");
	if (strlen(left) < HELP_COLUMN)
		fprintf(out, "%-*s%s\n", HELP_COLUMN, left, option->help);
	else
		fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", option->help);
}

void wr_args_help(const struct wr_command *command, FILE *out)
{
	const struct wr_option *option;

	fprintf(out, "usage: weir %s%s%s\n\n%s\nOptions:\n", command->name,
		command->usage[0] != '\0' ? " " : "", command->usage, command->description);
	for (option = command->options; option != NULL && option->name != NULL; option++)
		print_option(option, out);
	print_option(&help_option, out);
}

static bool stop(struct wr_args *args, int exit_status)
{
	args->option = NULL;
	args->value = NULL;
	args->exit_status = exit_status;
	return false;
}

static bool unknown_option(struct wr_args *args, const char *name, size_t size)
{
	const struct wr_option *option;
	struct wr_nearest nearest;

	wr_nearest_init(&nearest, wr_bytes(name, size));
	for (option = args->command->options; option != NULL && option->name != NULL; option++)
		wr_nearest_try(&nearest, option->name);
	wr_nearest_try(&nearest, help_option.name);
	if (nearest.best != NULL)
		wr_args_wrong(args->command, "unknown option --%.*s; did you mean --%s?", (int)size,
			      name, nearest.best);
	else
		wr_args_wrong(args->command, "unknown option --%.*s", (int)size, name);
	return stop(args, WR_EXIT_USAGE);
}

/* The option was found; `inline_value` is what stands behind it in the same word, or NULL. */
static bool take_option(struct wr_args *args, const struct wr_option *option,
			const char *inline_value)
{
	if (option == &help_option) {
		wr_args_help(args->command, stdout);
		return stop(args, WR_EXIT_OK);
	}
	args->option = option;
	args->value = inline_value;
	if (option->value == NULL || inline_value != NULL)
		return true;
	if (args->at == args->argc) {
		wr_args_wrong(args->command, "--%s wants a value: %s", option->name, option->value);
		return stop(args, WR_EXIT_USAGE);
	}
	args->value = args->argv[args->at++];
	return true;
}

static const struct wr_option *option_by_name(const struct wr_command *command, const char *name,
					      size_t size)
{
	const struct wr_option *option;

	for (option = command->options; option != NULL && option->name != NULL; option++) {
		if (strlen(option->name) == size && memcmp(option->name, name, size) == 0)
			return option;
	}
	if (strlen(help_option.name) == size && memcmp(help_option.name, name, size) == 0)
		return &help_option;
	return NULL;
}

static bool next_long(struct wr_args *args, const char *word)
{
	size_t size = strcspn(word, "=");
	const char *inline_value = word[size] == '=' ? word + size + 1 : NULL;
	const struct wr_option *option = option_by_name(args->command, word, size);

	if (option == NULL)
		return unknown_option(args, word, size);
	if (inline_value != NULL && option->value == NULL) {
		wr_args_wrong(args->command, "--%s takes no value", option->name);
		return stop(args, WR_EXIT_USAGE);
	}
	return take_option(args, option, inline_value);
}

static const struct wr_option *option_by_letter(const struct wr_command *command, char letter)
{
	const struct wr_option *option;

	for (option = command->options; option != NULL && option->name != NULL; option++) {
		if (option->letter == letter)
			return option;
	}
	return letter == help_option.letter ? &help_option : NULL;
}

static bool next_letter(struct wr_args *args)
{
	char letter = *args->letters++;
	const struct wr_option *option = option_by_letter(args->command, letter);
	const char *rest = args->letters;

	if (option == NULL) {
		wr_args_wrong(args->command, "unknown option -%c", letter);
		return stop(args, WR_EXIT_USAGE);
	}
	if (option->value != NULL)
		args->letters = NULL;
	return take_option(args, option, option->value != NULL && *rest != '\0' ? rest : NULL);
}

bool wr_args_next(struct wr_args *args)
{
	const char *word;

	args->option = NULL;
	args->value = NULL;
	if (args->letters != NULL && *args->letters != '\0')
		return next_letter(args);
	args->letters = NULL;
	if (args->at >= args->argc)
		return false;
	word = args->argv[args->at++];
	if (!args->options_ended && strcmp(word, "--") == 0) {
		args->options_ended = true;
		return wr_args_next(args);
	}
	if (args->options_ended || word[0] != '-' || word[1] == '\0') {
		args->value = word;
		return true;
	}
	if (word[1] == '-')
		return next_long(args, word + 2);
	args->letters = word + 1;
	return next_letter(args);
}

bool wr_args_number(const struct wr_args *args, long long least, long long most,
		    long long *number_r)
{
	long long number;
	char *end;

	*number_r = 0;
	errno = 0;
	number = strtoll(args->value, &end, 10);
	if (errno == 0 && end != args->value && *end == '\0' && number >= least && number <= most) {
		*number_r = number;
		return true;
	}
	if (most == LLONG_MAX)
		wr_args_wrong(args->command, "--%s wants a number from %lld, not \"%s\"",
			      args->option->name, least, args->value);
	else
		wr_args_wrong(args->command, "--%s wants a number from %lld to %lld, not \"%s\"",
			      args->option->name, least, most, args->value);
	return false;
}

bool wr_args_duration_ms(const struct wr_args *args, long long *ms_r)
{
	int64_t us;

	*ms_r = 0;
	if (wr_scalar_duration(wr_bytes_of(args->value), &us) == WR_QUANTITY_OK && us >= 0 &&
	    us % 1000 == 0) {
		*ms_r = us / 1000;
		return true;
	}
	wr_args_wrong(args->command, "--%s wants a duration such as 500ms, 5s or 2m, not \"%s\"",
		      args->option->name, args->value);
	return false;
}
