#define ENTRY_CREATE NULL
#include "tests/abi/hostile.h"
