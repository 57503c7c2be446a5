noinst_LIBRARIES += libwr_memory.a
libwr_memory_a_SOURCES = \
	engine/memory/claims.c engine/memory/claims.h \
	engine/memory/marks.c engine/memory/marks.h \
	engine/memory/store.c engine/memory/store.h
WR_MEMORY_LIBS = libwr_memory.a $(WR_BASE_LIBS)
