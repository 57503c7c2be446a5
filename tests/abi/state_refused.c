/* It loads no state: in the probe, or only in the engine. */
#include "weir/plugin.h"

#include <stdlib.h>
#include <sys/prctl.h>

static bool save(void *self, struct weir_state_out *out, struct weir_error *err)
{
	(void)self;
	(void)err;
	return out->write(out, "x", 1);
}

static bool load(void *self, const struct weir_state_blob *const *blobs, size_t count,
		 struct weir_error *err)
{
	(void)self;
	(void)blobs;
	(void)count;
#ifdef ONLY_IN_THE_ENGINE
	{
		char name[16] = "";

		prctl(PR_GET_NAME, name);
		if (strcmp(name, "weir-probe") == 0)
			return true;
	}
#endif
	weir_error_set(err, "this state is not mine");
	return false;
}

static const void *extension(const char *id)
{
	static const struct weir_state state = {
	    .size = (uint32_t)sizeof(state), .version = 1, .save = save, .load = load};

	return strcmp(id, WEIR_STATE) == 0 ? &state : NULL;
}
#define ENTRY_EXTENSION extension
#include "tests/abi/hostile.h"
