/* Holds what only one instance can hold: the file in its config's folder, made with O_EXCL. */
#include "weir/plugin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static bool activate(void *self, struct weir_error *err)
{
	const char *file = getenv("EXCLUSIVE_FILE");
	int fd = file != NULL ? open(file, O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;

	(void)self;
	if (fd < 0) {
		weir_error_set(err, "somebody holds it");
		return false;
	}
	close(fd);
	return true;
}

static void deactivate(void *self)
{
	(void)self;
	unlink(getenv("EXCLUSIVE_FILE"));
}

static const void *extension(const char *id)
{
	static const struct weir_lifecycle lifecycle = {
	    .size = (uint32_t)sizeof(lifecycle), .activate = activate, .deactivate = deactivate};

	return strcmp(id, WEIR_LIFECYCLE) == 0 ? &lifecycle : NULL;
}
#define ENTRY_EXTENSION extension
#include "tests/abi/hostile.h"
