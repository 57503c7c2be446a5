noinst_LIBRARIES += libwr_redis.a
libwr_redis_a_SOURCES = \
	engine/redis/access.c engine/redis/access.h \
	engine/redis/backoff.c engine/redis/backoff.h \
	engine/redis/blocking.c engine/redis/blocking.h \
	engine/redis/conn.c engine/redis/conn.h \
	engine/redis/encode.c engine/redis/encode.h \
	engine/redis/inspect.c engine/redis/inspect.h \
	engine/redis/marks.c engine/redis/marks.h \
	engine/redis/refusal.c engine/redis/refusal.h \
	engine/redis/request.c engine/redis/request.h \
	engine/redis/resolve.c engine/redis/resolve.h \
	engine/redis/resp.c engine/redis/resp.h \
	engine/redis/script.c engine/redis/script.h \
	engine/redis/store.c engine/redis/store.h \
	engine/redis/target.c engine/redis/target.h
WR_REDIS_LIBS = libwr_redis.a $(HIREDIS_LIBS) $(WR_BASE_LIBS)
