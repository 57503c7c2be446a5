#include "config.h"

#include "cli/commands.h"
#include "conf/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How many words of the command line name this command; 0: they name another. */
static int words_of(const struct wr_command *command, int argc, char **argv)
{
	const char *space = strchr(command->name, ' ');
	size_t first_size = space != NULL ? (size_t)(space - command->name) : strlen(command->name);

	if (argc < 1 || strlen(argv[0]) != first_size ||
	    memcmp(argv[0], command->name, first_size) != 0)
		return 0;
	if (space == NULL)
		return 1;
	return argc >= 2 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static const struct wr_command *find(const struct wr_command *const *commands, int argc,
				     char **argv, int *words_r)
{
	for (; *commands != NULL; commands++) {
		*words_r = words_of(*commands, argc, argv);
		if (*words_r > 0)
			return *commands;
	}
	*words_r = 0;
	return NULL;
}

static void print_help(const struct wr_command *const *commands, FILE *out)
{
	fputs("usage: weir COMMAND [ARGUMENT...]\n\n"
	      "weir runs business logic, written as native plugins, over Kafka.\n\nCommands:\n",
	      out);
	for (; *commands != NULL; commands++) {
		if ((*commands)->summary != NULL)
			fprintf(out, "  %-14s %s\n", (*commands)->name, (*commands)->summary);
	}
	fprintf(out, "  %-14s %s\n", "help", "show the help of a command");
	fputs("\n'weir COMMAND --help' says more. Exit status: 0 success, 1 failure or something\n"
	      "checked is wrong, 2 wrong usage.\n",
	      out);
}

static bool is_of_family(const struct wr_command *command, const char *first_word)
{
	size_t size = strlen(first_word);

	return strncmp(command->name, first_word, size) == 0 && command->name[size] == ' ';
}

/* The commands of a family; false when there is no such family. */
static bool print_family(const struct wr_command *const *commands, const char *first_word,
			 FILE *out)
{
	bool found = false;

	for (; *commands != NULL; commands++) {
		if (!is_of_family(*commands, first_word) || (*commands)->summary == NULL)
			continue;
		if (!found)
			fprintf(out, "usage: weir %s COMMAND [ARGUMENT...]\n\nCommands:\n",
				first_word);
		found = true;
		fprintf(out, "  %-14s %s\n", (*commands)->name, (*commands)->summary);
	}
	if (found)
		fprintf(out, "\n'weir %s COMMAND --help' says more.\n", first_word);
	return found;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Of a family of commands whose first word is right: the nearest, else the first of them. NULL: there is none. */
static const char *nearest_of_family(const struct wr_command *const *commands,
				     const char *first_word, const char *words)
{
	struct wr_nearest nearest;
	const char *first = NULL;

	wr_nearest_init(&nearest, wr_bytes_of(words));
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (!is_of_family(commands[i], first_word))
			continue;
		if (first == NULL)
			first = commands[i]->name;
		wr_nearest_try(&nearest, commands[i]->name);
	}
	return nearest.best != NULL ? nearest.best : first;
}

static const char *nearest_of_all(const struct wr_command *const *commands, const char *first_word,
				  const char *words)
{
	struct wr_nearest one, two;

	wr_nearest_init(&one, wr_bytes_of(first_word));
	wr_nearest_init(&two, wr_bytes_of(words));
	for (size_t i = 0; commands[i] != NULL; i++)
		wr_nearest_try(strchr(commands[i]->name, ' ') == NULL ? &one : &two,
			       commands[i]->name);
	return one.best != NULL ? one.best : two.best;
}

static int unknown_command(const struct wr_command *const *commands, int argc, char **argv)
{
	char words[128];
	const char *meant;

	snprintf(words, sizeof(words), "%s%s%s", argv[0], argc > 1 ? " " : "",
		 argc > 1 ? argv[1] : "");
	meant = nearest_of_family(commands, argv[0], words);
	if (meant != NULL) { /* so the second word is wrong, or missing */
		fprintf(stderr, "weir: unknown command %s; did you mean '%s'?\n", words, meant);
	} else {
		meant = nearest_of_all(commands, argv[0], words);
		fprintf(stderr, "weir: unknown command %s", argv[0]);
		if (meant != NULL)
			fprintf(stderr, "; did you mean '%s'?", meant);
		fputc('\n', stderr);
	}
	fputs("Try 'weir --help'.\n", stderr);
	return WR_EXIT_USAGE;
}

static int run_help(const struct wr_command *const *commands, int argc, char **argv)
{
	const struct wr_command *command;
	int words;

	if (argc == 0) {
		print_help(commands, stdout);
		return WR_EXIT_OK;
	}
	command = find(commands, argc, argv, &words);
	if (command == NULL && argc == 1 && print_family(commands, argv[0], stdout))
		return WR_EXIT_OK;
	if (command == NULL)
		return unknown_command(commands, argc, argv);
	wr_args_help(command, stdout);
	return WR_EXIT_OK;
}

static int dispatch(const struct wr_command *const *commands, int argc, char **argv)
{
	const struct wr_command *command;
	char version_word[] = "version";
	char *version_argv[] = {version_word, NULL};
	int words;

	if (argc == 0) {
		print_help(commands, stderr);
		return WR_EXIT_USAGE;
	}
	if (strcmp(argv[0], "help") == 0)
		return run_help(commands, argc - 1, argv + 1);
	if (asks_for_help(argv[0]))
		return run_help(commands, 0, NULL);
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0) {
		argv = version_argv;
		argc = 1;
	}
	command = find(commands, argc, argv, &words);
	if (command == NULL && argc == 2 && asks_for_help(argv[1]) &&
	    print_family(commands, argv[0], stdout))
		return WR_EXIT_OK;
	if (command == NULL && argc == 1 && print_family(commands, argv[0], stderr))
		return WR_EXIT_USAGE;
	if (command == NULL)
		return unknown_command(commands, argc, argv);
	return command->run(command, argc - words + 1, argv + words - 1);
}

int wr_commands_run(const struct wr_command *const *commands, int argc, char **argv)
{
	int exit_status = dispatch(commands, argc - 1, argv + 1);

	/* Output that could not be written is a failure too, and only here is all of it out. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "weir: can't write the output: %s\n", strerror(errno));
		return exit_status == WR_EXIT_OK ? WR_EXIT_WRONG : exit_status;
	}
	return exit_status;
}
