check_PROGRAMS += tests/host/test_call
tests_host_test_call_SOURCES = tests/host/test_call.c tests/host/scripted.h
tests_host_test_call_LDADD = $(WR_TEST_LIBS)
