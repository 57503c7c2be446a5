noinst_LIBRARIES += libwr_dlq.a
libwr_dlq_a_SOURCES = \
	engine/dlq/act.c \
	engine/dlq/cursor.c engine/dlq/cursor.h \
	engine/dlq/dlq.c engine/dlq/dlq.h \
	engine/dlq/edit.c engine/dlq/edit.h \
	engine/dlq/filter.c engine/dlq/filter.h \
	engine/dlq/job.c engine/dlq/job.h \
	engine/dlq/jobs.c \
	engine/dlq/json.c engine/dlq/json.h \
	engine/dlq/letter.c engine/dlq/letter.h \
	engine/dlq/marks.c engine/dlq/marks.h \
	engine/dlq/page.c engine/dlq/page.h \
	engine/dlq/place.c engine/dlq/place.h \
	engine/dlq/reader.c engine/dlq/reader.h \
	engine/dlq/redrive.c engine/dlq/redrive.h \
	engine/dlq/redrive_round.c \
	engine/dlq/run.c engine/dlq/run.h engine/dlq/run_private.h \
	engine/dlq/service.c engine/dlq/service.h engine/dlq/service_private.h \
	engine/dlq/service_ask.c \
	engine/dlq/service_jobs.c \
	engine/dlq/start.c \
	engine/dlq/stats.c engine/dlq/stats.h \
	engine/dlq/topics.c engine/dlq/topics.h \
	engine/dlq/writer.c engine/dlq/writer.h
WR_DLQ_LIBS = libwr_dlq.a $(WR_KAFKA_LIBS)
