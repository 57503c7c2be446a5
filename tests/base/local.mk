WR_BASE_TEST_LIBS = $(WR_BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/base/test_arena
tests_base_test_arena_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_buf
tests_base_test_buf_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_bytes
tests_base_test_bytes_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_check
tests_base_test_check_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_clock
tests_base_test_clock_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_err
tests_base_test_err_LDADD = $(WR_BASE_TEST_LIBS)
# The failpoints are tested in every build, whether they are compiled into it or not.
check_PROGRAMS += tests/base/test_failpoint
tests_base_test_failpoint_SOURCES = tests/base/test_failpoint.c engine/base/failpoint.c
tests_base_test_failpoint_CPPFLAGS = $(AM_CPPFLAGS) -DWR_FAILPOINTS
tests_base_test_failpoint_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_file
tests_base_test_file_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_json
tests_base_test_json_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_json_out
tests_base_test_json_out_LDADD = tests/libwr_faults.a $(WR_BASE_TEST_LIBS)
tests_base_test_json_out_LDFLAGS = $(WR_FAULT_WRAPS)
check_PROGRAMS += tests/base/test_json_slice
tests_base_test_json_slice_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_lock
tests_base_test_lock_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_log
tests_base_test_log_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_map
tests_base_test_map_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_metrics
tests_base_test_metrics_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_number
tests_base_test_number_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_rng
tests_base_test_rng_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_own_program
tests_base_test_own_program_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_secret
tests_base_test_secret_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_sha256
tests_base_test_sha256_LDADD = $(WR_BASE_TEST_LIBS)
check_PROGRAMS += tests/base/test_utf8
tests_base_test_utf8_LDADD = $(WR_BASE_TEST_LIBS)

# Counts allocations by its own malloc(), which a sanitizer has too.
if !SANITIZED
check_PROGRAMS += tests/base/test_json_memory
tests_base_test_json_memory_LDADD = $(WR_BASE_TEST_LIBS)
endif
