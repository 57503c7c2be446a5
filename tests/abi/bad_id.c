#define ENTRY_ID "Fraud Check"
#include "tests/abi/hostile.h"
