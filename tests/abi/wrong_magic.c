#define ENTRY_MAGIC UINT32_C(0x12345678)
#include "tests/abi/hostile.h"
