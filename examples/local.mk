# What the documentation shows is what is built and tested here. Not installed.
check_LTLIBRARIES += examples/limit.la
examples_limit_la_SOURCES = examples/limit.c
examples_limit_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
examples_limit_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
examples_limit_la_LDFLAGS = $(WR_ABI_LDFLAGS)

check_PROGRAMS += examples/test_limit
examples_test_limit_CPPFLAGS = $(AM_CPPFLAGS) -DEXAMPLES_DIR=\"$(abs_top_builddir)/examples/.libs\"
examples_test_limit_LDADD = $(WR_TEST_LIBS)
