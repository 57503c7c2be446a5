#include "config.h"

#include "http/admin.h"

#include "base/log.h"
#include "http/call.h"
#include "port/admin.h"

#define OK 200

static struct wr_admin_port *port_of(const struct wr_http_call *call)
{
	return call->deps->port;
}

static void show(struct wr_http_call *call,
		 void (*write)(struct wr_admin_port *port, struct wr_json_out *out))
{
	write(port_of(call), wr_http_call_begin(call, OK));
	wr_http_call_end(call);
}

void wr_http_admin_status(struct wr_http_call *call)
{
	show(call, port_of(call)->ops->status);
}

void wr_http_admin_pipelines(struct wr_http_call *call)
{
	show(call, port_of(call)->ops->pipelines);
}

void wr_http_admin_plugins(struct wr_http_call *call)
{
	show(call, port_of(call)->ops->plugins);
}

void wr_http_admin_config(struct wr_http_call *call)
{
	show(call, port_of(call)->ops->config);
}

static void set_paused(struct wr_http_call *call, bool paused)
{
	struct wr_admin_port *port = port_of(call);
	struct wr_json_out *out = wr_http_call_begin(call, OK);
	char who[WR_HTTP_WHO_BYTES];

	wr_http_call_who(call, "", who);
	if (port->ops->set_paused(port, wr_http_call_path(call, "name"), paused, who, out) == WR_OK)
		wr_http_call_end(call);
	else
		wr_http_call_fail(call, WR_HTTP_NOT_FOUND, "there is no pipeline of this name");
}

void wr_http_admin_pause(struct wr_http_call *call)
{
	set_paused(call, true);
}

void wr_http_admin_resume(struct wr_http_call *call)
{
	set_paused(call, false);
}

void wr_http_admin_log_level(struct wr_http_call *call)
{
	wr_json_out_text(wr_http_call_begin(call, OK), "level",
			 wr_log_level_name(wr_log_get_level()));
	wr_http_call_end(call);
}

void wr_http_admin_set_log_level(struct wr_http_call *call)
{
	enum wr_log_level level, old = wr_log_get_level();
	const char *name;
	char who[WR_HTTP_WHO_BYTES];

	wr_http_call_who(call, "", who);
	if (!wr_http_call_json(call) || !wr_http_call_text(call, "level", &name))
		return;
	if (wr_log_level_parse(name, &level) != WR_OK) {
		wr_http_call_fail(call, WR_HTTP_INVALID,
				  "the level is one of error, warn, info and debug");
		return;
	}
	/* Under the more talkative of the two, so that it is seen. */
	if (level > old)
		wr_log_set_level(level);
	WR_LOG(WR_LOG_INFO, "log level set", WR_STR("now", wr_log_level_name(level)),
	       WR_STR("was", wr_log_level_name(old)), WR_STR("who", who));
	wr_log_set_level(level);
	wr_http_admin_log_level(call);
}
