#include "config.h"

#include "base/own_program.h"

#include <unistd.h>

const char *wr_own_program(char *path, size_t size)
{
	ssize_t length = readlink(WR_OWN_PROGRAM, path, size);

	if (length <= 0 || (size_t)length >= size)
		return WR_OWN_PROGRAM;
	path[length] = '\0';
	/* Of a file that is gone the kernel writes " (deleted)" behind the path. */
	return access(path, X_OK) == 0 ? path : WR_OWN_PROGRAM;
}
