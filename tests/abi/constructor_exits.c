/* Its constructor ends the process as if all were well. */
#include <unistd.h>

__attribute__((constructor)) static void leave(void)
{
	_exit(0);
}
#include "tests/abi/hostile.h"
