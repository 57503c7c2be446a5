/*
 * The errors of the HTTP interface as problem documents (RFC 9457). Each kind is a row: the word that names it in
 * `type`, its status and its title. What is particular to one answer is the detail and the extra members.
 */
#ifndef WR_HTTP_PROBLEM_H
#define WR_HTTP_PROBLEM_H

#include "base/buf.h"
#include "base/code.h"
#include "base/json.h"
#include "base/json_out.h"

#define WR_HTTP_PROBLEM_TYPE "urn:weir:problem:"
#define WR_HTTP_PROBLEM_MIME "application/problem+json"

#define WR_HTTP_PROBLEMS(X)                                                                  \
	X(WR_HTTP_BAD_REQUEST, "bad-request", 400, "The request is malformed")               \
	X(WR_HTTP_BAD_JSON, "bad-json", 400, "The body is not valid JSON")                   \
	X(WR_HTTP_UNAUTHORIZED, "unauthorized", 401, "A token is needed")                    \
	X(WR_HTTP_FORBIDDEN, "forbidden", 403, "This host or origin is not allowed")         \
	X(WR_HTTP_NOT_FOUND, "not-found", 404, "There is nothing here")                      \
	X(WR_HTTP_METHOD, "method-not-allowed", 405, "The method does not apply here")       \
	X(WR_HTTP_SLOW, "request-timeout", 408, "The request took too long to arrive")       \
	X(WR_HTTP_CONFLICT, "conflict", 409, "Something else is under way")                  \
	X(WR_HTTP_TOO_LARGE, "too-large", 413, "The body or an event is too large")          \
	X(WR_HTTP_MEDIA_TYPE, "media-type", 415, "The body is of a type that is not taken")  \
	X(WR_HTTP_EXPECTATION, "expectation", 417, "The expectation can't be met")           \
	X(WR_HTTP_INVALID_EVENT, "invalid-event", 422, "No event was taken")                 \
	X(WR_HTTP_INVALID, "invalid", 422, "What was asked for makes no sense here")         \
	X(WR_HTTP_REJECTED, "rejected", 422, "The configuration was rejected")               \
	X(WR_HTTP_ROLLED_BACK, "rolled-back", 422, "It failed, and what was before runs")    \
	X(WR_HTTP_TOO_MANY, "too-many-requests", 429, "Too many requests are waiting")       \
	X(WR_HTTP_HEADERS, "headers-too-large", 431, "The headers are too large")            \
	X(WR_HTTP_INTERNAL, "internal", 500, "The server failed")                            \
	X(WR_HTTP_UNAVAILABLE, "unavailable", 503, "Not stored: try again later")            \
	X(WR_HTTP_UNKNOWN, "unknown-outcome", 503, "It is not known whether all was stored") \
	X(WR_HTTP_BUSY, "busy", 503, "Not done: try again later")                            \
	X(WR_HTTP_UNFINISHED, "unfinished", 503, "It goes on without an answer")

enum wr_http_problem {
#define X(name, slug, status, title) name,
	WR_HTTP_PROBLEMS(X)
#undef X
};

unsigned wr_http_problem_status(enum wr_http_problem problem);

/* The row for a status that an event or a body was refused with; the first of several. */
enum wr_http_problem wr_http_problem_for(unsigned status);

/* Appends {"type":...,"title":...,"status":...,"detail":... without the closing brace, so that members can be
 * added. `detail` may be NULL. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_http_problem_open(struct wr_buf *out, enum wr_http_problem problem,
				  const char *detail);

/* The same as members of an object that was begun; the caller adds more and ends it. [any] */
void wr_http_problem_members(struct wr_json_out *out, enum wr_http_problem problem,
			     const char *detail);

/* Appends ,"position":{"offset":...,"line":...,"column":...}. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_http_problem_position(struct wr_buf *out, const struct wr_json_position *where);

#endif
