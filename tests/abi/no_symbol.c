/* A shared object that is no plugin. Its constructor must not run: it is refused before it is mapped. */
#include <stdlib.h>

__attribute__((constructor)) static void run_at_load(void)
{
	abort();
}

__attribute__((visibility("default"))) extern const int no_plugin_here;
const int no_plugin_here = 1;
