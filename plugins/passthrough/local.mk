plugin_LTLIBRARIES += passthrough.la
passthrough_la_SOURCES = plugins/passthrough/passthrough.c
passthrough_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
passthrough_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
passthrough_la_LDFLAGS = $(WR_PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/passthrough/README.md
