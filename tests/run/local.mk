WR_RUN_TEST_LIBS = $(WR_RUN_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/run/test_health
tests_run_test_health_SOURCES = tests/run/test_health.c
tests_run_test_health_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane
tests_run_test_lane_SOURCES = tests/run/test_lane.c tests/run/lane_fixture.c tests/run/lane_fixture.h
tests_run_test_lane_LDADD = $(WR_RUN_TEST_LIBS)
