/* Reloading, and what has run. */
#include "config.h"

#include "http/admin.h"

#include "conf/scalar.h"
#include "core/canary.h"
#include "http/call.h"
#include "port/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct wr_admin_port *port_of(const struct wr_http_call *call)
{
	return call->deps->port;
}

static struct wr_json_out *begin(void *arg, enum wr_admin_result result, const char *detail)
{
	struct wr_http_call *call = arg;

	switch (result) {
	case WR_ADMIN_DONE:
		break;
	case WR_ADMIN_CANARY:
		call->location = wr_arena_copy(&call->arena, detail, strlen(detail));
		break;
	case WR_ADMIN_REJECTED:
		return wr_http_call_begin_problem(call, WR_HTTP_REJECTED, detail);
	case WR_ADMIN_ROLLED_BACK:
		return wr_http_call_begin_problem(call, WR_HTTP_ROLLED_BACK, detail);
	}
	return wr_http_call_begin(call, 200);
}

static void refuse(struct wr_http_call *call, enum wr_code code, const char *why)
{
	if (code == WR_EFULL || code == WR_ENOTFOUND || code == WR_EREFUSED)
		wr_http_call_fail(call, WR_HTTP_CONFLICT, why);
	else if (code == WR_ECLOSED)
		wr_http_call_fail(call, WR_HTTP_BUSY, why);
	else
		wr_http_call_fail(call, WR_HTTP_INTERNAL, why);
}

#define SHARE_LEAST (WR_CANARY_ALL / 10000)
#define SHARE_MOST (WR_CANARY_ALL / 100 * 99)

/* "10%", or "off". False: it is neither, and the call is answered. */
static bool read_canary(struct wr_http_call *call, struct wr_admin_order *order)
{
	const char *text = wr_http_call_query(call, "canary");
	int64_t share;

	if (text == NULL)
		return true;
	order->no_canary = strcmp(text, "off") == 0;
	if (order->no_canary)
		return true;
	if (wr_scalar_share(wr_bytes_of(text), &share) != WR_QUANTITY_OK || share < SHARE_LEAST ||
	    share > SHARE_MOST) {
		wr_http_call_fail(call, WR_HTTP_BAD_REQUEST,
				  "the parameter canary is a share of the keys from 0.01% to 99% "
				  "(10%25 in a URL), or off");
		return false;
	}
	order->canary_share = (uint32_t)share;
	return true;
}

/* The number of a generation. False: it is none. */
static bool read_number(const char *text, uint64_t *number_r)
{
	char *end;

	errno = 0;
	*number_r = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

/* False: it is none, and the call is answered. */
static bool read_from(struct wr_http_call *call, struct wr_admin_order *order)
{
	const char *text = wr_http_call_query(call, "from");

	if (text == NULL ||
	    (read_number(text, &order->from) && order->from > 0 && order->from <= INT64_MAX))
		return true;
	wr_http_call_fail(call, WR_HTTP_BAD_REQUEST,
			  "the parameter from is the number of a generation");
	return false;
}

static void reload(struct wr_http_call *call, bool rollback)
{
	struct wr_admin_order order = {.rollback = rollback};
	struct wr_err err = {.text = ""};
	enum wr_code rc;
	char who[WR_HTTP_WHO_BYTES];

	if (!wr_http_call_bool(call, "dry_run", &order.dry_run) ||
	    !wr_http_call_bool(call, "drained", &order.drained) ||
	    !wr_http_call_bool(call, "force", &order.force) || !read_canary(call, &order) ||
	    !read_from(call, &order))
		return;
	wr_http_call_who(call, "admin ", who);
	order.who = who;
	rc = port_of(call)->ops->reload(port_of(call), &order, begin, call, &err);
	if (rc == WR_OK)
		wr_http_call_end(call);
	else
		refuse(call, rc, err.text);
}

void wr_http_admin_reload(struct wr_http_call *call)
{
	reload(call, false);
}

void wr_http_admin_rollback(struct wr_http_call *call)
{
	reload(call, true);
}

void wr_http_admin_generations(struct wr_http_call *call)
{
	port_of(call)->ops->generations(port_of(call), wr_http_call_begin(call, 200));
	wr_http_call_end(call);
}

void wr_http_admin_generation(struct wr_http_call *call)
{
	const char *text = wr_http_call_path(call, "number");
	uint64_t number;

	if (read_number(text, &number) &&
	    port_of(call)->ops->one_generation(port_of(call), number,
					       wr_http_call_begin(call, 200)) == WR_OK)
		wr_http_call_end(call);
	else
		wr_http_call_fail(call, WR_HTTP_NOT_FOUND,
				  "there is no such generation, or not any more");
}
