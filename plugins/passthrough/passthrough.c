/*
 * passthrough: every event goes on as it came. For trying out a pipeline, and the yardstick of what the engine
 * itself costs.
 */
#include "weir/plugin.h"

static char instance; /* no state: any address will do */

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)host;
	(void)config_json;
	(void)err;
	return &instance;
}

static enum weir_verdict pass(char *self, struct weir_call *call, const struct weir_event *event,
			      struct weir_result *result)
{
	(void)self;
	(void)call;
	(void)event;
	(void)result;
	return WEIR_OK;
}

WEIR_EACH(process, char, pass)

WEIR_PLUGIN(.flags = WEIR_UNLOADABLE, .id = "passthrough", .version = "1.0.0",
	    .config_schema = "{\"type\": \"object\", \"additionalProperties\": false}",
	    .create = create, .process = process);
