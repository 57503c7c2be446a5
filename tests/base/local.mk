WR_BASE_TEST_LIBS = $(WR_BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/base/test_json tests/base/test_lock tests/base/test_log tests/base/test_map \
	tests/base/test_metrics tests/base/test_rng tests/base/test_utf8
tests_base_test_json_LDADD = $(WR_BASE_TEST_LIBS)
tests_base_test_lock_LDADD = $(WR_BASE_TEST_LIBS)
tests_base_test_log_LDADD = $(WR_BASE_TEST_LIBS)
tests_base_test_map_LDADD = $(WR_BASE_TEST_LIBS)
tests_base_test_metrics_LDADD = $(WR_BASE_TEST_LIBS)
tests_base_test_rng_LDADD = $(WR_BASE_TEST_LIBS)
tests_base_test_utf8_LDADD = $(WR_BASE_TEST_LIBS)

check_PROGRAMS += tests/base/test_json_slice
tests_base_test_json_slice_LDADD = $(WR_BASE_TEST_LIBS)
