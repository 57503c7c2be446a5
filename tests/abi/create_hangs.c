/* Its create() never returns. */
#include "weir/plugin.h"

#include <unistd.h>

static void *hang(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)host;
	(void)config_json;
	(void)err;
	for (;;)
		pause();
	return NULL;
}
#define ENTRY_CREATE hang
#include "tests/abi/hostile.h"
