/* Its process() does not return while the file named by HANG_FILE is there; meanwhile there is a file HANG_FILE.in. */
#include "weir/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int hang(void *self, struct weir_call *call, const struct weir_event *const *events,
		struct weir_result *const *results, size_t n)
{
	const char *file = getenv("HANG_FILE");
	char in[256];
	FILE *out;

	(void)self;
	(void)call;
	(void)events;
	if (file != NULL && access(file, F_OK) == 0) {
		snprintf(in, sizeof(in), "%s.in", file);
		out = fopen(in, "we");
		if (out != NULL)
			fclose(out);
	}
	while (file != NULL && access(file, F_OK) == 0)
		usleep(1000);
	for (size_t i = 0; i < n; i++)
		results[i]->verdict = WEIR_OK;
	return 0;
}
#define ENTRY_PROCESS hang
#include "tests/abi/hostile.h"
