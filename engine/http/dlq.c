#include "config.h"

#include "http/dlq.h"

#include "http/call.h"
#include "http/router.h"
#include "port/dlq.h"

#include <stdio.h>

#define JSON "application/json"
#define OK 200
#define ACCEPTED 202

#define FILTERS                                                                             \
	"pipeline", "stage", "plugin", "class", "code", "id", "generation", "text", "from", \
	    "until", "state"

const char *const wr_http_dlq_list_query[] = {FILTERS, "limit", "cursor", "order", NULL};
const char *const wr_http_dlq_stats_query[] = {FILTERS, "cursor", NULL};
const char *const wr_http_dlq_query[] = {"pipeline", NULL};

/* What a call hands over to the port. */
struct question {
	struct wr_dlq_port *port;
	const struct wr_dlq_ops *ops;
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params;
	char who[WR_HTTP_WHO_BYTES];
	struct wr_err err;
};

/* False: there are no pipelines, and that was answered. */
static bool begin(struct wr_http_call *call, struct question *q)
{
	q->port = call->deps->dlq;
	if (q->port == NULL) {
		wr_http_call_fail(call, WR_HTTP_NOT_FOUND, "there are no pipelines");
		return false;
	}
	q->ops = q->port->ops;
	for (size_t i = 0; i < call->query.count; i++)
		q->items[i] =
		    (struct wr_dlq_param){call->query.items[i].name, call->query.items[i].value};
	q->params = (struct wr_dlq_params){q->items, call->query.count};
	wr_http_call_who(call, "admin API, from ", q->who);
	return true;
}

static enum wr_http_problem problem_of(enum wr_code rc, bool has_body)
{
	switch (rc) {
	case WR_EINVAL:
		return has_body ? WR_HTTP_INVALID : WR_HTTP_BAD_REQUEST;
	case WR_ENOTFOUND:
		return WR_HTTP_NOT_FOUND;
	case WR_EEXIST:
		return WR_HTTP_CONFLICT;
	case WR_EREFUSED:
	case WR_ECLOSED:
	case WR_EUNAVAILABLE:
	case WR_EUNKNOWN:
	case WR_ETIMEDOUT:
		return WR_HTTP_BUSY;
	case WR_OK:
	case WR_ENOMEM:
	case WR_EFULL:
	case WR_EUNSUPPORTED:
	case WR_EIO:
		break;
	}
	return WR_HTTP_INTERNAL;
}

static void answer(struct wr_http_call *call, const struct question *q, enum wr_code rc,
		   unsigned status)
{
	if (rc != WR_OK) {
		wr_http_call_fail(call, problem_of(rc, call->route->takes_body), q->err.text);
		return;
	}
	wr_http_call_done(call, JSON);
	call->status = status;
}

void wr_http_dlq_list(struct wr_http_call *call)
{
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->list(q.port, &q.params, &call->text, &q.err), OK);
}

void wr_http_dlq_stats(struct wr_http_call *call)
{
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->stats(q.port, &q.params, &call->text, &q.err), OK);
}

void wr_http_dlq_show(struct wr_http_call *call)
{
	struct question q;
	char place[64];

	if (!begin(call, &q))
		return;
	snprintf(place, sizeof(place), "%.20s/%.20s", wr_http_call_path(call, "partition"),
		 wr_http_call_path(call, "offset"));
	answer(call, &q, q.ops->show(q.port, &q.params, place, &call->text, &q.err), OK);
}

void wr_http_dlq_jobs(struct wr_http_call *call)
{
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->jobs(q.port, &q.params, &call->text, &q.err), OK);
}

void wr_http_dlq_redrives(struct wr_http_call *call)
{
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->redrives(q.port, &call->text, &q.err), OK);
}

void wr_http_dlq_job(struct wr_http_call *call)
{
	const char *id = wr_http_call_path(call, "id");
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->job(q.port, &q.params, id, &call->text, &q.err), OK);
}

void wr_http_dlq_create(struct wr_http_call *call)
{
	struct question q;
	bool is_dry = false;
	enum wr_code rc;

	if (!begin(call, &q) || !wr_http_call_json(call))
		return;
	rc = q.ops->create(q.port, wr_bytes(call->body.data, call->body.size), q.who, &call->text,
			   &is_dry, &q.err);
	answer(call, &q, rc, is_dry ? OK : ACCEPTED);
}

void wr_http_dlq_cancel(struct wr_http_call *call)
{
	const char *id = wr_http_call_path(call, "id");
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->cancel(q.port, &q.params, id, q.who, &call->text, &q.err),
		       OK);
}

void wr_http_dlq_resume(struct wr_http_call *call)
{
	const char *id = wr_http_call_path(call, "id");
	struct question q;

	if (begin(call, &q))
		answer(call, &q, q.ops->resume(q.port, &q.params, id, q.who, &call->text, &q.err),
		       ACCEPTED);
}
