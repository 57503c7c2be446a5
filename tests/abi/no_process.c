#define ENTRY_PROCESS NULL
#include "tests/abi/hostile.h"
