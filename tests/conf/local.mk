WR_CONF_TEST_LIBS = $(WR_CONF_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/conf/parsing.h

check_PROGRAMS += tests/conf/test_load
tests_conf_test_load_LDADD = $(WR_CONF_TEST_LIBS)
