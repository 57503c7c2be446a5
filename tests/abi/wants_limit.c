#define ENTRY_SCHEMA                                                                          \
	"{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"limit\"], " \
	"\"properties\": {\"limit\": {\"type\": \"integer\", \"minimum\": 1}}}"
#include "tests/abi/hostile.h"
