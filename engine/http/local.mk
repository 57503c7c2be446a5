noinst_LIBRARIES += libwr_http.a
libwr_http_a_SOURCES = \
	engine/http/access.c \
	engine/http/admin.c engine/http/admin.h engine/http/admin_reload.c \
	engine/http/call.c engine/http/call.h engine/http/call_request.c \
	engine/http/certificate.c engine/http/certificate.h \
	engine/http/conn.c \
	engine/http/dlq.c engine/http/dlq.h \
	engine/http/event_body.c engine/http/event_body.h \
	engine/http/headers.c engine/http/headers.h \
	engine/http/http_metrics.c engine/http/http_metrics.h \
	engine/http/ingest.c engine/http/ingest_impl.h \
	engine/http/ingest_answer.c engine/http/ingest_answer.h \
	engine/http/ingest_sink.c \
	engine/http/internal.h \
	engine/http/linger.c engine/http/linger.h \
	engine/http/listen.c engine/http/listen.h \
	engine/http/listener.c \
	engine/http/problem.c engine/http/problem.h \
	engine/http/request.c \
	engine/http/reload.c \
	engine/http/routes.c \
	engine/http/router.c engine/http/router.h \
	engine/http/server.c engine/http/server.h \
	engine/http/settings.c engine/http/settings.h \
	engine/http/views.c \
	engine/http/waits.c \
	engine/http/workers.c engine/http/workers.h
WR_HTTP_LIBS = libwr_http.a $(WR_RUN_LIBS) $(MHD_LIBS) $(GNUTLS_LIBS)
