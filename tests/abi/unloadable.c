#define ENTRY_FLAGS WEIR_UNLOADABLE
#include "tests/abi/hostile.h"
