WR_CONF_TEST_LIBS = $(WR_CONF_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/conf/parsing.h tests/conf/source_file.h

check_PROGRAMS += tests/conf/test_address
tests_conf_test_address_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_check
tests_conf_test_check_LDADD = $(WR_CONF_TEST_LIBS)
check_PROGRAMS += tests/conf/test_conf
tests_conf_test_conf_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_diff
tests_conf_test_diff_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_examples
tests_conf_test_examples_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_conf_test_examples_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_expand
tests_conf_test_expand_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_fill
tests_conf_test_fill_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_form
tests_conf_test_form_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_json_schema
# Held to by the same validator as plugins' schemas, which is in the layer above.
tests_conf_test_json_schema_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_conf_test_json_schema_LDADD = $(WR_HOST_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/conf/test_load
tests_conf_test_load_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_nearest
tests_conf_test_nearest_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_part
tests_conf_test_part_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_problems
tests_conf_test_problems_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_reference
tests_conf_test_reference_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_conf_test_reference_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_scalar
tests_conf_test_scalar_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_schema
tests_conf_test_schema_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_show
tests_conf_test_show_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_tree
tests_conf_test_tree_LDADD = $(WR_CONF_TEST_LIBS)

check_PROGRAMS += tests/conf/test_value
tests_conf_test_value_LDADD = $(WR_CONF_TEST_LIBS)

# Writes what is made from the table of keys into the source tree.
EXTRA_PROGRAMS += tests/conf/write_reference
tests_conf_write_reference_LDADD = $(WR_CONF_LIBS)
CLEANFILES += tests/conf/write_reference$(EXEEXT)
dist_man_MANS += docs/man/weir.yaml.5

.PHONY: docs
docs: tests/conf/write_reference$(EXEEXT)
	$(MKDIR_P) $(srcdir)/docs/reference $(srcdir)/docs/man
	tests/conf/write_reference$(EXEEXT) markdown >$(srcdir)/docs/reference/configuration.md
	tests/conf/write_reference$(EXEEXT) man >$(srcdir)/docs/man/weir.yaml.5

# Fails allocations by its own malloc(), which a sanitizer has too.
if !SANITIZED
check_PROGRAMS += tests/conf/test_memory
tests_conf_test_memory_LDADD = $(WR_CONF_TEST_LIBS)
endif
