# The harness that runs a plugin over events in memory, for our tests and (installed) for plugin authors'.
check_LIBRARIES += libweir_test_local.a
libweir_test_local_a_SOURCES = tests/support/weir_test.c include/weir/test.h
WR_TEST_LIBS = libweir_test_local.a $(WR_HOST_LIBS) $(CMOCKA_LIBS)
