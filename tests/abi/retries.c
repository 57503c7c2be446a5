/* Asks for a retry of every event, if its config says "fails". */
#include "weir/plugin.h"

#include <string.h>

static char fine, failing;

static void *create_one(const struct weir_host *host, const char *config_json,
			struct weir_error *err)
{
	(void)host;
	(void)err;
	return strstr(config_json, "true") != NULL ? &failing : &fine;
}

static int answer(void *self, struct weir_call *call, const struct weir_event *const *events,
		  struct weir_result *const *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (call->host->begin(call, i))
			results[i]->verdict = self == &failing ? WEIR_RETRY : WEIR_OK;
	}
	(void)events;
	return 0;
}
#define ENTRY_SCHEMA                                                                    \
	"{\"type\": \"object\", \"properties\": {\"fails\": {\"type\": \"boolean\"}}, " \
	"\"additionalProperties\": false}"
#define ENTRY_CREATE create_one
#define ENTRY_PROCESS answer
#include "tests/abi/hostile.h"
