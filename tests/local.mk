# tests/ mirrors engine/: tests/<layer>/local.mk adds the programs of its layer.
TESTS += $(check_PROGRAMS)
EXTRA_DIST += tests/unit.h
include tests/base/local.mk
include tests/conf/local.mk
include tests/support/local.mk
include tests/abi/local.mk
include tests/host/local.mk
include tests/http/local.mk
include tests/run/local.mk
include tests/claim_store/local.mk
include tests/memory/local.mk
include tests/redis/local.mk
