#define ENTRY_SCHEMA "{\"properties\": {\"a\": {\"pattern\": \"(\"}}}"
#include "tests/abi/hostile.h"
