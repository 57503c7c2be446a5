check_PROGRAMS += tests/host/test_call tests/host/test_effects tests/host/test_generation \
	tests/host/test_host_table tests/host/test_instance tests/host/test_json_cache \
	tests/host/test_json_schema tests/host/test_memory tests/host/test_plugin_store tests/host/test_probe tests/host/test_text
tests_host_test_call_LDADD = $(WR_TEST_LIBS)
tests_host_test_effects_LDADD = $(WR_TEST_LIBS)
tests_host_test_generation_CPPFLAGS = $(WR_ABI_CPPFLAGS)
tests_host_test_generation_LDADD = $(WR_TEST_LIBS)
tests_host_test_host_table_LDADD = $(WR_TEST_LIBS)
tests_host_test_instance_LDADD = $(WR_TEST_LIBS)
tests_host_test_json_cache_LDADD = $(WR_TEST_LIBS)
tests_host_test_json_schema_LDADD = $(WR_TEST_LIBS)
tests_host_test_memory_CPPFLAGS = $(WR_ABI_CPPFLAGS)
tests_host_test_memory_LDFLAGS = $(WR_FAULT_WRAPS)
tests_host_test_memory_LDADD = tests/libwr_faults.a $(WR_TEST_LIBS)
tests_host_test_plugin_store_CPPFLAGS = $(WR_ABI_CPPFLAGS)
tests_host_test_plugin_store_LDADD = $(WR_TEST_LIBS)
tests_host_test_text_LDADD = $(WR_TEST_LIBS)
EXTRA_DIST += tests/host/scripted.h
# The child that it starts is weir itself.
tests_host_test_probe_CPPFLAGS = $(WR_ABI_CPPFLAGS) -DWEIR=\"$(abs_top_builddir)/weir$(EXEEXT)\"
tests_host_test_probe_LDADD = $(WR_TEST_LIBS)
EXTRA_tests_host_test_probe_DEPENDENCIES = weir$(EXEEXT)
