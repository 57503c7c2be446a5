# tests/ mirrors engine/: tests/<layer>/local.mk adds the programs of its layer.
TESTS += $(check_PROGRAMS)
EXTRA_DIST += tests/unit.h
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; CC='$(CC)'; CXX='$(CXX)'; MAKE='$(MAKE)'; \
	export top_srcdir CC CXX MAKE;
# Lack of memory on demand: tests/faults.h.
check_LIBRARIES += tests/libwr_faults.a
tests_libwr_faults_a_SOURCES = tests/faults.c tests/faults.h
WR_FAULT_WRAPS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
include tests/base/local.mk
include tests/conf/local.mk
include tests/fuzz/local.mk
include tests/support/local.mk
include tests/abi/local.mk
include tests/host/local.mk
include tests/http/local.mk
include tests/core/local.mk
include tests/model/local.mk
include tests/run/local.mk
include tests/claim_store/local.mk
include tests/memory/local.mk
include tests/redis/local.mk
include tests/kafka/local.mk
include tests/dlq/local.mk
include tests/cli/local.mk
include tests/docs/local.mk
include tests/bench/local.mk
include tests/soak/local.mk
include tests/system/local.mk
