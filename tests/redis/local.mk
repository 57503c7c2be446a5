WR_REDIS_TEST_LIBS = $(WR_REDIS_LIBS) $(CMOCKA_LIBS)
WR_CLAIMING = tests/claim_store/claiming.c tests/claim_store/claiming.h
WR_ASKING = tests/claim_store/asking.c tests/claim_store/asking.h
WR_REDIS_SERVED = $(WR_CLAIMING) tests/redis/fake.c tests/redis/fake.h tests/redis/served.c tests/redis/served.h

check_PROGRAMS += tests/redis/test_backoff tests/redis/test_encode tests/redis/test_refusal \
	tests/redis/test_resolve tests/redis/test_resp tests/redis/test_store tests/redis/test_store_cancel \
	tests/redis/test_store_outage tests/redis/test_target
tests_redis_test_backoff_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_encode_SOURCES = tests/redis/test_encode.c $(WR_CLAIMING)
tests_redis_test_encode_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_refusal_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_resolve_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_resp_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_store_SOURCES = tests/redis/test_store.c $(WR_REDIS_SERVED)
tests_redis_test_store_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_store_cancel_SOURCES = tests/redis/test_store_cancel.c $(WR_REDIS_SERVED)
tests_redis_test_store_cancel_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_store_outage_SOURCES = tests/redis/test_store_outage.c $(WR_REDIS_SERVED)
tests_redis_test_store_outage_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_target_LDADD = $(WR_REDIS_TEST_LIBS)

check_PROGRAMS += tests/redis/test_conn
tests_redis_test_conn_SOURCES = tests/redis/test_conn.c $(WR_CLAIMING)
tests_redis_test_conn_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_conn_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getaddrinfo

# These start a redis-server of their own.
check_PROGRAMS += tests/redis/test_inspect tests/redis/test_server
tests_redis_test_inspect_SOURCES = tests/redis/test_inspect.c tests/redis/fake.c tests/redis/fake.h \
	tests/redis/server.c tests/redis/server.h
tests_redis_test_inspect_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_server_SOURCES = tests/redis/test_server.c $(WR_CLAIMING) \
	tests/redis/server.c tests/redis/server.h
tests_redis_test_server_LDADD = $(WR_REDIS_TEST_LIBS)

check_PROGRAMS += tests/redis/test_marks tests/redis/test_server_marks tests/redis/test_store_marks
tests_redis_test_marks_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_marks_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_redis_test_server_marks_SOURCES = tests/redis/test_server_marks.c $(WR_CLAIMING) $(WR_ASKING) \
	tests/redis/server.c tests/redis/server.h
tests_redis_test_server_marks_LDADD = $(WR_REDIS_TEST_LIBS)
tests_redis_test_store_marks_SOURCES = tests/redis/test_store_marks.c $(WR_ASKING) $(WR_REDIS_SERVED)
tests_redis_test_store_marks_LDADD = $(WR_REDIS_TEST_LIBS)

check_PROGRAMS += tests/redis/test_access
tests_redis_test_access_SOURCES = tests/redis/test_access.c tests/redis/server.c tests/redis/server.h
tests_redis_test_access_LDADD = $(WR_REDIS_TEST_LIBS)
