int function_that_nobody_defines(void);

static inline int calls_it(void)
{
	return function_that_nobody_defines();
}
#include "tests/abi/hostile.h"

extern WEIR_EXPORT int (*const reference)(void);
int (*const reference)(void) = calls_it;
