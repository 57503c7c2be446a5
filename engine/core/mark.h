/*
 * Done marks: what of a partition is completed, so that an offset that goes back repeats nothing. One per partition,
 * not per event. Pure: no I/O, no clock; the lane and the model check drive the same functions.
 *
 * A mark holds the interval [start, next) of offsets that were completed without a gap, the fingerprint of the
 * record at next - 1, the partition's incarnation (a topic that is made anew under its name is another one), and
 * the abandoned ranges: offsets that were jumped over and never completed here. It is kept in the claim store, under
 * `<topic>/<partition>`, and what of it the claim store could lose between a commit and the mark goes with the offset
 * commit as its metadata.
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

/* Offsets [from, to) of `incarnation` that nobody completed and nobody will read again: a claim of theirs may be
 * taken over. `to` is WR_MARK_OPEN for the end of an incarnation that is gone. */
struct wr_abandoned {
	uint32_t incarnation;
	int64_t from, to;
};

#define WR_MARK_OPEN INT64_MAX

/* Beyond it the two neighbours with the smallest gap become one: rather a repeated event than a lost one. */
#define WR_MARK_ABANDONED_MAX 64

struct wr_mark {
	uint32_t incarnation;
	int64_t start, next; /* start == next: nothing is completed */
	struct wr_fingerprint
	    last; /* of the record at next - 1; meaningless while the interval is empty */
	struct wr_abandoned abandoned[WR_MARK_ABANDONED_MAX];
	size_t abandoned_count;
};

/* Text forms: for the claim store, and the part that goes with an offset commit (the same without the abandoned
 * ranges: Kafka bounds metadata at 4 KiB). Decoding bad text is WR_EINVAL with a sentence; the mark is then zero. */
#define WR_MARK_TEXT_BYTES 4096
#define WR_MARK_METADATA_BYTES 128
size_t wr_mark_encode(const struct wr_mark *mark, char text_r[WR_MARK_TEXT_BYTES]);
enum wr_code wr_mark_decode(struct wr_bytes text, struct wr_mark *mark_r, struct wr_err *err);
size_t wr_mark_metadata_encode(const struct wr_mark *mark, char text_r[WR_MARK_METADATA_BYTES]);
enum wr_code wr_mark_metadata_decode(struct wr_bytes text, struct wr_mark *mark_r,
				     struct wr_err *err);

/* What is known of a partition when it is assigned. */
struct wr_placing {
	const struct wr_mark *stored;    /* from the claim store; NULL: none there */
	const struct wr_mark *committed; /* from the commit's metadata; NULL: none, or not ours */
	int64_t committed_offset;        /* -1: the group has none */
	int64_t low, high;               /* the offsets that can be read: [low, high) */
	bool from_latest; /* where reading begins without a commit (auto.offset.reset) */
	bool reprocess;   /* on_rewind: process */
};

enum wr_place {
	WR_PLACE_READ, /* read on from `position` with the mark in plan */
	WR_PLACE_VERIFY /* first compare the record at `verify_at` with mark.last: wr_mark_verified() */
};

/* Why the position is not where the mark says: for the log line and the metric. */
enum wr_place_reason {
	WR_PLACE_CONTINUED,    /* nothing happened */
	WR_PLACE_FIRST,        /* nothing was known of the partition */
	WR_PLACE_REWOUND,      /* the group's offset went back, or was lost */
	WR_PLACE_ABANDONED,    /* it went forward over offsets that nobody completed */
	WR_PLACE_OUT_OF_RANGE, /* the records from the committed offset on are gone */
	WR_PLACE_NEW_TOPIC     /* another topic under the old name */
};

struct wr_plan {
	enum wr_place place;
	enum wr_place_reason reason;
	int64_t position;  /* to read from */
	int64_t verify_at; /* with VERIFY */
	struct wr_mark mark;
	bool mark_changed; /* it must be stored before the first claim of the partition */
};

/* Where to read an assigned partition from. */
void wr_mark_place(const struct wr_placing *placing, struct wr_plan *plan_r);

/* Goes on after VERIFY: `found` is the fingerprint of the first record at or behind verify_at, NULL when that is
 * not the offset verify_at itself or nothing is there. */
void wr_mark_verified(const struct wr_placing *placing, const struct wr_fingerprint *found,
		      struct wr_plan *plan);

/* Whether the record at this offset was completed already: it is skipped before anything else is asked. */
bool wr_mark_covers(const struct wr_mark *mark, int64_t offset);

/* All records up to and including the one at `offset` are completed. Offsets that Kafka itself left out (control
 * records, compaction) are no gap. Never goes back. */
void wr_mark_advance(struct wr_mark *mark, int64_t offset,
		     const struct wr_fingerprint *fingerprint);

/* Whether the owner (incarnation and offset in this mark's partition) will never be completed by its own record. */
bool wr_mark_abandons(const struct wr_mark *mark, uint32_t incarnation, int64_t offset);

#endif
