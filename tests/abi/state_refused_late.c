#define ONLY_IN_THE_ENGINE 1
#include "tests/abi/state_refused.c"
