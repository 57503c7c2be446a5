/*
 * The headers that the engine writes: two on every output record, and the envelope of dead letters and of records on
 * a pipeline's own retry topics. Text, so that any consumer can read them. Pure; memory comes from an arena.
 *
 * What stands in an envelope comes from outside when it is read: anyone may write to these topics. Reading believes
 * nothing that has not the form it must have, and says which header has not. Headers of other programs are none of
 * its business.
 *
 * A record is the event as it came, or on a retry topic the event as it entered the stage where it goes on. Origin
 * fields are written once and handed on for ever; those of the failure are replaced. So no record grows by going round.
 */
#ifndef WR_CORE_ENVELOPE_H
#define WR_CORE_ENVELOPE_H

#include "base/arena.h"
#include "base/code.h"
#include "base/err.h"
#include "core/event.h"

/* Every name below begins with it; on a source topic such headers are bad input and are dropped. */
#define WR_HEADER_PREFIX "weir-"

bool wr_header_is_ours(const char *name);

/* The two headers of an output: weir-event-id and weir-generation. */
#define WR_OUTPUT_HEADERS 2
void wr_envelope_output(struct weir_bytes event_id, struct weir_bytes generation,
			struct weir_header headers_r[WR_OUTPUT_HEADERS]);

/* The id of an emitted record: `<id>/<stage>/<n>`. Absent without memory. */
struct weir_bytes wr_envelope_emit_id(struct weir_bytes event_id, const struct wr_emit *emit,
				      struct wr_arena *arena);

/* What a record says of itself: a row a header, with the form that it is held to and its member below. */
#define WR_ENVELOPE_FIELDS(X)                                                                                          \
	/* Where the event entered the pipeline. Written once. */                                                      \
	X(WR_FIELD_ORIGIN_TOPIC, "weir-origin-topic", WR_FIELD_IS_TOPIC, origin_topic)                                 \
	X(WR_FIELD_ORIGIN_PARTITION, "weir-origin-partition", WR_FIELD_IS_INT32, origin_partition)                     \
	X(WR_FIELD_ORIGIN_OFFSET, "weir-origin-offset", WR_FIELD_IS_INT64, origin_offset)                              \
	X(WR_FIELD_ORIGIN_TIMESTAMP, "weir-origin-timestamp", WR_FIELD_IS_INT64,                                       \
	  origin_timestamp_ms)                                                                                         \
	/* Who owns its id: see core/claim.h. On a replay the owner that is to be found there. */                      \
	X(WR_FIELD_OWNER, "weir-owner", WR_FIELD_IS_OWNER, owner)                                                      \
	X(WR_FIELD_EVENT_ID, "weir-event-id", WR_FIELD_IS_ID, event_id)                                                \
	X(WR_FIELD_PIPELINE, "weir-pipeline", WR_FIELD_IS_TEXT, pipeline)                                              \
	/* The stage that failed; on a retry record where it goes on, absent: at the start. */                         \
	X(WR_FIELD_STAGE, "weir-stage", WR_FIELD_IS_TEXT, stage)                                                       \
	X(WR_FIELD_PLUGIN, "weir-plugin", WR_FIELD_IS_TEXT, plugin)                                                    \
	X(WR_FIELD_PLUGIN_VERSION, "weir-plugin-version", WR_FIELD_IS_TEXT, plugin_version)                            \
	X(WR_FIELD_CLASS, "weir-class", WR_FIELD_IS_CLASS, failure_class)                                              \
	X(WR_FIELD_CODE, "weir-code", WR_FIELD_IS_TEXT, code)                                                          \
	X(WR_FIELD_MESSAGE, "weir-message", WR_FIELD_IS_MESSAGE, message)                                              \
	/* Calls of the stage so far. */                                                                               \
	X(WR_FIELD_ATTEMPTS, "weir-attempts", WR_FIELD_IS_UINT32, attempts)                                            \
	X(WR_FIELD_FIRST_FAILED_AT, "weir-first-failed-at", WR_FIELD_IS_INT64, first_failed_at_ms)                     \
	X(WR_FIELD_LAST_FAILED_AT, "weir-last-failed-at", WR_FIELD_IS_INT64, last_failed_at_ms)                        \
	/* How often a person or a redrive has sent it round. On a retry record absent: never. */                      \
	X(WR_FIELD_REPLAYS, "weir-replays", WR_FIELD_IS_UINT32, replays)                                               \
	/* How often of these it was a redrive. Absent: never. */                                                      \
	X(WR_FIELD_REDRIVES, "weir-redrives", WR_FIELD_IS_UINT32, redrives)                                            \
	X(WR_FIELD_GENERATION, "weir-generation", WR_FIELD_IS_DIGITS, generation)                                      \
	/* On a dead letter: where a replay of it may go on. Absent: at the start. */                                  \
	X(WR_FIELD_RESUME, "weir-resume", WR_FIELD_IS_RESUME, resume)                                                  \
	/* On a dead letter: its value as it entered the stage, where that is another. */                              \
	X(WR_FIELD_STAGE_VALUE, "weir-stage-value", WR_FIELD_IS_BYTES, stage_value)                                    \
	/* On a retry record: the event's key and value as they came, where a stage changed them. */                   \
	X(WR_FIELD_SOURCE_KEY, "weir-source-key", WR_FIELD_IS_BYTES, source_key)                                       \
	X(WR_FIELD_SOURCE_VALUE, "weir-source-value", WR_FIELD_IS_BYTES, source_value)                                 \
	/* The value that the event had before a person edited it for a replay. Written once. */                       \
	X(WR_FIELD_ORIGINAL_VALUE, "weir-original-value", WR_FIELD_IS_BYTES, original_value)                           \
	/* On a retry record: later events of its key wait for it, and how it waits itself. See core/parked.h. */      \
	X(WR_FIELD_ORDER, "weir-order", WR_FIELD_IS_TURN, turn)                                                        \
	/* Marks a replay, and on no other record: the job that made it. Such a record takes over from weir-owner with
	 * its own coordinates; a retry of it is an ordinary retry record whose owner is the replay. */ \
	X(WR_FIELD_REPLAY, "weir-replay", WR_FIELD_IS_TEXT, replay)                                                    \
	/* Of an event that was replayed: the last dead letter that it was, `<topic>/<partition>/<offset>`. */         \
	X(WR_FIELD_REPLAYED_FROM, "weir-replayed-from", WR_FIELD_IS_PLACE, replayed_from)

