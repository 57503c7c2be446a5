WR_RUN_TEST_LIBS = $(WR_RUN_LIBS) $(CMOCKA_LIBS)
WR_LANE_FIXTURE = tests/run/lane_fixture.c tests/run/lane_fixture.h tests/run/lane_fixture_private.h \
	tests/run/lane_fixture_source.c tests/run/lane_fixture_sink.c tests/run/lane_fixture_store.c \
	tests/run/marks.c tests/run/marks.h
WR_RUN_FAULT_LIBS = tests/libwr_faults.a $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_batch
tests_run_test_batch_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_batch_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_admin
tests_run_test_admin_SOURCES = tests/run/test_admin.c tests/run/answer.h
tests_run_test_admin_LDADD = $(WR_RUN_TEST_LIBS)
# What run/reload.c would be is in the test.
check_PROGRAMS += tests/run/test_admin_reload
tests_run_test_admin_reload_SOURCES = tests/run/test_admin_reload.c tests/run/answer.h
tests_run_test_admin_reload_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_board
tests_run_test_board_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_board_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_engine
tests_run_test_engine_SOURCES = tests/run/test_engine.c tests/run/one_partition.h
tests_run_test_engine_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_engine_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_health
tests_run_test_health_SOURCES = tests/run/test_health.c
tests_run_test_health_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_key_waits
tests_run_test_key_waits_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_key_waits_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_program
tests_run_test_program_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_program_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_reload
tests_run_test_reload_SOURCES = tests/run/test_reload.c tests/run/flow.c tests/run/flow.h \
	tests/run/one_partition.h
tests_run_test_reload_CPPFLAGS = $(WR_ABI_CPPFLAGS) -DWEIR=\"$(abs_top_builddir)/weir$(EXEEXT)\"
tests_run_test_reload_LDADD = $(WR_RUN_TEST_LIBS)
EXTRA_tests_run_test_reload_DEPENDENCIES = weir$(EXEEXT)
check_PROGRAMS += tests/run/test_retry_queue
tests_run_test_retry_queue_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_retry_queue_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_watch
tests_run_test_watch_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane
tests_run_test_lane_SOURCES = tests/run/test_lane.c $(WR_LANE_FIXTURE)
tests_run_test_lane_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_adopt
tests_run_test_lane_adopt_SOURCES = tests/run/test_lane_adopt.c $(WR_LANE_FIXTURE)
tests_run_test_lane_adopt_LDADD = $(WR_RUN_FAULT_LIBS)
tests_run_test_lane_adopt_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/run/test_lane_canary
tests_run_test_lane_canary_SOURCES = tests/run/test_lane_canary.c $(WR_LANE_FIXTURE)
tests_run_test_lane_canary_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_guard
tests_run_test_lane_guard_SOURCES = tests/run/test_lane_guard.c $(WR_LANE_FIXTURE)
tests_run_test_lane_guard_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_retried
tests_run_test_lane_retried_SOURCES = tests/run/test_lane_retried.c $(WR_LANE_FIXTURE)
tests_run_test_lane_retried_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_blocked
tests_run_test_lane_blocked_SOURCES = tests/run/test_lane_blocked.c $(WR_LANE_FIXTURE)
tests_run_test_lane_blocked_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_publish
tests_run_test_lane_publish_SOURCES = tests/run/test_lane_publish.c $(WR_LANE_FIXTURE)
tests_run_test_lane_publish_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_marks
tests_run_test_lane_marks_SOURCES = tests/run/test_lane_marks.c $(WR_LANE_FIXTURE)
tests_run_test_lane_marks_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_txn
tests_run_test_lane_txn_SOURCES = tests/run/test_lane_txn.c $(WR_LANE_FIXTURE)
tests_run_test_lane_txn_LDADD = $(WR_RUN_TEST_LIBS)
check_PROGRAMS += tests/run/test_lane_random
tests_run_test_lane_random_SOURCES = tests/run/test_lane_random.c tests/run/sim.h tests/run/sim.c \
	tests/run/sim_member.c tests/run/sim_record.c tests/run/sim_reload.c tests/run/sim_sink.c tests/run/sim_source.c tests/run/sim_store.c tests/run/sim_txn.c \
	tests/run/marks.c tests/run/marks.h
tests_run_test_lane_random_LDADD = $(WR_RUN_TEST_LIBS)
