/*
 * Done marks: what of a partition is completed, so that an offset that goes back repeats nothing. One per partition,
 * not per event. Pure: no I/O, no clock; the lane and the model check drive the same functions.
 *
 * A mark holds the interval [start, next) that is being read: all in it is completed, `next` comes next. Beside it
 * the other completed intervals of the topic (reading may have jumped), a fingerprint of each interval's last record,
 * the incarnation, and the abandoned ranges. An incarnation is one reading of a topic: it ends when the topic is made
 * anew under its name, and when reading goes back to offsets that were not completed. What it did not complete is
 * then abandoned for ever, so that a claim made there can be taken over without asking twice.
 *
 * Marks are kept in the claim store, under `<topic>/<partition>`; (incarnation, next) only grows. What the claim store
 * could lose between a commit and the mark goes with the offset commit as its metadata.
 */
#ifndef WR_CORE_MARK_H
#define WR_CORE_MARK_H

#include "base/bytes.h"
#include "base/code.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells one record from another at the same offset: its timestamp and a hash of its event id (of key and value when
 * it has no id). */
struct wr_fingerprint {
	int64_t timestamp_ms;
	uint64_t hash;
};

/* Offsets [from, to) that are completed, and the record at to - 1. */
struct wr_done {
	int64_t from, to;
	struct wr_fingerprint last;
};

/* Offsets [from, to) that `incarnation` did not complete and will not read again: a claim of theirs may be taken
 * over. `to` is WR_MARK_OPEN where there is no end. */
struct wr_abandoned {
	uint32_t incarnation;
	int64_t from, to;
};

#define WR_MARK_OPEN INT64_MAX

/* Beyond it the lowest interval is forgotten, or neighbours with the smallest gap become one: rather a repeated event
 * than a lost one. */
#ifdef WR_MODEL /* the model check meets the limits too */
#define WR_MARK_OTHERS_MAX 3
#define WR_MARK_ABANDONED_MAX 6
#else
#define WR_MARK_OTHERS_MAX 12
#define WR_MARK_ABANDONED_MAX 56
#endif

struct wr_mark {
	uint32_t incarnation;
	uint32_t forgotten;  /* smaller incarnations are abandoned as a whole */
	int64_t start, next; /* start == next: nothing is completed yet */
	struct wr_fingerprint
	    last; /* of the record at next - 1; zero while the interval is empty */
	struct wr_done
	    others[WR_MARK_OTHERS_MAX]; /* sorted; apart from each other and [start, next) */
	size_t other_count;
	struct wr_abandoned abandoned[WR_MARK_ABANDONED_MAX]; /* sorted, apart from each other */
	size_t abandoned_count;
};

/* Text forms: for the claim store, and for the metadata of an offset commit (the interval [start, next) alone: Kafka
 * bounds metadata). Encoding returns the size without the NUL. Decoding trusts nothing: text that no encoding made is
 * WR_EINVAL with a sentence, and the mark is then zero. [any] */
#define WR_MARK_TEXT_BYTES 4096
#define WR_MARK_METADATA_BYTES 128
size_t wr_mark_encode(const struct wr_mark *mark, char text_r[WR_MARK_TEXT_BYTES]);
enum wr_code wr_mark_decode(struct wr_bytes text, struct wr_mark *mark_r, struct wr_err *err);
size_t wr_mark_metadata_encode(const struct wr_mark *mark, char text_r[WR_MARK_METADATA_BYTES]);
enum wr_code wr_mark_metadata_decode(struct wr_bytes text, struct wr_mark *mark_r,
				     struct wr_err *err);

/* The metadata of a source partition some of whose keys are parked (core/parked.h) has a word more: whoever reads on
 * from there looks into the retry topics first, whatever its retry policies are. */
size_t wr_mark_metadata_add_parked(char text[WR_MARK_METADATA_BYTES], size_t size);
bool wr_mark_metadata_is_parked(struct wr_bytes text);

/* How far a stored mark reached. */
struct wr_mark_reach {
	uint32_t incarnation;
	int64_t next; /* 0: nothing is known */
};

