#include "config.h"

#include "http/call.h"

#include "base/check.h"
#include "http/router.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define CALL_MAGIC UINT32_C(0x4843414C)
#define KEEP_ARENA_BYTES ((size_t)4 * 1024)
#define JSON "application/json"
#define DETAIL_BYTES 256

static const char *find(const struct wr_http_params *params, const char *name)
{
	size_t i;

	for (i = 0; i < params->count; i++) {
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	}
	return NULL;
}

const char *wr_http_call_path(const struct wr_http_call *call, const char *name)
{
	const char *value;

	WR_CHECK(call, CALL_MAGIC);
	value = find(&call->path, name);
	WR_ASSERT(value != NULL);
	return value;
}

const char *wr_http_call_query(const struct wr_http_call *call, const char *name)
{
	WR_CHECK(call, CALL_MAGIC);
	return find(&call->query, name);
}

bool wr_http_call_bool(struct wr_http_call *call, const char *name, bool *value_r)
{
	const char *value = wr_http_call_query(call, name);
	char detail[DETAIL_BYTES];

	if (value == NULL)
		return true;
	if (value[0] == '\0' || strcmp(value, "true") == 0) {
		*value_r = true;
		return true;
	}
	if (strcmp(value, "false") == 0) {
		*value_r = false;
		return true;
	}
	snprintf(detail, sizeof(detail), "the parameter %s is true or false", name);
	wr_http_call_fail(call, WR_HTTP_BAD_REQUEST, detail);
	return false;
}

bool wr_http_call_integer(struct wr_http_call *call, const char *name, int64_t least, int64_t most,
			  int64_t *value_r)
{
	const char *value = wr_http_call_query(call, name);
	char detail[DETAIL_BYTES], *end;
	long long number;

	if (value == NULL)
		return true;
	errno = 0;
	number = strtoll(value, &end, 10);
	/* strtoll() would pass over leading space. */
	if (errno == 0 && *end == '\0' &&
	    (value[0] == '-' || (value[0] >= '0' && value[0] <= '9')) && number >= least &&
	    number <= most) {
		*value_r = number;
		return true;
	}
	snprintf(detail, sizeof(detail),
		 "the parameter %s is a number from %" PRId64 " to %" PRId64, name, least, most);
	wr_http_call_fail(call, WR_HTTP_BAD_REQUEST, detail);
	return false;
}

bool wr_http_call_json(struct wr_http_call *call)
{
	struct wr_bytes text = wr_bytes(call->body.data, call->body.size);
	struct wr_json_position where;
	struct wr_json_value value;
	struct wr_json_out *out;
	struct wr_err err;
	enum wr_code rc;

	if (text.size == 0)
		text = wr_bytes_of("{}");
	if (call->reader == NULL && wr_json_reader_create(&call->reader) != WR_OK) {
		wr_http_call_fail(call, WR_HTTP_INTERNAL, "out of memory");
		return false;
	}
	rc = wr_json_read(call->reader, text, &where, &err);
	if (rc == WR_EINVAL) {
		out = wr_http_call_begin_problem(call, WR_HTTP_BAD_JSON, err.text);
		wr_json_out_begin_object(out, "position");
		wr_json_out_integer(out, "offset", (int64_t)where.offset);
		wr_json_out_integer(out, "line", where.line);
		wr_json_out_integer(out, "column", where.column);
		wr_json_out_end(out);
		wr_http_call_end(call);
		return false;
	}
	if (rc != WR_OK) {
		wr_http_call_fail(call, WR_HTTP_INTERNAL, "out of memory");
		return false;
	}
	if (wr_json_get(call->reader, wr_bytes_of(""), &value) == WR_JSON_OBJECT)
		return true;
	wr_http_call_fail(call, WR_HTTP_INVALID, "the body must be a JSON object");
	return false;
}

