WR_CLAIM_STORE_TESTS = tests/claim_store/conformance.c tests/claim_store/conformance.h \
	tests/claim_store/conformance_marks.c tests/claim_store/asking.c tests/claim_store/asking.h \
	tests/claim_store/claiming.c tests/claim_store/claiming.h

check_PROGRAMS += tests/claim_store/test_memory tests/claim_store/test_none tests/claim_store/test_redis
tests_claim_store_test_memory_SOURCES = tests/claim_store/test_memory.c $(WR_CLAIM_STORE_TESTS)
tests_claim_store_test_memory_LDADD = $(WR_MEMORY_LIBS) $(CMOCKA_LIBS)
tests_claim_store_test_none_SOURCES = tests/claim_store/test_none.c $(WR_CLAIM_STORE_TESTS)
tests_claim_store_test_none_LDADD = $(WR_MEMORY_LIBS) $(CMOCKA_LIBS)
tests_claim_store_test_redis_SOURCES = tests/claim_store/test_redis.c $(WR_CLAIM_STORE_TESTS) \
	tests/redis/server.c tests/redis/server.h
tests_claim_store_test_redis_LDADD = $(WR_REDIS_LIBS) $(CMOCKA_LIBS)
