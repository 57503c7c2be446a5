/* Its create() dies. */
#include "weir/plugin.h"

#include <signal.h>

static void *crash(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)host;
	(void)config_json;
	(void)err;
	raise(SIGSEGV);
	return NULL;
}
#define ENTRY_CREATE crash
#include "tests/abi/hostile.h"
