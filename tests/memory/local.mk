check_PROGRAMS += tests/memory/test_claims tests/memory/test_store
tests_memory_test_claims_LDADD = $(WR_MEMORY_LIBS) $(CMOCKA_LIBS)
tests_memory_test_store_SOURCES = tests/memory/test_store.c \
	tests/claim_store/claiming.c tests/claim_store/claiming.h
tests_memory_test_store_LDADD = $(WR_MEMORY_LIBS) $(CMOCKA_LIBS)
tests_memory_test_store_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc
