#define ENTRY_SCHEMA "{\"$ref\": \"http://127.0.0.1:1/schema.json\"}"
#include "tests/abi/hostile.h"
