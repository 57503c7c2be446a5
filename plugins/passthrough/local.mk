plugin_LTLIBRARIES += plugins/passthrough.la
plugins_passthrough_la_SOURCES = plugins/passthrough/passthrough.c
plugins_passthrough_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
plugins_passthrough_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
plugins_passthrough_la_LDFLAGS = $(WR_PLUGIN_LDFLAGS)
EXTRA_DIST += plugins/passthrough/README.md
