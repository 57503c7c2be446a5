#define ENTRY_SCHEMA "{\"type\": \"object\", \"properties\": 3}"
#include "tests/abi/hostile.h"
