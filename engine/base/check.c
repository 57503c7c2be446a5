#include "config.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void wr_check_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "weir: bug: %s at %s:%d\n", what, file, line);
	abort();
}
