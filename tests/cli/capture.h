/*
 * Runs a subcommand as main() would and keeps what it wrote.
 */
#ifndef WR_TESTS_CLI_CAPTURE_H
#define WR_TESTS_CLI_CAPTURE_H

#include "cli/commands.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPTURE_BYTES ((size_t)1 << 20)

struct captured {
	int exit_status;
	char out[CAPTURE_BYTES];
	char err[CAPTURE_BYTES];
};

static inline int redirect(int fd, FILE *to)
{
	int saved = dup(fd);

	assert_true(saved >= 0);
	assert_true(dup2(fileno(to), fd) >= 0);
	return saved;
}

static inline void restore(int fd, int saved, FILE *from, char *text)
{
	size_t size;

	assert_true(dup2(saved, fd) >= 0);
	close(saved);
	rewind(from);
	size = fread(text, 1, CAPTURE_BYTES - 1, from);
	text[size] = '\0';
	fclose(from);
}

/* `words` ends at NULL and does not begin with "weir"; `input` (may be NULL) is the standard input. */
static inline void capture(struct captured *captured, const struct wr_command *const *commands,
			   const char *const *words, const char *input)
{
	FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
	int saved_in, saved_out, saved_err, argc = 1, i;
	char *argv[32] = {strdup("weir")};

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = strdup(words[argc - 1]);
	assert_true(in != NULL && out != NULL && err != NULL);
	if (input != NULL)
		fputs(input, in);
	rewind(in);
	fflush(stdout);
	fflush(stderr);
	saved_in = dup(STDIN_FILENO);
	assert_true(dup2(fileno(in), STDIN_FILENO) >= 0);
	lseek(STDIN_FILENO, 0, SEEK_SET);
	saved_out = redirect(STDOUT_FILENO, out);
	saved_err = redirect(STDERR_FILENO, err);
	captured->exit_status = wr_commands_run(commands, argc, argv);
	fflush(stderr);
	restore(STDOUT_FILENO, saved_out, out, captured->out);
	restore(STDERR_FILENO, saved_err, err, captured->err);
	if (saved_in >= 0) {
		dup2(saved_in, STDIN_FILENO);
		close(saved_in);
	}
	fclose(in);
	for (i = 0; i < argc; i++)
		free(argv[i]);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void expect_in(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

#endif
