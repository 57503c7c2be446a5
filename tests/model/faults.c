#include "config.h"

#include "tests/model/faults.h"

#include "base/check.h"
#include "tests/model/lane.h"
#include "tests/model/ledger.h"
#include "tests/model/retried.h"
#include "tests/model/value.h"

#include <string.h>

static void append(struct world *w, unsigned p, const struct record *record)
{
	struct topic *topic = &w->topics[p];

	WR_ASSERT(topic->high < OFFSETS && record->id < IDS);
	topic->log[topic->high++] = *record;
	ledger_sent(w, p, topic->high - 1u);
}

static void append_id(struct world *w, unsigned p, char letter)
{
	append(w, p, &(struct record){.id = (uint8_t)(letter - 'a')});
}

void append_retry(struct world *w, const struct record *record)
{
	append(w, RETRY, record);
}

void fill_topic(struct world *w, unsigned p)
{
	const char *log = scenario->logs[p][w->topics[p].generation];

	for (size_t i = 0; log != NULL && log[i] != '\0'; i++)
		append_id(w, p, log[i]);
}

bool fault_restart(struct world *w, unsigned l)
{
	if (w->lanes[l].alive)
		return false;
	w->lanes[l].alive = true;
	w->lanes[l].txn = scenario->exactly_once ? WR_TXN_STARTING : WR_TXN_NONE;
	return true;
}

static void give_partition(struct world *w, unsigned l, unsigned p)
{
	struct topic *topic = &w->topics[p];

	topic->owner = (int8_t)l;
	topic->epoch++;
	w->lanes[l].hold[p] = (struct hold){.held = true, .epoch = topic->epoch};
}

/* Of a keyed scenario both at once: who has one without the other reads neither. */
bool fault_assign(struct world *w, unsigned l, unsigned p)
{
	struct topic *topic = &w->topics[p];
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || topic->owner >= 0 || scenario->logs[p][0] == NULL ||
	    (scenario->keyed && (p == RETRY || w->topics[RETRY].owner >= 0)))
		return false;
	for (unsigned i = 0; i < PARTITIONS; i++) {
		if (lane->hold[i].revoking || (lane->hold[i].held && !owns(w, l, i)))
			return false;
	}
	give_partition(w, l, p);
	if (scenario->keyed)
		give_partition(w, l, RETRY);
	return true;
}

bool fault_produce(struct world *w, unsigned p)
{
	struct topic *topic = &w->topics[p];
	const char *later = scenario->later[p];

	if (later == NULL || later[topic->scripted] == '\0' || topic->high == OFFSETS)
		return false;
	append_id(w, p, later[topic->scripted++]);
	return true;
}

static void expel(struct world *w, unsigned l)
{
	ledger_interrupted(w, l);
	for (unsigned p = 0; p < PARTITIONS; p++) {
		if (owns(w, l, p))
			w->topics[p].owner = -1;
	}
}

bool fault_crash(struct world *w, unsigned l)
{
	if (!w->lanes[l].alive)
		return false;
	expel(w, l);
	memset(&w->lanes[l], 0, sizeof(w->lanes[l]));
	w->transactions[l].fenced = false;
	return true;
}

bool fault_kick(struct world *w, unsigned l)
{
	if (!w->lanes[l].alive || (!owns(w, l, 0) && !owns(w, l, 1)))
		return false;
	expel(w, l);
	return true;
}

/* All at once, as the eager strategies do. */
bool fault_revoke(struct world *w, unsigned l)
{
	struct lane *lane = &w->lanes[l];

	if (!lane->alive || (!owns(w, l, 0) && !owns(w, l, 1)) || lane->hold[0].revoking ||
	    lane->hold[1].revoking)
		return false;
	for (unsigned p = 0; p < PARTITIONS; p++)
		lane->hold[p].revoking = lane->hold[p].held;
	return true;
}

bool fault_expire(struct world *w, unsigned l)
{
	struct transaction *txn = &w->transactions[l];

	if (!txn->open)
		return false;
	memset(txn, 0, sizeof(*txn));
	txn->fenced = w->lanes[l].alive;
	return true;
}

bool fault_reset(struct world *w, unsigned p, unsigned offset)
{
	struct topic *topic = &w->topics[p];

	if (topic->owner >= 0 || offset > topic->high || offset < topic->low ||
	    (int)offset == topic->committed.offset || scenario->logs[p][0] == NULL)
		return false;
	ledger_moved(w, p, offset);
	topic->committed = (struct committed){.offset = (int8_t)offset};
	return true;
}

bool fault_forget(struct world *w, unsigned p)
{
	struct topic *topic = &w->topics[p];

	/* What was set by hand and not read yet would be nobody's knowledge. */
	if (topic->owner >= 0 || topic->committed.offset < 0 || !topic->committed.has_metadata)
		return false;
	ledger_forgotten(w, p);
	topic->committed = (struct committed){.offset = -1};
	return true;
}

bool fault_recreate(struct world *w, unsigned p)
{
	struct topic *topic = &w->topics[p];

	if (topic->generation + 1 == TOPICS || scenario->logs[p][topic->generation + 1] == NULL)
		return false;
	ledger_gone(w, p);
	topic->generation++;
	topic->low = topic->high = 0;
	memset(topic->log, 0, sizeof(topic->log));
	topic->committed = (struct committed){.offset = -1};
	for (unsigned l = 0; l < LANES; l++)
		w->lanes[l].hold[p].astray = w->lanes[l].hold[p].held;
	fill_topic(w, p);
	return true;
}

bool fault_retain(struct world *w, unsigned p)
{
	struct topic *topic = &w->topics[p];

	if (topic->low == topic->high)
		return false;
	ledger_gone_record(w, p, topic->low);
	topic->low++;
	return true;
}

bool fault_replicate(struct world *w)
{
	w->replica = w->store;
	w->has_replica = true;
	return true;
}

bool fault_fail_over(struct world *w)
{
	if (!w->has_replica)
		return false;
	w->store = w->replica;
	w->has_replica = false;
	memset(&w->replica, 0, sizeof(w->replica));
	ledger_store_lost(w, true);
	return true;
}

bool fault_lose_mark(struct world *w, unsigned p)
{
	if (!w->store.has_mark[p])
		return false;
	w->store.has_mark[p] = false;
	memset(&w->store.marks[p], 0, sizeof(w->store.marks[p]));
	ledger_store_lost(w, false);
	return true;
}

/* Or a person has it forgotten. */
bool fault_lapse(struct world *w, unsigned id)
{
	if (w->store.claims[id] == 0)
		return false;
	w->store.claims[id] = 0;
	ledger_lapsed(w, id);
	return true;
}

bool fault_replay(struct world *w, unsigned dead)
{
	struct record record;

	if (dead >= w->ledger.dead_count || !has_room_for_retry(w))
		return false;
	record = replay_of(&w->ledger.dead[dead].record);
	append_retry(w, &record);
	return true;
}
