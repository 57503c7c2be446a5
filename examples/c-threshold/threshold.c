/* threshold: payments at or over a limit go to the output "alerts", all others to the default one. */
#include <stdlib.h>
#include <weir/plugin.h>

struct threshold {
	double limit;
	weir_output alerts;
};

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	struct threshold *self = malloc(sizeof(*self));
	struct weir_json limit;

	(void)config_json; /* the whole text; weir_config_get() looks into it */
	weir_config_get(host, "/limit", &limit);
	if (self != NULL && host->output(host, "alerts", &self->alerts)) {
		self->limit = limit.number;
		return self;
	}
	weir_error_set(err, "the pipeline needs an output named \"alerts\"");
	free(self);
	return NULL;
}

static enum weir_verdict handle(struct threshold *self, struct weir_call *call,
				const struct weir_event *event, struct weir_result *result)
{
	struct weir_json amount;

	if (weir_json_get(call, event, "/payload/amount", &amount) != WEIR_JSON_INTEGER &&
	    amount.type != WEIR_JSON_NUMBER)
		return weir_fail(call, result, "no-amount", "/payload/amount is no number");
	if (amount.number >= self->limit)
		result->output = self->alerts;
	return WEIR_OK;
}

WEIR_EACH(process, struct threshold, handle)
WEIR_PLUGIN(.id = "threshold", .version = "1.0.0",
	    .config_schema =
		"{\"required\": [\"limit\"], \"properties\": {\"limit\": {\"type\": \"number\"}}}",
	    .create = create, .process = process, .destroy = free);
