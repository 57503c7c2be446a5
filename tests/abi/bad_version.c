#define ENTRY_VERSION "1.0\n"
#include "tests/abi/hostile.h"
