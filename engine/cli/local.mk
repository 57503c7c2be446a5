noinst_LIBRARIES += libwr_cli.a
libwr_cli_a_SOURCES = \
	engine/cli/admin_client.c engine/cli/admin_client.h \
	engine/cli/args.c engine/cli/args.h \
	engine/cli/check.c \
	engine/cli/check_kafka.c engine/cli/check_kafka.h \
	engine/cli/claim_text.c engine/cli/claim_text.h \
	engine/cli/claims_forget.c \
	engine/cli/claims_show.c \
	engine/cli/commands.c engine/cli/commands.h \
	engine/cli/confirm.c engine/cli/confirm.h \
	engine/cli/engine_view.c engine/cli/engine_view.h \
	engine/cli/instant.c engine/cli/instant.h \
	engine/cli/dlq_args.c engine/cli/dlq_args.h \
	engine/cli/dlq_job.c engine/cli/dlq_job.h \
	engine/cli/dlq_list.c \
	engine/cli/dlq_progress.c engine/cli/dlq_progress.h \
	engine/cli/dlq_purge.c \
	engine/cli/dlq_replay.c \
	engine/cli/dlq_show.c \
	engine/cli/dlq_stats.c \
	engine/cli/ingest_unread.c engine/cli/ingest_unread.h \
	engine/cli/kafka_args.c engine/cli/kafka_args.h \
	engine/cli/lines.c engine/cli/lines.h \
	engine/cli/login.c engine/cli/login.h \
	engine/cli/offsets.c engine/cli/offsets.h \
	engine/cli/offsets_reset.c \
	engine/cli/offsets_show.c \
	engine/cli/parked.c engine/cli/parked.h \
	engine/cli/past.c engine/cli/past.h \
	engine/cli/pipeline_args.c engine/cli/pipeline_args.h \
	engine/cli/log_level.c \
	engine/cli/pause.c \
	engine/cli/plugin_info.c \
	engine/cli/pretty.c engine/cli/pretty.h \
	engine/cli/probe.c \
	engine/cli/progress.c engine/cli/progress.h \
	engine/cli/preflight.c engine/cli/preflight.h \
	engine/cli/record.c engine/cli/record.h \
	engine/cli/reload.c \
	engine/cli/reload_view.c engine/cli/reload_view.h \
	engine/cli/run.c \
	engine/cli/schema.c \
	engine/cli/send.c engine/cli/send_http.c engine/cli/send_kafka.c engine/cli/sender.h \
	engine/cli/status.c \
	engine/cli/stop.c engine/cli/stop.h \
	engine/cli/table.c \
	engine/cli/tail.c \
	engine/cli/text_table.c engine/cli/text_table.h \
	engine/cli/top.c \
	engine/cli/version.c \
	engine/cli/wiring.c engine/cli/wiring.h
libwr_cli_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
WR_CLI_LIBS = libwr_cli.a $(WR_DLQ_LIBS) $(WR_REDIS_LIBS) $(WR_MEMORY_LIBS) $(WR_HTTP_LIBS) $(CURL_LIBS)

bin_PROGRAMS += weir
weir_SOURCES = engine/main.c
weir_LDADD = $(WR_CLI_LIBS) $(JEMALLOC_LIBS)
dist_man_MANS += docs/man/weir.1

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = scripts/completion/weir
