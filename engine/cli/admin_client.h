/*
 * The admin API of a running engine, asked by a subcommand: where it is, the token, one request at a time, and the answer
 * taken apart. One thread.
 */
#ifndef WR_CLI_ADMIN_CLIENT_H
#define WR_CLI_ADMIN_CLIENT_H

#include "base/buf.h"
#include "cli/args.h"

#include <stdint.h>

#define WR_ADMIN_OPTIONS                                                                 \
	{"config", 'c', "FILE", "take the admin listener and its token from this file"}, \
	    {"url", 'u', "URL", "the admin listener, such as http://localhost:8081"},    \
	{                                                                                \
		"token-file", 0, "FILE", "read its bearer token from a file"             \
	}

struct wr_admin_args { /* borrowed from the command line; NULL: not given */
	const char *config_file;
	const char *url;
	const char *token_file;
};

/* Takes the option that the walk found when it is one of WR_ADMIN_OPTIONS. */
bool wr_admin_args_take(struct wr_admin_args *args, const struct wr_args *walk);

struct wr_admin_client;

/* Finds the listener: --url; else the configuration that is named, or /etc/weir/weir.yaml where it is; else
 * http://127.0.0.1:8081. The token: --token-file, the configuration's, or WEIR_ADMIN_TOKEN of the environment. Connects
 * to nothing. What is wrong is said on stderr. WR_EXIT_OK, and the caller owns *client_r; WR_EXIT_WRONG,
 * WR_EXIT_USAGE. */
int wr_admin_client_open(const struct wr_admin_args *args, const struct wr_command *command,
			 struct wr_admin_client **client_r);

/* NULL does nothing. */
void wr_admin_client_close(struct wr_admin_client *client);

/* Asks once. `path` begins with a slash and is escaped; `body` is JSON, or NULL: none. WR_EXIT_OK: there is an answer,
 * whatever its status. WR_EXIT_WRONG: there is none, or it is no JSON: it was said on stderr. */
int wr_admin_client_ask(struct wr_admin_client *client, const char *method, const char *path,
			const char *body, long *status_r);

/* The same, but an answer other than 2xx is said on stderr too, and WR_EXIT_WRONG. */
int wr_admin_client_get_done(struct wr_admin_client *client, const char *method, const char *path,
			     const char *body);

/* Says the problem document of the last answer on stderr. Returns WR_EXIT_WRONG. */
int wr_admin_client_complain(struct wr_admin_client *client, long status);

/* Errors of requests are kept only: see wr_admin_client_error(). */
void wr_admin_client_set_quiet(struct wr_admin_client *client, bool is_quiet);

/* The last error of a request, as a sentence; "" when there was none. */
const char *wr_admin_client_error(const struct wr_admin_client *client);

/* How long an answer may take; 0: for ever. Before the first: 30 s. */
void wr_admin_client_set_timeout(struct wr_admin_client *client, long timeout_ms);

/* The last answer: its text; and what stands in it at a JSON Pointer, given as for printf(). Texts are borrowed until the
 * next request. What is not there, or of another type, is absent, `fallback`, false or 0. */
struct wr_bytes wr_admin_client_body(const struct wr_admin_client *client);
struct wr_bytes wr_admin_client_text(struct wr_admin_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int64_t wr_admin_client_integer(struct wr_admin_client *client, int64_t fallback,
				const char *format, ...) __attribute__((format(printf, 3, 4)));
double wr_admin_client_number(struct wr_admin_client *client, double fallback, const char *format,
			      ...) __attribute__((format(printf, 3, 4)));
bool wr_admin_client_is_true(struct wr_admin_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t wr_admin_client_count(struct wr_admin_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends a segment of a path, escaped. WR_OK or WR_ENOMEM. */
enum wr_code wr_admin_append_segment(struct wr_buf *path, const char *text);

#endif
