/* What the tests of core/envelope share: an event that failed for good, the letter that is made of it, and the arena
 * that their headers live in, anew for each test. */
#ifndef WR_TESTS_CORE_ENVELOPES_H
#define WR_TESTS_CORE_ENVELOPES_H

#include "core/envelope.h"

#include "tests/unit.h"

static struct wr_arena arena;

static inline int envelopes_set_up(void **state)
{
	(void)state;
	wr_arena_init(&arena, 4096);
	return 0;
}

static inline int envelopes_tear_down(void **state)
{
	(void)state;
	wr_arena_fini(&arena);
	return 0;
}

static inline struct weir_bytes text(const char *s)
{
	return (struct weir_bytes){s, strlen(s)};
}

static inline bool is_text(struct weir_bytes value, const char *expected)
{
	return wr_bytes_equal(wr_bytes_from(value), wr_bytes_of(expected));
}

static inline struct wr_event failed_event(void)
{
	return (struct wr_event){
	    .pub = {.id = {"e1", 2},
		    .timestamp_ms = 1700000000123,
		    .topic = "events",
		    .partition = 3,
		    .offset = 1234567890123,
		    .attempt = 4},
	    .outcome = WR_OUTCOME_DEAD,
	    .class = WR_CLASS_EXHAUSTED,
	    .code = "busy",
	    .message = "the ledger is busy",
	    .first_failed_at_ms = 1700000001000,
	    .last_failed_at_ms = 1700000002000,
	};
}

static inline struct wr_dead_letter letter_of(const struct wr_event *event)
{
	return (struct wr_dead_letter){
	    .event = event,
	    .pipeline = "payments",
	    .stage = "fraud",
	    .plugin = "fraud-check",
	    .plugin_version = "1.2.0",
	    .owner = {"0/events/3/1234567890123", 24},
	    .generation = {"42", 2},
	    .attempts = 4,
	};
}

#endif
