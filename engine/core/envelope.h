/*
 * The headers that the engine writes: two on every output record, and the envelope of a dead letter. Text, so that
 * any consumer can read them. Pure; memory comes from an arena.
 */
#ifndef WR_CORE_ENVELOPE_H
#define WR_CORE_ENVELOPE_H

#include "base/arena.h"
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

/* What a dead letter says beside the event itself. Text that is NULL is left out. */
struct wr_dead_letter {
	const struct wr_event *event;
	const char *pipeline;
	const char *stage; /* NULL: it failed before any */
	const char *plugin;
	const char *plugin_version;
	struct wr_bytes owner; /* absent: it never claimed */
	struct weir_bytes generation;
	uint32_t attempts;
};

#define WR_DEAD_LETTER_HEADERS 19

/* Fills headers_r and returns how many; 0 without memory. */
size_t wr_envelope_dead_letter(const struct wr_dead_letter *letter, struct wr_arena *arena,
			       struct weir_header headers_r[WR_DEAD_LETTER_HEADERS]);

#endif
