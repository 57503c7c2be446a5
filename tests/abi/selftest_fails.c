/* It says of itself that it must not be used. */
#include "weir/plugin.h"

static bool run(void *self, struct weir_error *err)
{
	(void)self;
	weir_error_set(err, "2 and 2 are 5");
	return false;
}

static const void *extension(const char *id)
{
	static const struct weir_selftest selftest = {.size = (uint32_t)sizeof(selftest),
						      .run = run};

	return strcmp(id, WEIR_SELFTEST) == 0 ? &selftest : NULL;
}
#define ENTRY_EXTENSION extension
#include "tests/abi/hostile.h"
