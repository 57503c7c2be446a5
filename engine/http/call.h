/*
 * A call of the admin API: what was asked, freed from its connection, and the answer as it is being written. The
 * handler of a route gets one, on the listener's thread, or, where the row says `slow_ms`, on a worker's: then it may
 * block, and nothing of the request is touched by anyone else meanwhile.
 *
 *	static void show(struct wr_http_call *call)
 *	{
 *		const char *name = wr_http_call_path(call, "name");
 *		int64_t limit = 100;
 *		struct wr_json_out *out;
 *
 *		if (!wr_http_call_integer(call, "limit", 1, 1000, &limit))
 *			return;                              (it was answered: 400)
 *		if (...) {
 *			wr_http_call_fail(call, WR_HTTP_NOT_FOUND, "there is no such thing");
 *			return;
 *		}
 *		out = wr_http_call_begin(call, 200);
 *		wr_json_out_text(out, "name", name);
 *		wr_http_call_end(call);
 *	}
 */
#ifndef WR_HTTP_CALL_H
#define WR_HTTP_CALL_H

#include "base/arena.h"
#include "base/json.h"
#include "base/json_out.h"
#include "http/internal.h"

#define WR_HTTP_PARAMS_MAX 16u

/* A parameter, decoded. */
struct wr_http_param {
	const char *name;
	const char *value;
};

struct wr_http_params {
	struct wr_http_param items[WR_HTTP_PARAMS_MAX];
	size_t count;
};

struct wr_http_call {
	uint32_t magic;
	const struct wr_http_deps *deps;
	const struct wr_http_route *route;
	struct wr_arena arena;       /* for the handler too; lives as long as the call */
	struct wr_http_params path;  /* of the braces in the route's path */
	struct wr_http_params query; /* in the order in which they came */
	struct wr_buf body;
	const char *client; /* the address that it came from */
	const char *user;   /* who asks, as the client claims: one word; NULL: it does not say */
	struct wr_json_reader *reader;

	/* The answer. */
	struct wr_json_out out;
	struct wr_buf text;
	unsigned status; /* 0: none yet */
	const char *mime;
	unsigned retry_after_s;
	const char *location; /* NULL, or in the arena */
};

/* Who asks, for the log and for lists: "alice via 127.0.0.1", or `nobody` and the address. */
#define WR_HTTP_USER_MAX 64
#define WR_HTTP_WHO_BYTES 192
void wr_http_call_who(const struct wr_http_call *call, const char *nobody,
		      char who[WR_HTTP_WHO_BYTES]);

/* What stands in the path where the route has {name}; never NULL nor empty. */
const char *wr_http_call_path(const struct wr_http_call *call, const char *name);

/* The value of ?name=, or NULL. */
const char *wr_http_call_query(const struct wr_http_call *call, const char *name);

/* Parameters of the query as what they mean. One that is not there leaves *value_r as it was. False: it was no such
 * value, and the call is answered 400. "?dry_run" and "?dry_run=true" are both true. */
bool wr_http_call_bool(struct wr_http_call *call, const char *name, bool *value_r);
bool wr_http_call_integer(struct wr_http_call *call, const char *name, int64_t least, int64_t most,
			  int64_t *value_r);

/* Reads the body as JSON: use wr_json_get(call->reader, ...) then. An absent body is `{}`. False: it is none, or no
 * object, and the call is answered 400. */
bool wr_http_call_json(struct wr_http_call *call);

/* The text member of the body. False: it is not there or no text, or holds NUL: the call is answered 422. *text_r lives
 * as long as the call. After wr_http_call_json(). */
bool wr_http_call_text(struct wr_http_call *call, const char *name, const char **text_r);

/* Begins an answer that is a JSON object, or a problem document with its members so far; the caller adds members to what
 * is returned, then ends it. Whatever was begun before is thrown away. */
struct wr_json_out *wr_http_call_begin(struct wr_http_call *call, unsigned status);
struct wr_json_out *wr_http_call_begin_problem(struct wr_http_call *call,
					       enum wr_http_problem problem, const char *detail);
void wr_http_call_end(struct wr_http_call *call);

/* A problem document without more. `detail` may be NULL. */
void wr_http_call_fail(struct wr_http_call *call, enum wr_http_problem problem, const char *detail);

/* 200 with a text that is whole already: it must stand in call->text. */
void wr_http_call_done(struct wr_http_call *call, const char *mime);

/* What follows is of the frame alone. ---------------------------------------------------------------------------- */

/* NULL without memory. */
struct wr_http_call *wr_http_call_create(const struct wr_http_deps *deps,
					 const struct wr_http_route *route);

/* On the headers: makes req->call with its parameters, or answers. [listener] */
void wr_http_call_admit(struct wr_http_request *req);

/* With the whole request: runs the handler, or has a worker run it. [listener] */
void wr_http_call_handle(struct wr_http_request *req);
void wr_http_call_resumed(struct wr_http_request *req, enum wr_http_wake wake);

/* Runs the handler. [worker] */
void wr_http_call_run(struct wr_http_call *call);

/* NULL does nothing. */
void wr_http_call_destroy(struct wr_http_call *call);

/* Replaces %XX. WR_EINVAL where that is no two hex digits, or NUL; WR_ENOMEM. */
enum wr_code wr_http_unescape(struct wr_arena *arena, struct wr_bytes text, const char **text_r);

#endif
