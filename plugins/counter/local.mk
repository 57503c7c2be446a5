plugin_LTLIBRARIES += plugins/counter.la
plugins_counter_la_SOURCES = plugins/counter/counter.c plugins/counter/counts.c plugins/counter/counts.h
plugins_counter_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
plugins_counter_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
plugins_counter_la_LDFLAGS = $(WR_PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/counter/README.md

check_PROGRAMS += plugins/counter/test_counter
plugins_counter_test_counter_CPPFLAGS = $(WR_ABI_CPPFLAGS)
plugins_counter_test_counter_LDADD = $(WR_TEST_LIBS)
