plugin_LTLIBRARIES += plugins/enrich.la
plugins_enrich_la_SOURCES = plugins/enrich/enrich.c plugins/enrich/assignments.c \
	plugins/enrich/assignments.h plugins/enrich/json_edit.c plugins/enrich/json_edit.h
nodist_plugins_enrich_la_SOURCES = plugins/enrich/schema.h
plugins_enrich_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
plugins_enrich_la_CFLAGS = $(WR_PLUGIN_CFLAGS)
plugins_enrich_la_LDFLAGS = $(WR_PLUGIN_LDFLAGS)
BUILT_SOURCES += plugins/enrich/schema.h
CLEANFILES += plugins/enrich/schema.h
EXTRA_DIST += plugins/enrich/README.md plugins/enrich/schema.json

plugins/enrich/schema.h: plugins/enrich/schema.json plugins/schema-to-c
	$(AM_V_GEN)$(MKDIR_P) plugins/enrich && \
	$(SHELL) $(srcdir)/plugins/schema-to-c ENRICH_SCHEMA $(srcdir)/plugins/enrich/schema.json >$@.new && mv $@.new $@

check_PROGRAMS += plugins/enrich/test_enrich plugins/enrich/test_json_edit
plugins_enrich_test_enrich_CPPFLAGS = $(WR_ABI_CPPFLAGS)
plugins_enrich_test_enrich_LDADD = $(WR_TEST_LIBS)
plugins_enrich_test_json_edit_SOURCES = plugins/enrich/test_json_edit.c plugins/enrich/json_edit.c
plugins_enrich_test_json_edit_LDADD = $(CMOCKA_LIBS)
