#define ENTRY_MINOR_NEEDED 7
#include "tests/abi/hostile.h"
