# Fuzz targets. `make check` replays their corpora and some mutations. To search with libFuzzer:
#	CC=clang CXX=clang++ ./configure --with-sanitizer=fuzzer-no-link,address,undefined --disable-shared
#	make tests/fuzz/search_conf && tests/fuzz/search_conf -max_total_time=600 corpus etc tests/fuzz/corpus/conf
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/corpus
CLEANFILES += tests/fuzz/search_conf$(EXEEXT)

check_PROGRAMS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c tests/fuzz/replay.c
tests_fuzz_fuzz_conf_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_fuzz_fuzz_conf_LDADD = $(WR_CONF_LIBS)

EXTRA_PROGRAMS += tests/fuzz/search_conf
tests_fuzz_search_conf_SOURCES = tests/fuzz/fuzz_conf.c
tests_fuzz_search_conf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_search_conf_LDADD = $(WR_CONF_LIBS)

CLEANFILES += tests/fuzz/search_http_body$(EXEEXT)
check_PROGRAMS += tests/fuzz/fuzz_http_body
tests_fuzz_fuzz_http_body_SOURCES = tests/fuzz/fuzz_http_body.c tests/fuzz/replay.c
tests_fuzz_fuzz_http_body_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_fuzz_fuzz_http_body_LDADD = $(WR_HTTP_LIBS)

EXTRA_PROGRAMS += tests/fuzz/search_http_body
tests_fuzz_search_http_body_SOURCES = tests/fuzz/fuzz_http_body.c
tests_fuzz_search_http_body_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_search_http_body_LDADD = $(WR_HTTP_LIBS)

CLEANFILES += tests/fuzz/search_envelope$(EXEEXT)
check_PROGRAMS += tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz_envelope.c tests/fuzz/replay.c
tests_fuzz_fuzz_envelope_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_fuzz_fuzz_envelope_LDADD = $(WR_CORE_LIBS)

EXTRA_PROGRAMS += tests/fuzz/search_envelope
tests_fuzz_search_envelope_SOURCES = tests/fuzz/fuzz_envelope.c
tests_fuzz_search_envelope_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_search_envelope_LDADD = $(WR_CORE_LIBS)

CLEANFILES += tests/fuzz/search_dlq_state$(EXEEXT)
check_PROGRAMS += tests/fuzz/fuzz_dlq_state
tests_fuzz_fuzz_dlq_state_SOURCES = tests/fuzz/fuzz_dlq_state.c tests/fuzz/replay.c
tests_fuzz_fuzz_dlq_state_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_fuzz_fuzz_dlq_state_LDADD = $(WR_DLQ_LIBS)

EXTRA_PROGRAMS += tests/fuzz/search_dlq_state
tests_fuzz_search_dlq_state_SOURCES = tests/fuzz/fuzz_dlq_state.c
tests_fuzz_search_dlq_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_search_dlq_state_LDADD = $(WR_DLQ_LIBS)

CLEANFILES += tests/fuzz/search_state$(EXEEXT)
check_PROGRAMS += tests/fuzz/fuzz_state
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz_state.c tests/fuzz/replay.c
tests_fuzz_fuzz_state_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_fuzz_fuzz_state_LDADD = $(WR_CORE_LIBS)

EXTRA_PROGRAMS += tests/fuzz/search_state
tests_fuzz_search_state_SOURCES = tests/fuzz/fuzz_state.c
tests_fuzz_search_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_search_state_LDADD = $(WR_CORE_LIBS)
