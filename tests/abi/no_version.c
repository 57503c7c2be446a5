#define ENTRY_VERSION NULL
#include "tests/abi/hostile.h"
