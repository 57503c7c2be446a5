/*
 * Where claims are kept: Redis, this process's memory, or nowhere. One handle a lane, used by its thread alone;
 * handles of one pipeline share what is behind them.
 *
 * A claim writes the owner of an event id unless one is there, and says which owner it found. It may be sent again
 * after an unknown outcome: claiming with the owner that is there changes nothing. The rule what to do with what
 * was found is core/claim.h's.
 */
#ifndef WR_PORT_CLAIM_STORE_H
#define WR_PORT_CLAIM_STORE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/code.h"
#include "base/err.h"
#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_claim_store;

#define WR_CLAIM_VALUE_BYTES \
	384 /* "C|<incarnation>/<topic>/<partition>/<offset>": topics have 249 at most */

enum wr_claim_found {
	WR_CLAIM_NOTHING,   /* it was free, or was what was expected: now it is ours */
	WR_CLAIM_VALUE,     /* something was there: `found` */
	WR_CLAIM_UNREADABLE /* what is there is no claim (wrong type, too long); it was left alone */
};

/* One claim. `id`, `value` and `expect` are borrowed until the set completes or is cancelled; `found` lives in the set
 * until it is submitted again or finished. */
struct wr_claim {
	struct wr_bytes id;    /* the event id, any bytes; the store makes its key */
	struct wr_bytes value; /* what to write: at most WR_CLAIM_VALUE_BYTES */

	/* Absent: write where nothing is. Else: over exactly this too (compare-and-set); as long as a value at most.
	 * After an unknown outcome it may be sent again: it then finds its own value. */
	struct wr_bytes expect;
	enum wr_claim_found outcome;
	struct wr_bytes found; /* with VALUE; absent otherwise */
};

/* A request as the store keeps it. */
struct wr_claim_store_request {
	struct wr_claim_store_request *next; /* in the order of submission */
	enum wr_claim_store_request_kind {
		WR_REQUEST_CLAIMS,
		WR_REQUEST_QUERY,
		WR_REQUEST_MARK
	} kind;
	size_t replies;    /* in all */
	size_t answered;   /* replies that have come */
	size_t skip_after; /* replies of cancelled requests that come after the last of this one */
};

/* The claims of a batch: one write and one read. Owned by the lane; must stay put while it is submitted. */
struct wr_claim_set {
	struct wr_claim *claims; /* the lane's array */
	size_t count;
	bool done;      /* set by the store in poll() */
	bool submitted; /* between submit() and done or cancel() */

	/* The store's own. */
	struct wr_arena found_arena;
	struct wr_claim_store_request request;
};

static inline void wr_claim_set_init(struct wr_claim_set *set)
{
	*set = (struct wr_claim_set){.claims = NULL};
	wr_arena_init(&set->found_arena, (size_t)64 * 1024);
}

/* The set must not be submitted. */
static inline void wr_claim_set_fini(struct wr_claim_set *set)
{
	wr_arena_fini(&set->found_arena);
}

/* The marks of some partitions, to be read. Owned by the lane; must stay put while it is submitted. */
struct wr_mark_query {
	const struct wr_bytes
	    *fields; /* "<topic>/<partition>"; the lane's, until done or cancelled */

	/* The lane's array, as long: filled with the texts as they are kept, absent where nothing is, empty where
	 * something is that can be no mark (too long, or of another type). Each lives until the query is submitted
	 * again or finished. */
	struct wr_bytes *texts;
	size_t count;
	bool done, submitted; /* as of a set */

	/* The store's own. */
	struct wr_arena arena;
	struct wr_claim_store_request request;
};

static inline void wr_mark_query_init(struct wr_mark_query *query)
{
	*query = (struct wr_mark_query){.fields = NULL};
	wr_arena_init(&query->arena, (size_t)4 * 1024);
}

/* The query must not be submitted. */
static inline void wr_mark_query_fini(struct wr_mark_query *query)
{
	wr_arena_fini(&query->arena);
}

