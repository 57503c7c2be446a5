WR_HTTP_TEST_LIBS = $(WR_HTTP_LIBS) $(CMOCKA_LIBS)
check_LIBRARIES += tests/http/libfixture.a
tests_http_libfixture_a_SOURCES = \
	tests/http/fake_sink.c tests/http/fake_sink.h \
	tests/http/fixture.c tests/http/fixture.h

check_PROGRAMS += tests/http/test_guards tests/http/test_ingest tests/http/test_server
tests_http_test_guards_LDADD = tests/http/libfixture.a $(WR_HTTP_TEST_LIBS)
tests_http_test_server_LDADD = tests/http/libfixture.a $(WR_HTTP_TEST_LIBS)
tests_http_test_ingest_LDADD = tests/http/libfixture.a $(WR_HTTP_TEST_LIBS)
