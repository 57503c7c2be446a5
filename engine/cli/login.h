/*
 * Who runs the command, for lists and audit lines: a name, not a proof.
 */
#ifndef WR_CLI_LOGIN_H
#define WR_CLI_LOGIN_H

/* The login name; of root by sudo that of who called it; "?" when there is none. The caller frees it; NULL without
 * memory. */
char *wr_cli_login(void);

#endif
