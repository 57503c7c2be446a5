noinst_LIBRARIES += libwr_base.a
libwr_base_a_SOURCES = \
	engine/base/arena.c engine/base/arena.h \
	engine/base/buf.c engine/base/buf.h \
	engine/base/bytes.h \
	engine/base/check.c engine/base/check.h \
	engine/base/clock.c engine/base/clock.h \
	engine/base/code.c engine/base/code.h \
	engine/base/err.c engine/base/err.h \
	engine/base/failpoint.c engine/base/failpoint.h engine/base/failpoint_names.inc \
	engine/base/file.c engine/base/file.h \
	engine/base/json.cc engine/base/json.h \
	engine/base/json_out.c engine/base/json_out.h \
	engine/base/json_scan.c engine/base/json_scan.h \
	engine/base/json_slice.c engine/base/json_slice.h \
	engine/base/lock.c engine/base/lock.h \
	engine/base/log.c engine/base/log.h \
	engine/base/map.c engine/base/map.h \
	engine/base/metrics.c engine/base/metrics.h engine/base/metrics_impl.h engine/base/metrics_text.c \
	engine/base/number.c engine/base/number.h \
	engine/base/own_program.c engine/base/own_program.h \
	engine/base/rng.c engine/base/rng.h \
	engine/base/secret.c engine/base/secret.h \
	engine/base/sha256.c engine/base/sha256.h \
	engine/base/utf8.c engine/base/utf8.h
WR_BASE_LIBS = libwr_base.a $(CJSON_LIBS) $(SIMDJSON_LIBS) $(XXHASH_LIBS) $(CRYPTO_LIBS) -lstdc++