bool wr_http_call_text(struct wr_http_call *call, const char *name, const char **text_r)
{
	struct wr_json_value value;
	char pointer[64], detail[DETAIL_BYTES];

	*text_r = NULL;
	snprintf(pointer, sizeof(pointer), "/%s", name);
	if (wr_json_get(call->reader, wr_bytes_of(pointer), &value) == WR_JSON_STRING &&
	    memchr(value.string.data, '\0', value.string.size) == NULL) {
		*text_r = wr_arena_copy(&call->arena, value.string.data, value.string.size);
		if (*text_r == NULL)
			wr_http_call_fail(call, WR_HTTP_INTERNAL, "out of memory");
		return *text_r != NULL;
	}
	snprintf(detail, sizeof(detail), "the body must have the member %s, a text", name);
	wr_http_call_fail(call, WR_HTTP_INVALID, detail);
	return false;
}

static struct wr_json_out *begin(struct wr_http_call *call, unsigned status, const char *mime)
{
	WR_CHECK(call, CALL_MAGIC);
	wr_buf_clear(&call->text);
	call->status = status;
	call->mime = mime;
	wr_json_out_init(&call->out, &call->text);
	wr_json_out_begin_object(&call->out, NULL);
	return &call->out;
}

struct wr_json_out *wr_http_call_begin(struct wr_http_call *call, unsigned status)
{
	return begin(call, status, JSON);
}

struct wr_json_out *wr_http_call_begin_problem(struct wr_http_call *call,
					       enum wr_http_problem problem, const char *detail)
{
	struct wr_json_out *out =
	    begin(call, wr_http_problem_status(problem), WR_HTTP_PROBLEM_MIME);

	wr_http_problem_members(out, problem, detail);
	return out;
}

void wr_http_call_end(struct wr_http_call *call)
{
	WR_CHECK(call, CALL_MAGIC);
	wr_json_out_end(&call->out);
	/* Without memory for the answer there is none; the listener says so. */
	if (wr_json_out_finish(&call->out) != WR_OK)
		call->status = 0;
}

void wr_http_call_fail(struct wr_http_call *call, enum wr_http_problem problem, const char *detail)
{
	wr_http_call_begin_problem(call, problem, detail);
	wr_http_call_end(call);
}

void wr_http_call_done(struct wr_http_call *call, const char *mime)
{
	WR_CHECK(call, CALL_MAGIC);
	call->status = 200;
	call->mime = mime;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum wr_code wr_http_unescape(struct wr_arena *arena, struct wr_bytes text, const char **text_r)
{
	const char *from = text.data, *end = from + text.size;
	char *copy, *to;
	int high, low;

	*text_r = NULL;
	copy = to = wr_arena_alloc(arena, text.size + 1);
	if (copy == NULL)
		return WR_ENOMEM;
	while (from < end) {
		if (*from != '%') {
			*to++ = *from++;
			continue;
		}
		high = end - from >= 3 ? hex_digit(from[1]) : -1;
		low = end - from >= 3 ? hex_digit(from[2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return WR_EINVAL;
		*to++ = (char)(high * 16 + low);
		from += 3;
	}
	*to = '\0';
	*text_r = copy;
	return WR_OK;
}

void wr_http_call_destroy(struct wr_http_call *call)
{
	if (call == NULL)
		return;
	WR_CHECK(call, CALL_MAGIC);
	wr_arena_fini(&call->arena);
	wr_buf_fini(&call->body);
	wr_buf_fini(&call->text);
	wr_json_reader_destroy(call->reader);
	call->magic = 0;
	free(call);
}

struct wr_http_call *wr_http_call_create(const struct wr_http_deps *deps,
					 const struct wr_http_route *route)
{
	struct wr_http_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->magic = CALL_MAGIC;
	call->deps = deps;
	call->route = route;
	wr_arena_init(&call->arena, KEEP_ARENA_BYTES);
	wr_buf_init(&call->body);
	wr_buf_init(&call->text);
	call->client = "";
	return call;
}

void wr_http_call_who(const struct wr_http_call *call, const char *nobody,
		      char who[WR_HTTP_WHO_BYTES])
{
	if (call->user != NULL)
		snprintf(who, WR_HTTP_WHO_BYTES, "%s via %s", call->user, call->client);
	else
		snprintf(who, WR_HTTP_WHO_BYTES, "%s%s", nobody, call->client);
}

void wr_http_call_run(struct wr_http_call *call)
{
	WR_CHECK(call, CALL_MAGIC);
	call->route->call(call);
}
