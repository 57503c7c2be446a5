#include "config.h"

#include "tests/model/ledger.h"

#include "tests/model/value.h"

#include <string.h>

static const struct record *record_at(const struct world *w, unsigned partition, unsigned offset)
{
	return &w->topics[partition].log[offset];
}

static bool has_result(const struct world *w, unsigned id)
{
	if (w->ledger.processed[id] > 0)
		return true;
	for (unsigned i = 0; i < w->ledger.dead_count; i++) {
		if (w->ledger.dead[i].record.id == id)
			return true;
	}
	return false;
}

/* A dead letter whose F is there has ended: what comes now must be processed. */
void ledger_sent(struct world *w, unsigned partition, unsigned offset)
{
	const struct record *record = record_at(w, partition, offset);
	value_t claim = w->store.claims[record->id];
	bool due = !has_result(w, record->id) || value_is_failed(claim);

	w->ledger.ids[partition][w->topics[partition].generation][offset] = record->id;
	if (record->replay)
		due = claim == 0 ||
		      wr_bytes_equal(value_owner_text(claim), value_owner_text(record->owner));
	/* A retry is owed what its event is. */
	if (due && (record->replay || record->owner == 0))
		w->ledger.owed[record->id] = true;
}

static unsigned replay_results(const struct ledger *l, value_t replays)
{
	unsigned count = 0;

	for (unsigned i = 0; i < DEATHS; i++)
		count += l->replayed[i] == replays;
	return count;
}

static void check_once(const struct world *w, const struct output *o)
{
	const struct ledger *l = &w->ledger;
	unsigned p = o->partition, g = o->generation, n = o->offset;

	if (l->results[p][g][n] > 1 + l->allowed[p][g][n])
		violate(scenario->exactly_once ? "a record has two results"
					       : "a record's result repeats without a reason");
	if (o->replays != 0 && !o->excused && !l->lapsed[o->record.id] &&
	    replay_results(l, o->replays) > 1 && scenario->exactly_once)
		violate("the replays of a dead letter have two results");
	if (l->processed[o->record.id] > 1 + l->allowed_ids[o->record.id])
		violate(scenario->exactly_once ? "an event is processed twice"
					       : "an event is processed again without a reason");
}

/* What may repeat comes once more, in order. */
static void check_order(const struct world *w, const struct output *o)
{
	const struct ledger *l = &w->ledger;
	unsigned p = o->partition, g = o->generation;

	if (l->out_of_order_allowed || l->results[p][g][o->offset] != 1)
		return;
	for (unsigned n = o->offset + 1u; n < OFFSETS; n++) {
		if (l->results[p][g][n] > l->allowed[p][g][n])
			violate("results are out of order");
	}
}

/* A first result is that of an event that came before; those that were sent elsewhere meanwhile have left the line. */
static void check_key_order(struct world *w, const struct output *o)
{
	unsigned origin = value_offset(o->record.owner);

	if (!o->ordered || o->fate == FATE_RETRIED)
		return;
	for (unsigned n = origin + 1; n < OFFSETS; n++) {
		if (w->ledger.finished[n] && !w->ledger.finished[origin] &&
		    !w->ledger.out_of_order_allowed)
			violate("a later event of a key ends before an earlier one");
	}
	w->ledger.finished[origin] = true;
}

static void add(uint8_t *count)
{
	if (*count < UINT8_MAX)
		(*count)++;
}

static void allow(struct world *w, unsigned p, unsigned g, unsigned n, unsigned id)
{
	add(&w->ledger.allowed[p][g][n]);
	add(&w->ledger.allowed_ids[id]);
}

static void note_replay(struct ledger *l, value_t replays)
{
	for (unsigned i = 0; i < DEATHS; i++) {
		if (l->replayed[i] == 0) {
			l->replayed[i] = replays;
			return;
		}
	}
}

static void note_fate(struct ledger *l, const struct output *o)
{
	switch ((enum fate)o->fate) {
	case FATE_DONE:
		l->owed[o->record.id] = false;
		add(&l->processed[o->record.id]);
		return;
	case FATE_DEAD:
		l->owed[o->record.id] = false;
		if (l->dead_count < DEATHS)
			l->dead[l->dead_count++] = *o;
		return;
	case FATE_RETRIED:
		if (o->record.calls >= scenario->attempts)
			violate("an event is tried more often than its policy allows");
		return;
	}
}

void ledger_result(struct world *w, const struct output *o, bool by_zombie)
{
	struct ledger *l = &w->ledger;

	add(&l->results[o->partition][o->generation][o->offset]);
	if (!scenario->exactly_once && by_zombie)
		allow(w, o->partition, o->generation, o->offset, o->record.id);
	note_fate(l, o);
	if (o->replays != 0 && !o->excused)
		note_replay(l, o->replays);
	check_once(w, o);
	check_order(w, o);
	check_key_order(w, o);
}

/* Who could have known that the owner is abandoned has no excuse. */
static bool is_known_abandoned(const struct world *w, value_t claim)
{
	unsigned p = value_partition(claim);

	return w->store.has_mark[p] &&
	       wr_mark_abandons(&w->store.marks[p], value_incarnation(claim),
				(int64_t)value_offset(claim));
}

