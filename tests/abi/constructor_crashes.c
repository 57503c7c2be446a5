/* Its constructor dies. */
#include <stdlib.h>

__attribute__((constructor)) static void crash(void)
{
	abort();
}
#include "tests/abi/hostile.h"
