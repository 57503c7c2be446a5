/*
 * The arguments of a subcommand: one table of options makes parsing and help. GNU habits: --name VALUE, --name=VALUE,
 * -n VALUE, -nVALUE, -ab, "--" ends the options, "-" is an argument.
 */
#ifndef WR_CLI_ARGS_H
#define WR_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The exit status of every subcommand. */
enum wr_exit {
	WR_EXIT_OK = 0,
	WR_EXIT_WRONG = 1, /* what was asked for failed, or what was checked is wrong */
	WR_EXIT_USAGE = 2  /* the command line is wrong */
};

struct wr_option {
	const char *name;  /* without the dashes; NULL ends the table */
	char letter;       /* 0: none */
	const char *value; /* what its value is called in the help; NULL: it takes none */
	const char *help;  /* one line */
};

struct wr_command {
	const char *name;                /* one or two words */
	const char *summary;             /* NULL: not for people, and not in the help */
	const char *usage;               /* what follows the name */
	const char *description;         /* lines as they are printed, each with its newline */
	const struct wr_option *options; /* NULL: none but --help */
	int (*run)(const struct wr_command *command, int argc, char **argv);
};

/* A walk over the arguments. */
struct wr_args {
	const struct wr_command *command;
	int argc;
	char **argv;
	int at;
	const char *letters;            /* the rest of a cluster like -ab */
	bool options_ended;             /* by "--" */
	const struct wr_option *option; /* what was found; NULL: a plain argument */
	const char *value;              /* of the option, or the argument itself; NULL: a flag */
	int exit_status;                /* once the walk is over: -1, or what to return at once */
};

/* argv[0] is the command itself. */
void wr_args_begin(struct wr_args *args, const struct wr_command *command, int argc, char **argv);

/* The next option or argument. False at the end; `exit_status` then says whether to go on (-1), because the help was
 * asked for and printed (0), or because the option is wrong and that was said on stderr (WR_EXIT_USAGE). */
bool wr_args_next(struct wr_args *args);

/* Whether the option that was found has this name. */
bool wr_args_is(const struct wr_args *args, const char *name);

/* Says on stderr what is wrong with the command line and where the help is. Returns WR_EXIT_USAGE. */
int wr_args_wrong(const struct wr_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The help of a command. */
void wr_args_help(const struct wr_command *command, FILE *out);

/* Reads an option's number within bounds; says on stderr what is wrong. */
bool wr_args_number(const struct wr_args *args, long long least, long long most,
		    long long *number_r);

/* Reads an option's duration ("5s", "200ms"); says on stderr what is wrong. */
bool wr_args_duration_ms(const struct wr_args *args, long long *ms_r);

#endif
