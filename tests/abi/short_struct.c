#define ENTRY_SIZE 24
#include "tests/abi/hostile.h"