static bool has_dead_letter(const struct world *w, value_t owner)
{
	for (unsigned i = 0; i < w->ledger.dead_count; i++) {
		if (w->ledger.dead[i].record.owner == owner)
			return true;
	}
	return false;
}

void ledger_skipped(struct world *w, const struct batch *batch, value_t found)
{
	/* Its dead letter stands for all that was a duplicate of it. */
	if (found == value_failed(batch->own) && has_dead_letter(w, batch->own))
		w->ledger.owed[batch->record.id] = false;
	if (batch->generation == w->topics[batch->partition].generation &&
	    !value_is_failed(found) && !is_known_abandoned(w, found))
		w->ledger.excuse[batch->partition][batch->generation][batch->offset] = found;
}

void ledger_claimed(struct world *w, const struct batch *batch, value_t found)
{
	w->ledger.excuse[batch->partition][batch->generation][batch->offset] = 0;
	if (found != 0 && found == value_failed(batch->own))
		violate("a dead letter that is final is processed again");
}

void ledger_unreported(const struct batch *batch)
{
	if (batch->replays != 0)
		violate("a replay that came too late is not reported");
}

void ledger_let_through(struct world *w, const struct batch *batch)
{
	w->ledger.excuse[batch->partition][batch->generation][batch->offset] = 0;
	add(&w->ledger.allowed_ids[batch->record.id]);
}

static bool is_older(const struct record *record, unsigned origin)
{
	return record->ordered && value_offset(record->owner) < origin;
}

/* Where nobody else writes, and nothing twice. */
void ledger_follows(const struct world *w, const struct batch *batch)
{
	const struct transaction *txn = &w->transactions[0];
	unsigned origin = value_offset(batch->own);

	if (!scenario->exactly_once || scenario->lanes > 1 || txn->fenced)
		return;
	for (unsigned n = 0; n < w->topics[RETRY].high; n++) {
		if (w->ledger.results[RETRY][0][n] == 0 && is_older(record_at(w, RETRY, n), origin))
			return;
	}
	for (unsigned i = 0; i < txn->count; i++) {
		if (is_older(&txn->outputs[i].record, origin))
			return;
	}
	for (unsigned i = 0; i < w->lanes[0].window; i++) {
		if (w->lanes[0].batch[i].pending && value_offset(w->lanes[0].batch[i].own) < origin)
			return;
	}
	violate("an event waits, and nothing is before it");
}

void ledger_lapsed(struct world *w, unsigned id)
{
	w->ledger.lapsed[id] = true;
	w->ledger.allowed_ids[id] = UINT8_MAX - 1;
}

void ledger_marked(struct world *w, unsigned partition, unsigned generation)
{
	for (unsigned n = 0; n < OFFSETS; n++) {
		if (wr_mark_covers(&w->store.marks[partition], (int64_t)n))
			w->ledger.marked[partition][generation][n] = true;
	}
}

static bool is_marked(const struct world *w, unsigned partition, unsigned offset)
{
	return w->ledger.marked[partition][w->topics[partition].generation][offset];
}

/* The lane was the only one who knew of an earlier topic. */
static void forget_earlier(struct world *w, unsigned partition)
{
	for (unsigned g = 0; g < w->topics[partition].generation; g++) {
		for (unsigned n = 0; n < OFFSETS; n++) {
			if (w->ledger.results[partition][g][n] > 0)
				allow(w, partition, g, n, w->ledger.ids[partition][g][n]);
		}
	}
}

void ledger_interrupted(struct world *w, unsigned lane)
{
	for (unsigned p = 0; p < PARTITIONS; p++) {
		const struct hold *hold = &w->lanes[lane].hold[p];

		if (hold->astray && (hold->mark_due || hold->mark_first))
			forget_earlier(w, p);
	}
	if (scenario->exactly_once)
		return;
	ledger_dropped(w, lane);
	for (unsigned p = 0; p < PARTITIONS; p++) {
		const struct topic *topic = &w->topics[p];

		if (!w->lanes[lane].hold[p].held)
			continue;
		for (unsigned n = 0; n < topic->high; n++) {
			if (w->ledger.results[p][topic->generation][n] > 0 && !is_marked(w, p, n) &&
			    topic->committed.offset <= (int)n)
				allow(w, p, topic->generation, n, topic->log[n].id);
		}
	}
}

void ledger_dropped(struct world *w, unsigned lane)
{
	for (unsigned i = 0; i < w->lanes[lane].window; i++) {
		const struct batch *batch = &w->lanes[lane].batch[i];

		if (!scenario->exactly_once && batch->processed && !batch->pending)
			allow(w, batch->partition, batch->generation, batch->offset,
			      batch->record.id);
	}
}

void ledger_forgotten(struct world *w, unsigned partition)
{
	const struct topic *topic = &w->topics[partition];
	unsigned g = topic->generation;

	w->ledger.out_of_order_allowed = true;
	for (unsigned n = 0; n < topic->high; n++) {
		if (w->ledger.results[partition][g][n] > 0 && !is_marked(w, partition, n))
			allow(w, partition, g, n, topic->log[n].id);
	}
}

