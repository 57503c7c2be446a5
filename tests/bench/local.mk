# Built by `make bench` alone.
EXTRA_PROGRAMS += tests/bench/bare_http tests/bench/bare_loop tests/bench/bench_kafka
EXTRA_DIST += tests/bench/run tests/bench/post.lua

tests_bench_bare_loop_SOURCES = tests/bench/bare_loop.c tests/bench/bare_redis.c tests/bench/bare_redis.h \
	tests/bench/bench.c tests/bench/bench.h
# The bare programs have the engine's allocator.
tests_bench_bare_http_LDADD = $(MHD_LIBS) $(RDKAFKA_LIBS) $(JEMALLOC_LIBS)
tests_bench_bare_loop_LDADD = $(RDKAFKA_LIBS) $(JEMALLOC_LIBS)
tests_bench_bench_kafka_SOURCES = tests/bench/bench_kafka.c tests/bench/bench.c tests/bench/bench.h
tests_bench_bench_kafka_LDADD = $(RDKAFKA_LIBS)

bench-programs: tests/bench/bare_http$(EXEEXT) tests/bench/bare_loop$(EXEEXT) tests/bench/bench_kafka$(EXEEXT)
bench: all bench-programs
	$(srcdir)/tests/bench/run --build .

.PHONY: bench bench-programs
