#include "config.h"

#include "cli/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Byte by byte, so that nothing behind the line is taken. A line that does not fit is no answer. */
static void read_line(char *line, size_t size)
{
	size_t length = 0;
	ssize_t got;
	char c;

	for (;;) {
		got = read(STDIN_FILENO, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == '\n')
			break;
		if (length < size)
			line[length++] = c;
	}
	if (length > 0 && length < size && line[length - 1] == '\r')
		length--;
	line[length < size ? length : 0] = '\0';
}

bool wr_cli_confirm(const char *question)
{
	char line[8];

	fflush(stdout);
	fprintf(stderr, "%s [y/N] ", question);
	read_line(line, sizeof(line));
	return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}
