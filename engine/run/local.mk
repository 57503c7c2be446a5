noinst_LIBRARIES += libwr_run.a
libwr_run_a_SOURCES = \
	engine/run/admin.c engine/run/admin.h \
	engine/run/admin_reload.c engine/run/admin_reload.h \
	engine/run/admin_show.c engine/run/admin_show.h \
	engine/run/batch.c engine/run/batch.h \
	engine/run/board.c engine/run/board.h \
	engine/run/engine.c engine/run/engine.h engine/run/engine_private.h \
	engine/run/health.c engine/run/health.h \
	engine/run/history.c engine/run/history.h \
	engine/run/history_read.c \
	engine/run/kept_text.c engine/run/kept_text.h \
	engine/run/key_waits.c engine/run/key_waits.h \
	engine/run/lane.c engine/run/lane.h engine/run/lane_private.h \
	engine/run/lane_adopt.c \
	engine/run/lane_canary.c \
	engine/run/lane_claim.c \
	engine/run/lane_commit.c \
	engine/run/lane_create.c \
	engine/run/lane_gather.c \
	engine/run/lane_guard.c \
	engine/run/lane_deaths.c engine/run/lane_deaths.h \
	engine/run/lane_handover.c \
	engine/run/lane_letter.c \
	engine/run/lane_mark.c \
	engine/run/lane_memory.c \
	engine/run/lane_move.c \
	engine/run/lane_parked.c \
	engine/run/lane_place.c \
	engine/run/lane_publish.c \
	engine/run/lane_refusal.c \
	engine/run/lane_retire.c \
	engine/run/lane_retried.c \
	engine/run/lane_run.c \
	engine/run/lane_take.c \
	engine/run/lane_txn.c \
	engine/run/lane_write.c \
	engine/run/last_applied.c engine/run/last_applied.h \
	engine/run/metric_table.c engine/run/metric_table.h \
	engine/run/program.c engine/run/program.h \
	engine/run/reload.c engine/run/reload.h engine/run/reload_private.h \
	engine/run/reload_answer.c \
	engine/run/reload_apply.c \
	engine/run/reload_canary.c \
	engine/run/reload_keep.c \
	engine/run/reload_list.c \
	engine/run/reload_load.c \
	engine/run/reload_plan.c \
	engine/run/reload_probe.c \
	engine/run/reload_show.c engine/run/reload_show.h \
	engine/run/reload_watch.c \
	engine/run/retry_queue.c engine/run/retry_queue.h \
	engine/run/state_dir.c engine/run/state_dir.h \
	engine/run/state_place.c engine/run/state_place.h \
	engine/run/swap.c engine/run/swap.h engine/run/swap_private.h \
	engine/run/swap_canary.c \
	engine/run/swap_state.c \
	engine/run/tried.c engine/run/tried.h \
	engine/run/watch.c engine/run/watch.h \
	engine/port/admin.h engine/port/dlq.h engine/port/claim_store.h engine/port/sink.h engine/port/source.h
WR_RUN_LIBS = libwr_run.a $(WR_HOST_LIBS)
