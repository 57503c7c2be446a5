/*
 * weir generations --offline: what an engine has run, from its state folder, whether it runs or not.
 */
#ifndef WR_CLI_PAST_H
#define WR_CLI_PAST_H

#include "cli/args.h"

/* Prints the list of the engine that runs `file`; what is wrong goes to stderr. WR_EXIT_OK or WR_EXIT_WRONG. */
int wr_cli_show_past(const struct wr_command *command, const char *file, bool json);

#endif
