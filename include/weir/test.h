/*
 * weir/test.h - runs a plugin over events in memory, for the tests of its author. No Kafka, no Redis, no threads:
 * one instance, the real host table of the engine, and what became of each event afterwards.
 *
 * Link with the flags of `pkg-config --libs weir-test`. Text may be NULL where it says so. A wrong use (an event
 * that is not there) aborts: it is a mistake of the test.
 */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include "weir/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A plugin with one instance, and the events of the next call. */
struct weir_test;

/* What the instance is told. Zeroed is fine: no config, one output, slot 0 of 1. */
struct weir_test_options {
	const char *config_json;    /* NULL: {} */
	const char *const *outputs; /* the names beside `default` */
	size_t output_count;
	const char *stage;   /* NULL: the plugin's id */
	uint32_t slot;       /* < slot_count */
	uint32_t slot_count; /* 0: 1 */
};

/* Opens a plugin's file as the engine does, holds the config to its schema and creates the instance. The caller
 * owns what it returns; NULL: `error` (of error_size bytes) says why. `options` may be NULL. */
struct weir_test *weir_test_open(const char *file, const struct weir_test_options *options,
				 char *error, size_t error_size);

/* The same for an entry that is linked into the test program. */
struct weir_test *weir_test_open_entry(const struct weir_plugin *entry,
				       const struct weir_test_options *options, char *error,
				       size_t error_size);

/* Destroys the instance. NULL does nothing. */
void weir_test_close(struct weir_test *test);

/* Adds an event to the next call and returns its index. The texts are copied; NULL is absent. Its topic is "events",
 * its partition 0, its offset the index, its attempt 1, and it has no time and no headers. */
size_t weir_test_add(struct weir_test *test, const char *id, const char *key, const char *value);
size_t weir_test_add_bytes(struct weir_test *test, struct weir_bytes id, struct weir_bytes key,
			   struct weir_bytes value);

/* Adds a header to an event; copied. */
void weir_test_add_header(struct weir_test *test, size_t i, const char *name, const char *value);

/* The event. Before the run the test may change its numbers; after it, its value, key and headers are as the next
 * stage would see them. Borrowed until the reset. */
struct weir_event *weir_test_event(struct weir_test *test, size_t i);

/* Calls process() once, with all the events that were added. */
void weir_test_run(struct weir_test *test);

/* Forgets the events; the instance stays. */
void weir_test_reset(struct weir_test *test);

/* What became of an event. UNSET: it was put off behind an earlier event of its key that asked for a retry. */
enum weir_verdict weir_test_verdict(const struct weir_test *test, size_t i);
uint32_t weir_test_retry_after_ms(const struct weir_test *test, size_t i);
const char *weir_test_code(const struct weir_test *test, size_t i);    /* "" when there is none */
const char *weir_test_message(const struct weir_test *test, size_t i); /* "" when there is none */
const char *weir_test_output(const struct weir_test *test, size_t i);  /* the name */

/* Whether the value, as it is now, is this text. */
bool weir_test_value_is(struct weir_test *test, size_t i, const char *text);

/* The value of the first header of that name; data NULL when there is none. */
struct weir_bytes weir_test_header(struct weir_test *test, size_t i, const char *name);

/* The records that were emitted beside event i: how many, and the n-th, borrowed until the reset. *output_r (may be
 * NULL) is the name of its output. */
size_t weir_test_emit_count(const struct weir_test *test, size_t i);
struct weir_record weir_test_emit(const struct weir_test *test, size_t i, size_t n,
				  const char **output_r);

/* What instances saved by "weir.state/1". */
struct weir_test_state;

/* Has the instance save what it knows. `state` NULL makes a new one, else what is saved is added to it, as that of
 * another lane is. The caller owns what it returns; NULL: `error` says why, and `state` is as it was. */
struct weir_test_state *weir_test_save(struct weir_test *test, struct weir_test_state *state,
				       char *error, size_t error_size);

/* Gives the instance all of it. False: `error` says why. */
bool weir_test_load(struct weir_test *test, const struct weir_test_state *state, char *error,
		    size_t error_size);

/* Makes it look as if another version of the plugin had saved it. */
void weir_test_state_set_version(struct weir_test_state *state, uint32_t version);

/* NULL does nothing. */
void weir_test_state_free(struct weir_test_state *state);

/* The instance's "weir.selftest/1" and "weir.lifecycle/1"; without them nothing happens, and all is well. False: `error`
 * says why. Activate and deactivate by turns; closing deactivates. */
bool weir_test_selftest(struct weir_test *test, char *error, size_t error_size);
bool weir_test_activate(struct weir_test *test, char *error, size_t error_size);
void weir_test_deactivate(struct weir_test *test);

/* The plugin's metrics in Prometheus' text form, borrowed until the next call of this function. */
const char *weir_test_metrics(struct weir_test *test);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WEIR_TEST_H */
