#define ENTRY_MAJOR 2
#include "tests/abi/hostile.h"