enum wr_envelope_field {
#define X(name, header, form, member) name,
	WR_ENVELOPE_FIELDS(X)
#undef X
	    WR_FIELD_COUNT
};

/* The name of a header. */
const char *wr_envelope_header(enum wr_envelope_field field);

enum wr_resume { WR_RESUME_START, WR_RESUME_STAGE };

enum wr_turn {
	WR_TURN_FIRST, /* it has failed, and waits for its topic's delay */
	WR_TURN_BEHIND /* it waits for an older one of its key, which lies before it, and no longer */
};

/* Borrowed from the headers it was read from. A member is meaningful only when wr_envelope_has() says so; those that
 * are bytes are absent otherwise. */
struct wr_envelope {
	uint32_t fields; /* a bit each */
	struct weir_bytes origin_topic;
	int32_t origin_partition;
	int64_t origin_offset;
	int64_t origin_timestamp_ms;
	struct weir_bytes owner, event_id, pipeline, stage, plugin, plugin_version;
	enum wr_class failure_class;
	struct weir_bytes code, message;
	uint32_t attempts;
	int64_t first_failed_at_ms, last_failed_at_ms;
	uint32_t replays;
	uint32_t redrives; /* 0 where it has none */
	struct weir_bytes generation;
	enum wr_resume resume;
	struct weir_bytes stage_value, source_key, source_value, original_value;
	enum wr_turn turn;
	struct weir_bytes replay, replayed_from;
};

_Static_assert(WR_FIELD_COUNT <= 32, "a bit for each field");

