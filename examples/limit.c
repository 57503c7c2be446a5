/* limit: an event whose amount is over a limit becomes a dead letter. */
#include "weir/plugin.h"

#include <stdlib.h>

struct limit {
	int64_t max;
};

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	struct limit *self = malloc(sizeof(*self));
	struct weir_json max;

	(void)config_json; /* it has passed the schema below */
	if (self == NULL) {
		weir_error_set(err, "no memory");
		return NULL;
	}
	weir_config_get(host, "/max", &max);
	self->max = max.integer;
	return self;
}

static enum weir_verdict check(struct limit *self, struct weir_call *call,
			       const struct weir_event *event, struct weir_result *result)
{
	struct weir_json amount;

	if (weir_json_get(call, event, "/payload/amount", &amount) != WEIR_JSON_INTEGER)
		return weir_fail(call, result, "no-amount", "/payload/amount is no integer");
	if (amount.integer > self->max)
		return weir_fail(call, result, "over-limit", "/payload/amount is over the limit");
	return WEIR_OK;
}

WEIR_EACH(process, struct limit, check)

WEIR_PLUGIN(.id = "limit", .version = "1.0.0",
	    .config_schema = "{\"required\": [\"max\"],"
			     " \"properties\": {\"max\": {\"type\": \"integer\"}}}",
	    .create = create, .process = process, .destroy = free);
