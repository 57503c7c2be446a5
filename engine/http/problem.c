#include "config.h"

#include "http/problem.h"

#include "base/check.h"

#include <stdio.h>

static const struct {
	const char *slug;
	unsigned status;
	const char *title;
} rows[] = {
#define X(name, slug, status, title) [name] = {slug, status, title},
    WR_HTTP_PROBLEMS(X)
#undef X
};

unsigned wr_http_problem_status(enum wr_http_problem problem)
{
	WR_ASSERT((size_t)problem < WR_COUNT_OF(rows));
	return rows[problem].status;
}

enum wr_http_problem wr_http_problem_for(unsigned status)
{
	size_t i;

	for (i = 0; i < WR_COUNT_OF(rows); i++) {
		if (rows[i].status == status)
			return (enum wr_http_problem)i;
	}
	return WR_HTTP_INTERNAL;
}

enum wr_code wr_http_problem_open(struct wr_buf *out, enum wr_http_problem problem,
				  const char *detail)
{
	enum wr_code rc;

	WR_ASSERT((size_t)problem < WR_COUNT_OF(rows));
	rc = wr_buf_printf(
	    out, "{\"type\":\"" WR_HTTP_PROBLEM_TYPE "%s\",\"title\":\"%s\",\"status\":%u",
	    rows[problem].slug, rows[problem].title, rows[problem].status);
	if (rc != WR_OK || detail == NULL)
		return rc;
	rc = wr_buf_append_text(out, ",\"detail\":");
	return rc == WR_OK ? wr_buf_append_json_string(out, wr_bytes_of(detail)) : rc;
}

void wr_http_problem_members(struct wr_json_out *out, enum wr_http_problem problem,
			     const char *detail)
{
	char type[64];

	WR_ASSERT((size_t)problem < WR_COUNT_OF(rows));
	snprintf(type, sizeof(type), WR_HTTP_PROBLEM_TYPE "%s", rows[problem].slug);
	wr_json_out_text(out, "type", type);
	wr_json_out_text(out, "title", rows[problem].title);
	wr_json_out_integer(out, "status", rows[problem].status);
	if (detail != NULL)
		wr_json_out_text(out, "detail", detail);
}

enum wr_code wr_http_problem_position(struct wr_buf *out, const struct wr_json_position *where)
{
	return wr_buf_printf(out, ",\"position\":{\"offset\":%zu,\"line\":%u,\"column\":%u}",
			     where->offset, where->line, where->column);
}
