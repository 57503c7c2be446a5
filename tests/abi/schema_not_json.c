#define ENTRY_SCHEMA "{\"type\": object}"
#include "tests/abi/hostile.h"
