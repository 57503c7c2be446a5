#define ENTRY_VERSION "2.0.0"
#include "tests/abi/hostile.h"
