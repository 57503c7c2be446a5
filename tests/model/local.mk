# The rules of core a second time, with a switch for every clause.
check_LIBRARIES += tests/model/libmodel.a
tests_model_libmodel_a_CPPFLAGS = $(AM_CPPFLAGS) -DWR_MODEL
tests_model_libmodel_a_SOURCES = \
	engine/core/claim.c engine/core/mark.c engine/core/mark_place.c engine/core/mark_text.c \
	engine/core/backoff.c engine/core/envelope.c engine/core/envelope_text.c \
	engine/core/event.c engine/core/event_id.c engine/core/order.c engine/core/parked.c \
	engine/core/retried.c \
	engine/core/retry_policy.c \
	tests/model/faults.c tests/model/faults.h \
	tests/model/lane.c tests/model/lane.h tests/model/lane_claim.c tests/model/lane_place.c \
	tests/model/lane_release.c \
	tests/model/ledger.c tests/model/ledger.h \
	tests/model/parked.c tests/model/parked.h \
	tests/model/retried.c tests/model/retried.h \
	tests/model/scenarios.c tests/model/scenarios.h \
	tests/model/search.c tests/model/search.h \
	tests/model/steps.c tests/model/steps.h \
	tests/model/value.c tests/model/value.h \
	tests/model/world.c tests/model/world.h
WR_MODEL_LIBS = tests/model/libmodel.a $(WR_BASE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/model/test_model tests/model/test_clauses
tests_model_test_model_CPPFLAGS = $(tests_model_libmodel_a_CPPFLAGS)
tests_model_test_model_LDADD = $(WR_MODEL_LIBS)
tests_model_test_clauses_CPPFLAGS = $(tests_model_libmodel_a_CPPFLAGS)
tests_model_test_clauses_LDADD = $(WR_MODEL_LIBS)
