/*
 * SIGINT and SIGTERM end a subcommand in an orderly way: it looks here between two steps.
 */
#ifndef WR_CLI_STOP_H
#define WR_CLI_STOP_H

#include <stdbool.h>

/* From now on the signals only set a flag; a second one ends the process at once. [main] */
void wr_stop_on_signals(void);

/* Whether a signal came. [any] */
bool wr_stop_asked(void);

#endif