/* Nobody wants what it is a record of any more: with a retry record, the event that it carries on. */
static void note_jumped(struct world *w, unsigned partition, unsigned offset)
{
	const struct topic *topic = &w->topics[partition];
	value_t owner = topic->log[offset].owner;

	w->ledger.jumped[partition][topic->generation][offset] = true;
	if (owner == 0)
		return;
	partition = value_partition(owner);
	w->ledger.jumped[partition][w->topics[partition].generation][value_offset(owner)] = true;
}

void ledger_gone_record(struct world *w, unsigned partition, unsigned offset)
{
	if (w->ledger.results[partition][w->topics[partition].generation][offset] == 0)
		note_jumped(w, partition, offset);
}

void ledger_moved(struct world *w, unsigned partition, unsigned offset)
{
	const struct topic *topic = &w->topics[partition];
	unsigned g = topic->generation;

	ledger_forgotten(w, partition);
	for (unsigned n = 0; n < topic->high; n++) {
		bool *jumped = &w->ledger.jumped[partition][g][n];

		if (n >= offset)
			*jumped = false;
		else
			ledger_gone_record(w, partition, n);
	}
}

void ledger_store_lost(struct world *w, bool claims)
{
	w->ledger.out_of_order_allowed = true;
	memset(w->ledger.marked, 0, sizeof(w->ledger.marked));
	for (unsigned id = 0; id < IDS && claims; id++) {
		w->ledger.allowed_ids[id] = UINT8_MAX - 1;
		w->ledger.lapsed[id] = true;
	}
	for (unsigned p = 0; p < PARTITIONS; p++) {
		const struct topic *topic = &w->topics[p];

		if (w->store.has_mark[p])
			ledger_marked(w, p, topic->generation);
	}
	for (unsigned p = 0; p < PARTITIONS; p++) {
		const struct topic *topic = &w->topics[p];

		for (unsigned n = 0; n < topic->high; n++) {
			if (w->ledger.results[p][topic->generation][n] > 0 && !is_marked(w, p, n) &&
			    (!topic->committed.has_metadata || topic->committed.offset <= (int)n))
				allow(w, p, topic->generation, n, topic->log[n].id);
		}
	}
}

static bool is_remembered(const struct world *w, unsigned partition, unsigned offset)
{
	for (unsigned l = 0; l < LANES; l++) {
		const struct hold *hold = &w->lanes[l].hold[partition];

		if (hold->placed == PLACED_READ && wr_mark_covers(&hold->mark, (int64_t)offset))
			return true;
	}
	return false;
}

void ledger_gone(struct world *w, unsigned partition)
{
	const struct topic *topic = &w->topics[partition];

	/* The commit is gone with it: what no mark says was done is done again when it is sent again. */
	for (unsigned n = 0; n < topic->high; n++) {
		if (w->ledger.results[partition][topic->generation][n] > 0 &&
		    !is_marked(w, partition, n) && !is_remembered(w, partition, n))
			allow(w, partition, topic->generation, n, topic->log[n].id);
	}
	memset(w->ledger.jumped[partition][w->topics[partition].generation], true, OFFSETS);
	w->ledger.out_of_order_allowed = true;
}

/* The record that owns a claim: of an earlier topic, or jumped over. */
static bool is_jumped(const struct world *w, value_t claim)
{
	unsigned p = value_partition(claim), n = value_offset(claim);
	bool any = false;

	for (unsigned g = 0; g <= w->topics[p].generation; g++)
		any = any || w->ledger.jumped[p][g][n];
	return any;
}

/* Of an event that is owed: a record that is there, that nobody jumped over, and that was not skipped for the sake of
 * one that was jumped over later. */
static bool is_lost(const struct world *w, unsigned id)
{
	for (unsigned p = 0; p < PARTITIONS; p++) {
		const struct topic *topic = &w->topics[p];
		unsigned g = topic->generation;

		for (unsigned n = topic->low; n < topic->high; n++) {
			value_t excuse = w->ledger.excuse[p][g][n];

			if (topic->log[n].id != id || w->ledger.jumped[p][g][n] ||
			    w->ledger.results[p][g][n] > 0)
				continue;
			if (excuse == 0 || !is_jumped(w, excuse))
				return true;
		}
	}
	return false;
}

static bool is_finished(const struct world *w)
{
	for (unsigned p = 0; p < PARTITIONS; p++) {
		const struct topic *topic = &w->topics[p];

		if (scenario->logs[p][0] == NULL)
			continue;
		if (topic->owner < 0 ||
		    (topic->high > topic->low && topic->committed.offset != topic->high))
			return false;
	}
	return true;
}

void ledger_check_end(const struct world *w)
{
	/* A real topic has no end where those behind would have to wait. */
	if (scenario->keyed && w->topics[RETRY].high == OFFSETS)
		return;
	if (!is_finished(w)) {
		violate("nothing goes on, and not all is committed");
		return;
	}
	for (unsigned id = 0; id < IDS; id++) {
		if (w->ledger.owed[id] && is_lost(w, id))
			violate("an event is lost");
	}
}
