/*
 * What really became of every record, and the promises it is held to:
 * - exactly once: of a record, and of an id, a read_committed reader sees one result; a dead letter may be followed by
 *   that of a resubmission or a replay.
 * - at least once: repeats only where the crash table allows them, counted record by record.
 * - always: in the end every event sent has its result, unless somebody jumped over it; order is kept.
 */
#ifndef WR_TESTS_MODEL_LEDGER_H
#define WR_TESTS_MODEL_LEDGER_H

#include "tests/model/steps.h"

/* A record was sent. */
void ledger_sent(struct world *w, unsigned partition, unsigned offset);

/* An output can be seen. `by_zombie`: its lane has lost the partition. */
void ledger_result(struct world *w, const struct output *output, bool by_zombie);

/* A record was decided to be a duplicate of the claim `found`, or not. */
void ledger_skipped(struct world *w, const struct batch *batch, value_t found);
void ledger_claimed(struct world *w, const struct batch *batch, value_t found);

/* It is said to be a duplicate, which nobody waits for; a replay must be said to come too late. */
void ledger_unreported(const struct batch *batch);

/* It runs without a claim. */
void ledger_let_through(struct world *w, const struct batch *batch);

/* It goes behind an older one of its key, which must be on its way. */
void ledger_follows(const struct world *w, const struct batch *batch);

/* The claim of an id is lost. */
void ledger_lapsed(struct world *w, unsigned id);

/* A record is deleted. */
void ledger_gone_record(struct world *w, unsigned partition, unsigned offset);

/* A mark of that topic was stored. */
void ledger_marked(struct world *w, unsigned partition, unsigned generation);

/* A lane's work on its partitions ends unfinished: what was written, but neither committed nor marked, may repeat. */
void ledger_interrupted(struct world *w, unsigned lane);

/* The same for what is still in its window. */
void ledger_dropped(struct world *w, unsigned lane);

/* The commit is gone: what it said and no mark does may repeat. */
void ledger_forgotten(struct world *w, unsigned partition);

/* Somebody wants reading to go on there: what is not completed before is not wanted any more. */
void ledger_moved(struct world *w, unsigned partition, unsigned offset);

/* The store went back: what is neither committed with metadata nor marked may repeat, and ids too. */
void ledger_store_lost(struct world *w, bool claims);

/* The topic is gone. */
void ledger_gone(struct world *w, unsigned partition);

#endif