static inline bool wr_envelope_has(const struct wr_envelope *envelope, enum wr_envelope_field field)
{
	return (envelope->fields >> field & 1) != 0;
}

enum wr_envelope_kind { WR_ENVELOPE_DEAD_LETTER, WR_ENVELOPE_RETRY };

/* Reads the envelope of a record that was found on a dead-letter topic or a retry topic. WR_OK; WR_ENOTFOUND: no header
 * is ours; WR_EINVAL: err names the first header that is broken, there twice or missing. The fields that are good are
 * filled in any case, so that a person can be shown them. Headers of ours that this version doesn't know are passed
 * over. Where a retry record that waits behind another doesn't say where it came from, its owner does. */
enum wr_code wr_envelope_read(const struct weir_header *headers, size_t count,
			      enum wr_envelope_kind kind, struct wr_envelope *envelope_r,
			      struct wr_err *err);

/* Writes the fields that it has, borrowing bytes from it. Returns how many headers; 0 without memory. */
size_t wr_envelope_write(const struct wr_envelope *envelope, struct wr_arena *arena,
			 struct weir_header headers_r[WR_FIELD_COUNT]);

/* The class of this name. False when there is none. */
bool wr_class_parse(struct wr_bytes name, enum wr_class *class_r);

/* A bit for each class that is named; other names are passed over. */
unsigned wr_class_set(char *const *names, size_t count);

/* A dead letter takes 64 KiB more than its event at most (the engine asks for so much room at its start), so values
 * that are kept beside the event's own have a bound; one beyond it is not kept. */
#define WR_KEPT_VALUE_BYTES ((size_t)20 * 1024)
#define WR_ENVELOPE_MESSAGE_BYTES 1024

/* What a dead letter or a retry record says beside the event itself. Text that is NULL is left out. */
struct wr_dead_letter {
	const struct wr_event *event;
	const struct wr_envelope
	    *past; /* of the retry record that the event came by; NULL: from the source */
	const char *pipeline;
	const char *stage; /* NULL: it failed before any */
	const char *plugin;
	const char *plugin_version;
	struct wr_bytes owner; /* of the value that it claims with; absent: it never will */
	bool claimed;          /* that value stands in the claim store, as far as is known */
	struct weir_bytes generation;
	uint32_t attempts;
	bool keeps_stage_value; /* dlq.stage_value */
};

#define WR_DEAD_LETTER_HEADERS WR_FIELD_COUNT

/* The envelope of a dead letter. The record itself is the event as it came: source_key, source_value and
 * source_headers. */
void wr_envelope_dead(const struct wr_dead_letter *letter, struct wr_envelope *envelope_r);

/* The same as headers. Fills headers_r and returns how many; 0 without memory. */
size_t wr_envelope_dead_letter(const struct wr_dead_letter *letter, struct wr_arena *arena,
			       struct weir_header headers_r[WR_DEAD_LETTER_HEADERS]);

/* The envelope of a record that goes to a retry topic: the record itself is the event as it entered the stage, `pub`.
 * Write it with wr_envelope_write(). It is due when its topic's delay after its own time is over. */
void wr_envelope_retry(const struct wr_dead_letter *letter, struct wr_envelope *envelope_r);

/* Of one whose key is kept in order. One that goes behind another and has not failed says no more than who owns its id,
 * and when it came: its owner tells where from, and there is no failure to tell of. */
void wr_envelope_set_turn(struct wr_envelope *envelope, enum wr_turn turn);

/* A dead letter that is sent round again. */
struct wr_replay {
	const struct wr_envelope *letter;
	struct weir_bytes value;         /* of the dead letter */
	const struct weir_bytes *edited; /* replaces it; NULL: as it is */
	bool to_stage;                   /* only where the letter's resume says so */
	const char *job;
	const char *from; /* where the dead letter stands: topic/partition/offset */
	bool is_redrive;
};

/* The envelope of the replay, and *value_r the value of its record; key and headers are the dead letter's. */
void wr_envelope_replay(const struct wr_replay *replay, struct wr_envelope *envelope_r,
			struct weir_bytes *value_r);

#endif
