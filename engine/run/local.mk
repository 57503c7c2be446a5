noinst_LIBRARIES += libwr_run.a
libwr_run_a_SOURCES = \
	engine/run/health.c engine/run/health.h
WR_RUN_LIBS = libwr_run.a $(WR_BASE_LIBS)
