/*
 * One event on its way through the engine: what the plugin sees of it, what became of it, and what must be
 * written for it. Embedded in its batch's item, touched by its lane's thread alone. Everything it points to is either
 * borrowed from the source record or lives in the batch's arena.
 */
#ifndef WR_CORE_EVENT_H
#define WR_CORE_EVENT_H

#include "base/bytes.h"
#include "weir/plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why an event is dead-lettered: the header weir-class. */
#define WR_CLASSES(X)                      \
	X(WR_CLASS_PERMANENT, "permanent") \
	X(WR_CLASS_EXHAUSTED, "exhausted") \
	X(WR_CLASS_TIMEOUT, "timeout")     \
	X(WR_CLASS_CRASH, "crash")         \
	X(WR_CLASS_DECODE, "decode")       \
	X(WR_CLASS_POISON, "poison")       \
	X(WR_CLASS_NO_STAGE, "no-stage")   \
	X(WR_CLASS_OUTPUT_REJECTED, "output-rejected")

enum wr_class {
#define X(name, text) name,
	WR_CLASSES(X)
#undef X
};

#define WR_CLASS_COUNT (WR_CLASS_OUTPUT_REJECTED + 1)

const char *wr_class_name(enum wr_class class);

/* What finally happened to an event; the label `outcome` of weir_events_total. */
#define WR_OUTCOMES(X)                                                                 \
	X(WR_OUTCOME_PENDING, "pending")                                               \
	X(WR_OUTCOME_PROCESSED, "processed")                                           \
	X(WR_OUTCOME_DROPPED, "dropped")                                               \
	X(WR_OUTCOME_DUPLICATE, "duplicate")                                           \
	X(WR_OUTCOME_RETRIED, "retried")                                               \
	X(WR_OUTCOME_DEAD, "dead_lettered")                                            \
	X(WR_OUTCOME_SKIPPED,                                                          \
	  "skipped") /* completed before, as its partition's mark or its claim says */ \
	X(WR_OUTCOME_PAYLOAD_MISMATCH,                                                 \
	  "payload_mismatch") /* a duplicate of its id, but not of its payload */

enum wr_outcome {
#define X(name, text) name,
	WR_OUTCOMES(X)
#undef X
};

#define WR_OUTCOME_COUNT (WR_OUTCOME_PAYLOAD_MISMATCH + 1)

const char *wr_outcome_name(enum wr_outcome outcome);

/* A record that a handler emitted. In the arena. */
struct wr_emit {
	struct wr_emit *next;
	weir_output output;
	struct weir_bytes key;
	struct weir_bytes value;
	const struct weir_header *headers;
	size_t header_count;
	const char *stage;
	unsigned number; /* within the call, from 0: the same at every attempt */
};

struct wr_emits {
	struct wr_emit *first;
	struct wr_emit **tail_p; /* NULL while empty */
	unsigned count;
};

/* One set_header() of a call. A value with data NULL removes the name. */
struct wr_header_change {
	struct wr_header_change *next;
	struct weir_header header;
};

/* What the call under way asked for this event; taken over or forgotten when the call ends, by its verdict. */
struct wr_effects {
	bool has_value, has_key, deferred;
	struct weir_bytes value, key;
	struct wr_header_change *header_changes; /* in order */
	struct wr_header_change **header_changes_tail_p;
	unsigned header_change_count;
	struct wr_emits emits;
	const char *code;    /* NULL: none given */
	const char *message; /* NULL: none given */
};

struct wr_event {
	struct weir_event pub;  /* as the plugin sees it now */
	struct weir_result res; /* of the call under way, then of the last call */
	struct wr_effects effects;

	struct weir_bytes source_key, source_value; /* as they came */
	const struct weir_header *source_headers;
	size_t source_header_count;

	struct wr_emits emits; /* of the stages it completed */
	weir_output output;
	uint32_t stage; /* the next to run */

	enum wr_outcome outcome;
	enum wr_class class;        /* when DEAD */
	const char *code;           /* when DEAD, NULL or a short stable word */
	const char *message;        /* when DEAD, NULL or a text for people */
	int64_t first_failed_at_ms; /* 0: never failed */
	int64_t last_failed_at_ms;
};

static inline struct wr_bytes wr_bytes_from(struct weir_bytes b)
{
	return (struct wr_bytes){b.data, b.size};
}

static inline struct weir_bytes wr_bytes_to_public(struct wr_bytes b)
{
	return (struct weir_bytes){b.data, b.size};
}

#endif
