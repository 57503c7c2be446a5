/*
 * The responsible-instance rule: the first source record to claim an event id owns it, and every other record with
 * that id is a duplicate at once. There is no lease and no waiting: Kafka itself delivers the owner again until its
 * offset is committed, so a crash can't orphan a claim. Pure functions over the values of the claim store, which are
 * not trusted.
 *
 * A value is "<state>|<incarnation>/<topic>/<partition>/<offset>", with check_payload "|<hash>" behind it: state C
 * claimed, F dead-lettered. The owner is the record that entered the pipeline; the pipeline's own retry records
 * inherit it. The rules take two steps, because the owner's fate may have to be asked for:
 *
 *   decision = wr_claim_decide(...);
 *   if (decision == WR_CLAIM_ASK)       // owner_r says whose mark: one's own, or the store's
 *           decision = wr_claim_decide_owner(...);
 *
 * TAKE_OVER is a claim with `expect` set to what was found; its answer goes through the same two steps again.
 */
#ifndef WR_CORE_CLAIM_H
#define WR_CORE_CLAIM_H

#include "base/arena.h"
#include "base/bytes.h"
#include "core/mark.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for the part of a value that all records of a partition share. Topic names have 249 bytes at most. */
#define WR_CLAIM_PREFIX_BYTES 320

struct wr_claim_prefix {
	char text[WR_CLAIM_PREFIX_BYTES];
	size_t size;
};

void wr_claim_prefix_init(struct wr_claim_prefix *prefix, uint32_t incarnation, const char *topic,
			  int32_t partition);

/* The value that the record at `offset` claims with, in the arena; absent without memory. */
struct wr_bytes wr_claim_value(const struct wr_claim_prefix *prefix, int64_t offset,
			       struct wr_arena *arena);

/* The same with the payload's hash behind it, for check_payload. */
struct wr_bytes wr_claim_value_hashed(const struct wr_claim_prefix *prefix, int64_t offset,
				      uint64_t payload_hash, struct wr_arena *arena);

/* The value that a retry record claims with: `owner` is what it inherited, checked with wr_claim_owner_parse(). */
struct wr_bytes wr_claim_value_inherited(struct wr_bytes owner, struct wr_arena *arena);

/* The value F of a value C, for a claim with `expect` = the value C: only when all of the dead letter is final. */
struct wr_bytes wr_claim_failed(struct wr_bytes value, struct wr_arena *arena);

/* The owner's part of a value that was made here: behind "C|", without a hash. */
struct wr_bytes wr_claim_owner(struct wr_bytes value);

/* A record that owns an id. `topic` points into the text that was parsed. */
struct wr_owner {
	struct wr_bytes topic;
	int32_t partition;
	uint32_t incarnation;
	int64_t offset;
};

/* False when the text is no owner as they are written here: the header weir-owner, which anybody may have written. */
bool wr_claim_owner_parse(struct wr_bytes text, struct wr_owner *owner_r);

enum wr_claim_state { WR_CLAIM_CLAIMED, WR_CLAIM_FAILED };

/* A value in its parts, for people; *hash_r is absent without one, and both point into the value. False when it is no
 * value as they are written here. */
bool wr_claim_parse(struct wr_bytes value, enum wr_claim_state *state_r, struct wr_owner *owner_r,
		    struct wr_bytes *hash_r);

/* Whether the found value, whose id it shares, tells of another payload. False when one of them has no hash. */
bool wr_claim_payload_differs(struct wr_bytes own, struct wr_bytes found);

enum wr_claim_decision {
	WR_CLAIM_PROCESS,      /* it is ours: the first delivery, or a redelivery of the owner */
	WR_CLAIM_DUPLICATE,    /* another record owns the id: skip */
	WR_CLAIM_DEAD,         /* our own dead letter is final: skip */
	WR_CLAIM_TAKE_OVER,    /* claim again with `expect` = found */
	WR_CLAIM_ASK,          /* the mark of the owner's partition decides */
	WR_CLAIM_REPLAY_LOSER, /* another replay or a resubmission came first: skip and report */
	WR_CLAIM_NOT_A_CLAIM /* what was found can't be understood: neither lost nor repeated, a person decides */
};

/* What to do with a record that claimed with `own` and found `found` (absent: nothing was there, or what was expected).
 * `replay_of` is the owner that a replayed dead letter expects to find, absent for every other record. *owner_r is
 * set with ASK. */
enum wr_claim_decision wr_claim_decide(struct wr_bytes own, struct wr_bytes found,
				       struct wr_bytes replay_of, struct wr_owner *owner_r);

/* The second step. `mark` is that of the owner's partition, NULL when none is kept. It may be a memory of the lane's own
 * only for partitions that it holds; else it must have been asked for since the claim was answered: an older one
 * would lose an event. `fresh` says that it was asked for. PROCESS, DEAD and NOT_A_CLAIM don't come; ASK does only
 * when the mark isn't fresh and knows less than the owner: ask the store. */
enum wr_claim_decision wr_claim_decide_owner(const struct wr_owner *owner,
					     const struct wr_mark *mark, bool fresh,
					     bool is_replay);

#endif
