check_PROGRAMS += tests/core/test_event_id
tests_core_test_event_id_LDADD = $(WR_CORE_LIBS) $(CMOCKA_LIBS)
