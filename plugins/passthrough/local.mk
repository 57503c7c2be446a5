plugin_LTLIBRARIES += plugins/passthrough.la
plugins_passthrough_la_SOURCES = plugins/passthrough/passthrough.c
plugins_passthrough_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
plugins_passthrough_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
plugins_passthrough_la_LDFLAGS = $(WR_PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/passthrough/README.md

check_PROGRAMS += plugins/passthrough/test_passthrough
plugins_passthrough_test_passthrough_CPPFLAGS = $(WR_ABI_CPPFLAGS)
plugins_passthrough_test_passthrough_LDADD = $(WR_TEST_LIBS)
