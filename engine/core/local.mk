noinst_LIBRARIES += libwr_core.a
libwr_core_a_SOURCES = \
	engine/core/backoff.c engine/core/backoff.h \
	engine/core/canary.c engine/core/canary.h \
	engine/core/circuit.c engine/core/circuit.h \
	engine/core/claim.c engine/core/claim.h \
	engine/core/clause.h \
	engine/core/envelope.c engine/core/envelope.h engine/core/envelope_text.c \
	engine/core/event.c engine/core/event.h \
	engine/core/event_id.c engine/core/event_id.h \
	engine/core/mark.c engine/core/mark.h \
	engine/core/mark_place.c \
	engine/core/mark_text.c \
	engine/core/order.c engine/core/order.h \
	engine/core/parked.c engine/core/parked.h \
	engine/core/retried.c engine/core/retried.h \
	engine/core/retry_budget.c engine/core/retry_budget.h \
	engine/core/retry_policy.c engine/core/retry_policy.h \
	engine/core/tier.c engine/core/tier.h \
	engine/core/txn_size.c engine/core/txn_size.h
WR_CORE_LIBS = libwr_core.a $(WR_BASE_LIBS)
