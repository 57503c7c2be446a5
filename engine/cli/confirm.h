/*
 * The question before something that can't be undone.
 */
#ifndef WR_CLI_CONFIRM_H
#define WR_CLI_CONFIRM_H

#include <stdbool.h>

/* Asks on stderr and reads a line from the standard input: true for y or yes, in any case. */
bool wr_cli_confirm(const char *question);

#endif
