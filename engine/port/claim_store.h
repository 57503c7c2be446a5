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

#include "base/bytes.h"
#include "base/code.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_claim_store;

#define WR_CLAIM_VALUE_BYTES \
	384 /* "C|<incarnation>/<topic>/<partition>/<offset>": topics have 249 at most */

enum wr_claim_found {
	WR_CLAIM_NOTHING,   /* the id was free: now it is ours */
	WR_CLAIM_VALUE,     /* something was there: `found` */
	WR_CLAIM_UNREADABLE /* what is there is no claim (wrong type, too long); it was left alone */
};

/* One claim. `id` and `value` are borrowed until the set completes or is cancelled. */
struct wr_claim {
	struct wr_bytes id;    /* the event id; the store makes its key */
	struct wr_bytes value; /* what to write */
	enum wr_claim_found outcome;
	struct wr_bytes found; /* with VALUE; in found_arena, alive as long as the set */
};

/* The claims of a batch: one write and one read. Owned by the lane; must stay put while it is submitted. */
struct wr_claim_set {
	struct wr_claim *claims;
	size_t count;
	char *found_bytes; /* the store's scratch for what it found; freed by wr_claim_set_fini */
	size_t found_size, found_capacity;
	bool done;      /* set by the store in poll() */
	bool submitted; /* between submit() and done or cancel() */
};

enum wr_claim_store_state { WR_CLAIM_STORE_UP, WR_CLAIM_STORE_DOWN };

struct wr_claim_store_ops {
	/* Starts claiming. Sets complete in the order they were submitted. Never blocks and never fails: while the
	 * store is down the sets wait and are sent (again) when it is back. */
	void (*submit)(struct wr_claim_store *store, struct wr_claim_set *set);

	/* Forgets a submitted set: it will not be touched again. Claims that were made stay. */
	void (*cancel)(struct wr_claim_store *store, struct wr_claim_set *set);

	/* Moves things on without blocking: connects, writes, reads, times out. */
	void (*poll)(struct wr_claim_store *store, int64_t now_mono_ns);

	/* What to wait for: the descriptor and events (poll(2)), -1 when there is none, and when to call poll() at
	 * the latest. Returns the descriptor. */
	int (*wait_on)(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r);

	/* DOWN from the first failure until a reply came again; *reason_r (may be NULL) is for people. */
	enum wr_claim_store_state (*state)(struct wr_claim_store *store, const char **reason_r);

	/* Warnings for the start, one sentence each: eviction policy, version, projected memory for
	 * `events_per_s`. Blocks up to its time-outs. WR_OK, or WR_EUNAVAILABLE, WR_EREFUSED (bad password, too
	 * old), each with its sentence. */
	enum wr_code (*inspect)(struct wr_claim_store *store,
				void (*warn)(void *arg, const char *sentence), void *arg,
				struct wr_err *err);

	void (*destroy)(struct wr_claim_store *store);
};

struct wr_claim_store {
	const struct wr_claim_store_ops *ops;
};

#endif
