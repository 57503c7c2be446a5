# Plugins that are each broken in one way. They are built as modules (-rpath makes libtool build them shared) and
# never installed; tests open them by ABI_DIR.
WR_ABI_LDFLAGS = $(WR_PLUGIN_LDFLAGS) -rpath /nowhere

check_LTLIBRARIES += tests/abi/remembers.la \
	tests/abi/constructor_babbles.la \
	tests/abi/constructor_crashes.la \
	tests/abi/constructor_exits.la \
	tests/abi/constructor_hangs.la \
	tests/abi/create_crashes.la \
	tests/abi/create_hangs.la \
	tests/abi/exclusive.la \
	tests/abi/process_hangs.la \
	tests/abi/retries.la \
	tests/abi/selftest_fails.la \
	tests/abi/state_refused.la \
	tests/abi/state_refused_late.la \
	tests/abi/version_two.la \
	tests/abi/bad_id.la tests/abi/bad_version.la tests/abi/create_fails.la \
	tests/abi/create_fails_silently.la tests/abi/create_fails_unterminated.la tests/abi/gnu_unique.la \
	tests/abi/misbehaves.la tests/abi/newer_minor.la tests/abi/no_create.la tests/abi/no_process.la \
	tests/abi/no_symbol.la tests/abi/no_version.la tests/abi/other_major.la \
	tests/abi/schema_bad_pattern.la tests/abi/schema_not_json.la tests/abi/schema_not_schema.la \
	tests/abi/schema_remote_ref.la tests/abi/short_struct.la tests/abi/short_symbol.la \
	tests/abi/symbol_is_function.la tests/abi/throws.la tests/abi/undefined_symbol.la tests/abi/unloadable.la \
	tests/abi/wants_limit.la tests/abi/wrong_magic.la
tests_abi_bad_id_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_bad_version_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_create_fails_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_create_fails_silently_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_create_fails_unterminated_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_gnu_unique_la_SOURCES = tests/abi/gnu_unique.cc
tests_abi_gnu_unique_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_misbehaves_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_newer_minor_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_no_create_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_no_process_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_no_symbol_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_no_version_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_other_major_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_schema_bad_pattern_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_schema_not_json_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_schema_not_schema_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_schema_remote_ref_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_short_struct_la_LDFLAGS = $(WR_ABI_LDFLAGS)
# the sanitizer would pad the symbol, which is to be short
tests_abi_short_symbol_la_CFLAGS = $(WR_CFLAGS)
tests_abi_short_symbol_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_symbol_is_function_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_remembers_la_SOURCES = tests/abi/remembers.cc
tests_abi_remembers_la_CPPFLAGS = $(WR_PLUGIN_CPPFLAGS)
tests_abi_remembers_la_CXXFLAGS = $(WR_PLUGIN_CXXFLAGS)
tests_abi_remembers_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_throws_la_SOURCES = tests/abi/throws.cc
tests_abi_throws_la_CXXFLAGS = $(WR_PLUGIN_CXXFLAGS)
tests_abi_throws_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_undefined_symbol_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_unloadable_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_constructor_babbles_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_constructor_crashes_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_constructor_exits_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_constructor_hangs_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_create_crashes_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_create_hangs_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_exclusive_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_process_hangs_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_retries_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_selftest_fails_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_state_refused_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_state_refused_late_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_version_two_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_wants_limit_la_LDFLAGS = $(WR_ABI_LDFLAGS)
tests_abi_wrong_magic_la_LDFLAGS = $(WR_ABI_LDFLAGS)
EXTRA_DIST += tests/abi/hostile.h

WR_ABI_CPPFLAGS = $(AM_CPPFLAGS) -DABI_DIR=\"$(abs_top_builddir)/tests/abi/.libs\" \
	-DPLUGINS_DIR=\"$(abs_top_builddir)/plugins/.libs\"

check_PROGRAMS += tests/abi/test_refusals tests/abi/test_misbehaviour tests/abi/test_extensions
tests_abi_test_extensions_CPPFLAGS = $(WR_ABI_CPPFLAGS)
tests_abi_test_extensions_LDADD = $(WR_TEST_LIBS)
tests_abi_test_refusals_CPPFLAGS = $(WR_ABI_CPPFLAGS)
tests_abi_test_refusals_LDADD = $(WR_TEST_LIBS)
tests_abi_test_misbehaviour_CPPFLAGS = $(WR_ABI_CPPFLAGS)
tests_abi_test_misbehaviour_LDADD = $(WR_TEST_LIBS)

TESTS += tests/abi/headers.sh tests/abi/examples.sh
EXTRA_DIST += tests/abi/headers.sh tests/abi/examples.sh examples/c-threshold examples/cpp-fraud
tests/abi/examples.log: libweir-test.a
