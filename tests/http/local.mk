WR_HTTP_TEST_LIBS = tests/http/libfixture.a $(WR_HTTP_LIBS) $(CMOCKA_LIBS)
check_LIBRARIES += tests/http/libfixture.a
tests_http_libfixture_a_SOURCES = \
	tests/http/fake_sink.c tests/http/fake_sink.h \
	tests/http/fixture.c tests/http/fixture.h

check_PROGRAMS += \
	tests/http/test_admin \
	tests/http/test_call \
	tests/http/test_certificate \
	tests/http/test_deadlines \
	tests/http/test_dlq \
	tests/http/test_event_body \
	tests/http/test_framing \
	tests/http/test_headers \
	tests/http/test_ingest \
	tests/http/test_ingest_answer \
	tests/http/test_linger \
	tests/http/test_listen \
	tests/http/test_openapi \
	tests/http/test_reload \
	tests/http/test_server
tests_http_test_admin_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_call_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_certificate_SOURCES = tests/http/test_certificate.c tests/http/certificate.c tests/http/certificate.h
tests_http_test_certificate_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_deadlines_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_dlq_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_event_body_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_framing_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_headers_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_ingest_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_ingest_answer_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_linger_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_listen_SOURCES = tests/http/test_listen.c tests/http/certificate.c tests/http/certificate.h
tests_http_test_listen_LDADD = $(WR_HTTP_TEST_LIBS) -lssl
tests_http_test_openapi_CPPFLAGS = $(AM_CPPFLAGS) -DWR_TEST_SOURCES=\"$(abs_top_srcdir)\"
tests_http_test_openapi_LDADD = $(WR_HTTP_TEST_LIBS) $(YAML_LIBS)
tests_http_test_reload_SOURCES = tests/http/test_reload.c tests/http/certificate.c tests/http/certificate.h
tests_http_test_reload_LDADD = $(WR_HTTP_TEST_LIBS) -lssl
tests_http_test_server_LDADD = $(WR_HTTP_TEST_LIBS)
tests_http_test_server_LDFLAGS = -Wl,--wrap=wr_secret_equal
