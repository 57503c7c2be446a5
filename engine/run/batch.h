/*
 * A batch: the unit of work. It owns its items and the arena they live in, and knows how far it has come. Its
 * lane's thread alone touches it. Batches are used again and again.
 */
#ifndef WR_RUN_BATCH_H
#define WR_RUN_BATCH_H

#include "base/arena.h"
#include "base/code.h"
#include "core/event.h"
#include "port/claim_store.h"
#include "port/source.h"

#include <stdint.h>

enum wr_batch_state {
	WR_BATCH_FILLING,  /* takes records */
	WR_BATCH_CLAIMING, /* its claims are on their way */
	WR_BATCH_RUNNING,  /* some items have no outcome yet */
	WR_BATCH_WRITING, /* every item has its outcome; its records are being handed to the sink */
	WR_BATCH_WRITTEN, /* all handed over; it retires when nothing is pending */
	WR_BATCH_DROPPED  /* out of the window, and nothing of it counts any more */
};

struct wr_batch;
struct wr_item;
struct wr_refusal;
struct wr_program;       /* run/program.h */
struct wr_batch_program; /* lane_move.c's own */
struct wr_envelope;      /* core/envelope.h */

/* One record on its way to the sink: the token of its completion. */
struct wr_write {
	struct wr_item *item;
	struct wr_batch *batch;         /* the item's: its answer touches little else */
	struct wr_emit *emit;           /* NULL: the item's own output or dead letter */
	bool dead;                      /* it is the dead letter */
	bool retry;                     /* it is the retry record */
	int64_t since_ms;               /* while it is gathered: the time of its record */
	const struct weir_header *ours; /* of an emit or a dead letter: made once, for every try */
	size_t our_count;
	struct wr_write *next; /* among those that wait for another try */
};

/* An event in its lane. */
struct wr_item {
	struct wr_event event;
	struct wr_source_record record;
	struct wr_batch *batch;
	struct wr_program
	    *program; /* that runs it: its batch's, its batch's canary, or a later one */
	const struct wr_refusal *refusal; /* its output was refused before; NULL: no */
	uint64_t sequence;                /* in the lane: smaller came first */
	struct wr_bytes claim;            /* the value it claims with; absent: it does not claim */
	const struct wr_envelope
	    *past;                 /* of the retry record that it came by; NULL: from a source */
	uint32_t tier;             /* of a retried one: which of its stage's */
	struct wr_bytes replay_of; /* the owner that a replay takes over from; absent: it is none */
	bool stage_gone;           /* where its record says it was to go on is no more */
	bool stage_left;           /* where it was to go on went while it waited */
	bool claimed;              /* it is the owner of its id, as far as the store knows */
	struct wr_write write;     /* of its output or dead letter */
	int64_t due_mono_ns;       /* while parked: when to try again */
	bool parked;               /* in the retry queue */
	bool was_behind;           /* it has waited behind one of its key */
	bool in_order;             /* its key is kept in order while it lies in a retry topic */
	bool behind;         /* it goes to one behind an older one of its key, not for a failure */
	int64_t behind_ms;   /* then: that topic's delay */
	uint64_t parked_key; /* wr_parked_key() of its key, once it was asked for; 0: not yet */
	uint64_t
	    parked_seen; /* lane->parked_version when nothing that was parked stood before it */
	uint32_t held_attempts; /* made while its stage's circuit was open: they don't count */
	uint32_t row;           /* of its stage's circuit, when it first failed there; 0: none */
	int64_t
	    doubted_mono_ns; /* since when whose fault it is that no attempt is left is not clear; 0: it is */
	bool exhausted;       /* it is its own */
	bool tried, erred;    /* counted for the canary: it was run, and it failed */
	bool waiting;         /* behind an earlier one of its key; it may be parked as well */
	struct wr_item *next; /* behind its key, or in a list of items to run */
};

struct wr_batch {
	uint32_t magic;
	enum wr_batch_state state;
	struct wr_program *program;        /* under which it was opened; the lane's */
	struct wr_program *canary;         /* that runs a share of its keys; NULL: none */
	struct wr_batch_program *moved_to; /* later ones that run what waited for a retry */
	uint32_t count;
	uint32_t capacity;
	struct wr_item *items;      /* capacity */
	struct wr_claim_set claims; /* claims.claims: capacity */
	struct wr_item **claimers;  /* claims.claims[i] is of claimers[i] */
	struct wr_mark_query marks; /* of the owners of duplicates, where they decide */
	struct wr_bytes *owners;    /* while they are gathered: marks.fields; NULL: they are not */
	size_t bytes;               /* keys and values as they came */
	struct wr_arena arena;
	int64_t opened_mono_ns;
	int64_t claimed_mono_ns; /* when the claims were submitted */

	uint32_t epoch;      /* the lane's, when it was opened */
	uint32_t unfinished; /* items without an outcome */
	bool has_stageless;  /* an item's stage_gone is set */
	uint32_t next_write; /* items before it are handed to the sink */
	uint32_t pending;  /* writes without an answer, those that wait for another try included */
	uint32_t gathered; /* of them, those that wait for company */
	bool emits_begun;  /* of items[next_write]: next_emit is the next to hand over */
	struct wr_emit *next_emit;
	struct wr_write *emit_write; /* of next_emit, once it found no room; in the arena */
	struct wr_batch *next;       /* in the free list or among the orphans */
};

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_batch_create(uint32_t capacity, struct wr_batch **batch_r);

/* The records must have been given back and the claims be done or cancelled. NULL does nothing. */
void wr_batch_destroy(struct wr_batch *batch);

/* Empties it for the next use; the same conditions. */
void wr_batch_reset(struct wr_batch *batch);

/* The next item, cleared, with its place in the batch and the lane; count < capacity. */
struct wr_item *wr_batch_add(struct wr_batch *batch, uint64_t sequence);

static inline struct wr_item *wr_item_of(struct wr_event *event)
{
	return (struct wr_item *)(void *)event;
}

_Static_assert(offsetof(struct wr_item, event) == 0, "wr_item_of() relies on it");

#endif
