/* Its constructor writes nonsense to every descriptor, without end. */
#include <unistd.h>

__attribute__((constructor)) static void babble(void)
{
	static const char text[4096] = "problem 1 1 \tx\ndone?\n";

	while (write(3, text, sizeof(text)) > 0)
		;
}
#include "tests/abi/hostile.h"
