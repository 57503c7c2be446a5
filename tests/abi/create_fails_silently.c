#include "weir/plugin.h"

static void *refuses(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)host;
	(void)config_json;
	(void)err;
	return NULL;
}
#define ENTRY_CREATE refuses
#include "tests/abi/hostile.h"