/* What is known of a partition when it is assigned. */
struct wr_placing {
	const struct wr_mark *stored; /* from the claim store; NULL: none there, or not readable */
	const struct wr_mark *committed; /* from the commit's metadata; NULL: none, or not ours */
	int64_t committed_offset;        /* -1: the group has none */
	int64_t low, high;               /* the offsets that can be read: [low, high) */
	struct wr_mark_reach before; /* of the stored mark before these offsets were asked for */
	bool from_latest; /* where reading begins when nothing is known (auto.offset.reset) */
	bool
	    is_retry; /* a topic of the pipeline's own: all that stands there is wanted, whenever it is found */
	bool reprocess; /* on_rewind: process */
};

enum wr_place {
	WR_PLACE_READ,   /* read on from `position` with the mark in the plan */
	WR_PLACE_VERIFY, /* first read the record at `verify_at`, then wr_mark_verified() */
	WR_PLACE_AGAIN   /* ask for the offsets anew, and then place it with `before` = `reach` */
};

/* Why reading does not simply go on: for the log line and the metric. */
#define WR_PLACE_REASONS(X)                                                                 \
	X(WR_PLACE_CONTINUED, "continued")       /* nothing happened */                     \
	X(WR_PLACE_FIRST, "first")               /* nothing was known of the partition */   \
	X(WR_PLACE_REWOUND, "rewound")           /* the group's offset went back or away */ \
	X(WR_PLACE_ABANDONED, "jumped-forward")  /* over offsets that nobody completed */   \
	X(WR_PLACE_OUT_OF_RANGE, "out-of-range") /* the records from there on are gone */   \
	X(WR_PLACE_NEW_TOPIC, "new-topic")       /* another topic under the old name */

enum wr_place_reason {
#define X(name, text) name,
	WR_PLACE_REASONS(X)
#undef X
};

/* A word of the list above. [any] */
const char *wr_place_reason_name(enum wr_place_reason reason);

struct wr_plan {
	enum wr_place place;
	enum wr_place_reason reason;
	int64_t position;           /* to read from */
	int64_t verify_at;          /* with VERIFY: all else is decided by wr_mark_verified() */
	struct wr_mark_reach reach; /* with AGAIN */
	struct wr_mark mark;
	bool mark_changed; /* it is not what was stored: store it before the first claim */

	/* Reading jumps. First of all the group must commit `position` with the mark's metadata: the commit is
	 * refused to who was expelled, who would else abandon what another one reads. */
	bool commit_first;
};

/* Where to read an assigned partition from. [any] */
void wr_mark_place(const struct wr_placing *placing, struct wr_plan *plan_r);

/* Goes on after VERIFY: `found` is the fingerprint of the record at verify_at, NULL when the first record that can be
 * read from there on has another offset, or none is there. The plan then says READ. [any] */
void wr_mark_verified(const struct wr_placing *placing, const struct wr_fingerprint *found,
		      struct wr_plan *plan);

/* Begins a new reading at `position`, forward or back: a wanted reprocessing. All from there on is to be processed
 * again, whatever was completed. [any] */
void wr_mark_restart(struct wr_mark *mark, int64_t position);

/* Whether the record at this offset was completed already: it is skipped before anything else is asked. [any] */
bool wr_mark_covers(const struct wr_mark *mark, int64_t offset);

/* The first offset from this one on that is not completed. [any] */
int64_t wr_mark_skip(const struct wr_mark *mark, int64_t offset);

/* All records up to and including the one at `offset` are completed. Offsets that Kafka itself left out (control
 * records, compaction) are no gap. Never goes back: what is below `next` changes nothing. [any] */
void wr_mark_advance(struct wr_mark *mark, int64_t offset,
		     const struct wr_fingerprint *fingerprint);

/* Whether the owner (incarnation and offset in this mark's partition) will never be completed by its own
 * record. [any] */
bool wr_mark_abandons(const struct wr_mark *mark, uint32_t incarnation, int64_t offset);

/* For the rules of placing: marks [from, to) of an incarnation as abandoned. An empty range changes nothing. */
void wr_mark_abandon(struct wr_mark *mark, uint32_t incarnation, int64_t from, int64_t to);

#endif