#define WR_CLAIM_STORE_MARK_BYTES 4096 /* the longest text of a mark */

/* A mark to be written, only forwards: over one of the same incarnation with a smaller or the same `next`, over one
 * of a smaller incarnation, or over what was not written by put_mark(). `anyway` writes it over whatever is there: a
 * partition's place was decided anew. */
struct wr_mark_write {
	struct wr_bytes field, text; /* copied; the text at most WR_CLAIM_STORE_MARK_BYTES */
	uint32_t incarnation;
	int64_t next; /* 0 or more */
	bool anyway;
};

enum wr_claim_store_state { WR_CLAIM_STORE_UP, WR_CLAIM_STORE_DOWN };

struct wr_claim_store_ops {
	/* Starts claiming; the set must not be submitted already. Sets complete in the order they were submitted,
	 * all of them in poll(). Never blocks and never fails: while the store is down the sets wait and are sent
	 * (again) when it is back. An empty set completes too. [lane] */
	void (*submit)(struct wr_claim_store *store, struct wr_claim_set *set);

	/* Forgets a submitted set: it will not be touched again. Claims that were made stay. [lane] */
	void (*cancel)(struct wr_claim_store *store, struct wr_claim_set *set);

	/* Reads marks; completes in poll(), in the order of submission among queries and sets, and sees the
	 * marks that were put before. While the store is down it waits, as sets do. [lane] */
	void (*query_marks)(struct wr_claim_store *store, struct wr_mark_query *query);
	void (*cancel_query)(struct wr_claim_store *store, struct wr_mark_query *query);

	/* Keeps a mark to be written in the round trip of the next claims, before them; without claims in the next
	 * poll(). A later mark of the field takes the place of one that was not sent yet. While the store is down
	 * they are kept, and what has an unknown outcome is sent again. Where something is kept in the marks' place
	 * that are no marks, nothing is written. WR_OK or WR_ENOMEM: nothing was kept. [lane] */
	enum wr_code (*put_mark)(struct wr_claim_store *store, const struct wr_mark_write *mark);

	/* The partition goes to another: what is kept of the field's mark only goes forwards now, so that it can't
	 * undo what the other writes. To be called when a partition is revoked or lost. [lane] */
	void (*yield_mark)(struct wr_claim_store *store, struct wr_bytes field);

	/* How many marks put_mark() took that the store has not confirmed yet. [lane] */
	size_t (*marks_waiting)(struct wr_claim_store *store);

	/* Moves things on without blocking: connects, writes, reads, times out. [lane] */
	void (*poll)(struct wr_claim_store *store, int64_t now_mono_ns);

	/* What to wait for: the descriptor and its events (poll(2)), -1 when there is none, and when to call
	 * poll() at the latest (INT64_MAX: no such time). Returns the descriptor, which may be another one after
	 * each poll(). [lane] */
	int (*wait_on)(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r);

	/* DOWN from the first failure until the store has answered again, which it is asked for even when no set is
	 * submitted. *reason_r (may be NULL) is a sentence for people, borrowed until the next poll(); NULL while
	 * UP. [lane] */
	enum wr_claim_store_state (*state)(struct wr_claim_store *store, const char **reason_r);

	/* Findings for the start, one sentence each, through `tell` (INFO or WARN): eviction policy, persistence,
	 * the memory that the ids will take. Blocks up to its time-outs; apart from what is submitted. WR_OK, or
	 * WR_EUNAVAILABLE, WR_EREFUSED (bad password, too old), each with its sentence. [lane] */
	enum wr_code (*inspect)(struct wr_claim_store *store,
				void (*tell)(void *arg, enum wr_log_level level,
					     const char *sentence),
				void *arg, struct wr_err *err);

	/* Submitted sets are cancelled. [lane] */
	void (*destroy)(struct wr_claim_store *store);
};

struct wr_claim_store {
	const struct wr_claim_store_ops *ops;
};

#endif
