plugin_LTLIBRARIES += plugins/validate.la
plugins_validate_la_SOURCES = plugins/validate/validate.c plugins/validate/rules.c plugins/validate/rules.h
nodist_plugins_validate_la_SOURCES = plugins/validate/schema.h
plugins_validate_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
plugins_validate_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
plugins_validate_la_LDFLAGS = $(WR_PLUGIN_LDFLAGS)
BUILT_SOURCES += plugins/validate/schema.h
CLEANFILES += plugins/validate/schema.h
EXTRA_DIST += plugins/validate/README.md plugins/validate/schema.json

plugins/validate/schema.h: plugins/validate/schema.json plugins/schema-to-c
	$(AM_V_GEN)$(MKDIR_P) plugins/validate && \
	$(SHELL) $(srcdir)/plugins/schema-to-c VALIDATE_SCHEMA $(srcdir)/plugins/validate/schema.json >$@.new && mv $@.new $@

check_PROGRAMS += plugins/validate/test_validate
plugins_validate_test_validate_CPPFLAGS = $(WR_ABI_CPPFLAGS)
plugins_validate_test_validate_LDADD = $(WR_TEST_LIBS)
