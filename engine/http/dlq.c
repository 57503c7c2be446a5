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

/* The port; NULL: there are no pipelines, and that was answered. */
static struct wr_dlq_port *port_of(struct wr_http_call *call)
{
	if (call->deps->dlq == NULL)
		wr_http_call_fail(call, WR_HTTP_NOT_FOUND, "there are no pipelines");
	return call->deps->dlq;
}

static struct wr_dlq_params params_of(const struct wr_http_call *call,
				      struct wr_dlq_param items[WR_HTTP_PARAMS_MAX])
{
	for (size_t i = 0; i < call->query.count; i++)
		items[i] =
		    (struct wr_dlq_param){call->query.items[i].name, call->query.items[i].value};
	return (struct wr_dlq_params){items, call->query.count};
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

static void answer(struct wr_http_call *call, enum wr_code rc, unsigned status,
		   const struct wr_err *err)
{
	if (rc != WR_OK) {
		wr_http_call_fail(call, problem_of(rc, call->route->takes_body), err->text);
		return;
	}
	wr_http_call_done(call, JSON);
	call->status = status;
}

void wr_http_dlq_list(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;

	if (port != NULL)
		answer(call, port->ops->list(port, &params, &call->text, &err), OK, &err);
}

void wr_http_dlq_stats(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;

	if (port != NULL)
		answer(call, port->ops->stats(port, &params, &call->text, &err), OK, &err);
}

void wr_http_dlq_show(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;
	char place[64];

	if (port == NULL)
		return;
	snprintf(place, sizeof(place), "%.20s/%.20s", wr_http_call_path(call, "partition"),
		 wr_http_call_path(call, "offset"));
	answer(call, port->ops->show(port, &params, place, &call->text, &err), OK, &err);
}

void wr_http_dlq_jobs(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;

	if (port != NULL)
		answer(call, port->ops->jobs(port, &params, &call->text, &err), OK, &err);
}

void wr_http_dlq_job(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;

	if (port != NULL)
		answer(
		    call,
		    port->ops->job(port, &params, wr_http_call_path(call, "id"), &call->text, &err),
		    OK, &err);
}

/* Who it was, as far as can be told. */
static const char *who(const struct wr_http_call *call, char text[128])
{
	snprintf(text, 128, "admin API, from %s", call->client);
	return text;
}

void wr_http_dlq_create(struct wr_http_call *call)
{
	struct wr_dlq_port *port = port_of(call);
	bool is_dry = false;
	struct wr_err err;
	enum wr_code rc;
	char text[128];

	if (port == NULL || !wr_http_call_json(call))
		return;
	rc = port->ops->create(port, wr_bytes(call->body.data, call->body.size), who(call, text),
			       &call->text, &is_dry, &err);
	answer(call, rc, is_dry ? OK : ACCEPTED, &err);
}

void wr_http_dlq_cancel(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;
	char text[128];

	if (port != NULL)
		answer(call,
		       port->ops->cancel(port, &params, wr_http_call_path(call, "id"),
					 who(call, text), &call->text, &err),
		       OK, &err);
}

void wr_http_dlq_resume(struct wr_http_call *call)
{
	struct wr_dlq_param items[WR_HTTP_PARAMS_MAX];
	struct wr_dlq_params params = params_of(call, items);
	struct wr_dlq_port *port = port_of(call);
	struct wr_err err;
	char text[128];

	if (port != NULL)
		answer(call,
		       port->ops->resume(port, &params, wr_http_call_path(call, "id"),
					 who(call, text), &call->text, &err),
		       ACCEPTED, &err);
}
