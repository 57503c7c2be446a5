/*
 * A real redis-server of the test's own: in a temporary folder, on a unix socket and a free port of the loopback,
 * ended with the test. Failures to start it fail the test.
 */
#ifndef WR_TESTS_REDIS_SERVER_H
#define WR_TESTS_REDIS_SERVER_H

#include "conf/conf.h"

#include <stdbool.h>

#define REDIS_SERVER_SKIP 77 /* the exit status for automake */

struct redis_server;

/* Says so on stderr when it isn't. */
bool redis_server_is_installed(void);

/* Not started yet. */
struct redis_server *redis_server_new(void);

/* Stops it and removes its folder. */
void redis_server_free(struct redis_server *server);

/* Starts it with more arguments (NULL, or ended by NULL) and waits until it listens. The port and the data of an
 * earlier start stay. */
void redis_server_start(struct redis_server *server, const char *const *more);

/* In good order, or at once (-9). */
void redis_server_stop(struct redis_server *server);
void redis_server_kill(struct redis_server *server);

/* Freezes and thaws it. */
void redis_server_pause(struct redis_server *server);
void redis_server_resume(struct redis_server *server);

int redis_server_port(const struct redis_server *server);

/* Runs a command (words split at blanks) and returns its reply as text: a string, a status or an error as it is,
 * an integer in decimal, nil as "(nil)"; borrowed until the next command. */
const char *redis_server_command(struct redis_server *server, const char *command);

/* How to get there by TCP or by the unix socket; borrows from `server`. Time-outs are 2 s. */
struct wr_conf_redis redis_server_conf(const struct redis_server *server, bool by_unix);

#endif
