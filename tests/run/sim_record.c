/* The ledger: what was planned for a record, and whether that is what happened. */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>

static enum sim_refusal some_refusal(void)
{
	return sim_once_in(12) ? (sim_once_in(2) ? SIM_REFUSED_AT_ONCE : SIM_REFUSED_LATE)
			       : SIM_ACCEPTED;
}

static enum weir_verdict some_verdict(void)
{
	uint64_t n = sim_upto(9);

	return n == 0 ? WEIR_FAIL : n == 1 ? WEIR_DROP : WEIR_OK;
}

static struct sim_plan some_plan(void)
{
	struct sim_plan plan = {
	    .kind = !sim_once_in(15) ? SIM_EVENT
		    : sim_once_in(2) ? SIM_NOT_JSON
				     : SIM_IDLESS,
	    .alerts = sim_once_in(4),
	    .changes = sim_once_in(3),
	    .output = some_refusal(),
	    .emitted = some_refusal(),
	};

	for (int i = 0; i < SIM_STAGES; i++) {
		plan.retries[i] = sim_once_in(4) ? (uint32_t)sim_upto(3) : 0;
		plan.verdict[i] = some_verdict();
		plan.emits[i] = sim_once_in(4) ? (unsigned)sim_upto(SIM_EMITS) : 0;
	}
	return plan;
}

struct sim_record *sim_send(int partition)
{
	static const char *const names[] = {"id", "id", "no"}, *const ends[] = {"}", "", "}"};
	int next_id = 0;
	struct sim_partition *p = &sim_now->partitions[partition];
	struct sim_record *r = &p->records[p->count];

	if (p->count == SIM_RECORDS)
		return NULL;
	for (int i = 0; i < SIM_PARTITIONS; i++)
		next_id += (int)sim_now->partitions[i].count;
	*r = (struct sim_record){
	    .partition = partition,
	    .offset = p->count++,
	    .id = next_id > 0 && sim_once_in(6) ? (int)sim_upto((uint64_t)next_id - 1) : next_id,
	    .key = (int)sim_upto(SIM_KEYS),
	    .plan = some_plan(),
	};
	snprintf(r->value, sizeof(r->value), "{\"%s\":\"e%d\",\"r\":\"%d/%d\"%s",
		 names[r->plan.kind], r->id, partition, (int)r->offset, ends[r->plan.kind]);
	sim_note(
	    "send %d/%d id=e%d key=%d kind=%d retries=%u,%u verdicts=%d,%d emits=%u,%u alerts=%d "
	    "refused=%d,%d",
	    partition, (int)r->offset, r->id, r->key, (int)r->plan.kind, r->plan.retries[0],
	    r->plan.retries[1], (int)r->plan.verdict[0], (int)r->plan.verdict[1], r->plan.emits[0],
	    r->plan.emits[1], r->plan.alerts, (int)r->plan.output, (int)r->plan.emitted);
	return r;
}

struct sim_record *sim_record_at(int partition, int64_t offset)
{
	if (partition < 0 || partition >= SIM_PARTITIONS || offset < 0 ||
	    offset >= sim_now->partitions[partition].count)
		sim_fail("no record %d/%d", partition, (int)offset);
	return &sim_now->partitions[partition].records[offset];
}

bool sim_has_claims(void)
{
	return sim_now->conf.idempotency.store != WR_STORE_NONE;
}

static bool rejects(const struct sim_record *r, unsigned stages_done, bool has_output)
{
	return (has_output && r->plan.output != SIM_ACCEPTED) ||
	       (stages_done > 0 && r->plan.emits[0] > 0 && r->plan.emitted != SIM_ACCEPTED);
}

static enum wr_outcome by_stages(const struct sim_record *r, const char **class_r,
				 unsigned *stages_done_r)
{
	for (unsigned i = 0; i < SIM_STAGES; i++) {
		*stages_done_r = i;
		*class_r = "exhausted";
		if (r->plan.retries[i] >= (uint32_t)sim_now->stages[i].retry.attempts)
			return WR_OUTCOME_DEAD;
		*class_r = "permanent";
		if (r->plan.verdict[i] == WEIR_FAIL)
			return WR_OUTCOME_DEAD;
		*stages_done_r = i + 1;
		if (r->plan.verdict[i] == WEIR_DROP)
			return WR_OUTCOME_DROPPED;
	}
	return WR_OUTCOME_PROCESSED;
}

enum wr_outcome sim_outcome(const struct sim_record *r, const char **class_r,
			    unsigned *stages_done_r)
{
	enum wr_outcome outcome;

	*stages_done_r = 0;
	*class_r = "decode";
	if (r->plan.kind != SIM_EVENT)
		return WR_OUTCOME_DEAD;
	outcome = by_stages(r, class_r, stages_done_r);
	if (outcome == WR_OUTCOME_DEAD ||
	    !rejects(r, *stages_done_r, outcome == WR_OUTCOME_PROCESSED))
		return outcome;
	*class_r = "output-rejected";
	return WR_OUTCOME_DEAD;
}

static bool emits_are_settled(const struct sim_record *r, unsigned stages)
{
	for (unsigned i = 0; i < stages; i++) {
		for (unsigned n = 0; n < r->plan.emits[i]; n++) {
			if (r->emitted[i][n] + r->emit_refused[i][n] == 0)
				return false;
		}
	}
	return true;
}

/* Whether nothing would be missing if the record were never delivered again. */
bool sim_is_settled(const struct sim_record *r)
{
	const char *class;
	unsigned stages;

	if (r->elsewhere || r->duplicate || r->jumped)
		return true;
	switch (sim_outcome(r, &class, &stages)) {
	case WR_OUTCOME_PROCESSED:
		return r->written > 0 && emits_are_settled(r, stages);
	case WR_OUTCOME_DROPPED:
		return r->dropped && emits_are_settled(r, stages);
	case WR_OUTCOME_DEAD:
		return r->dead > 0 && emits_are_settled(r, stages);
	case WR_OUTCOME_PENDING:
	case WR_OUTCOME_DUPLICATE:
	case WR_OUTCOME_RETRIED:
	case WR_OUTCOME_PAYLOAD_MISMATCH:
	case WR_OUTCOME_SKIPPED:
		break;
	}
	sim_fail("no plan ends so");
}

static void check_count(const struct sim_record *r, const char *what, unsigned count, bool wanted)
{
	if (!wanted && count > 0)
		sim_fail("%d/%d has %u of %s, should have none", r->partition, (int)r->offset,
			 count, what);
	if (count > r->taken)
		sim_fail("%d/%d has %u of %s, was taken %u times", r->partition, (int)r->offset,
			 count, what, r->taken);
	if (sim_has_transactions() && count + r->elsewhere > 1)
		sim_fail("%d/%d has %u of %s%s", r->partition, (int)r->offset, count, what,
			 r->elsewhere ? ", and was processed elsewhere" : "");
	if (wanted && count == 0 && !r->elsewhere && !r->jumped)
		sim_fail("%d/%d has no %s", r->partition, (int)r->offset, what);
}

static void check_emits(const struct sim_record *r, unsigned stages)
{
	for (unsigned i = 0; i < SIM_STAGES; i++) {
		for (unsigned n = 0; n < SIM_EMITS; n++) {
			bool planned = i < stages && n < r->plan.emits[i],
			     refused = i == 0 && n == 0 && r->plan.emitted != SIM_ACCEPTED;

			check_count(r, "an emit", r->emitted[i][n], planned && !refused);
		}
	}
}

/* Of a record that is nobody's duplicate: everything it should have, and nothing it should not. */
static void check_owner(const struct sim_record *r)
{
	const char *class;
	unsigned stages;
	enum wr_outcome outcome = sim_outcome(r, &class, &stages);
	bool rejected = outcome == WR_OUTCOME_DEAD && strcmp(class, "output-rejected") == 0;

	check_count(r, "a dead letter", r->dead, outcome == WR_OUTCOME_DEAD);
	/* An output may have been written when an emit beside it was refused later. */
	if (!rejected || sim_has_transactions())
		check_count(r, "an output", r->written, outcome == WR_OUTCOME_PROCESSED);
	check_emits(r, stages);
	if (!r->elsewhere && !sim_is_settled(r))
		sim_fail("%d/%d is not settled", r->partition, (int)r->offset);
}

static void check_duplicate(const struct sim_record *r)
{
	/* One that was dead-lettered gives its id away. */
	if (r->dead > 0)
		return;
	check_count(r, "an output", r->written, false);
	check_emits(r, 0);
	if (r->called > 0 && !r->jumped)
		sim_fail("%d/%d is a duplicate and was run", r->partition, (int)r->offset);
}

static bool is_dead(const struct sim_record *r)
{
	const char *class;
	unsigned stages;

	return sim_outcome(r, &class, &stages) == WR_OUTCOME_DEAD;
}

/* Of all records of an id one is processed for good; others only if they were dead-lettered, or given up. */
static void check_owners_of(int id)
{
	unsigned records = 0, owners = 0, final = 0, jumped = 0;

	for (int p = 0; p < SIM_PARTITIONS; p++) {
		for (int64_t o = 0; o < sim_now->partitions[p].count; o++) {
			const struct sim_record *r = &sim_now->partitions[p].records[o];

			if (r->id != id || r->plan.kind != SIM_EVENT)
				continue;
			records++;
			jumped += r->jumped;
			owners += !r->duplicate && !r->jumped;
			final += !r->duplicate && !r->jumped && !is_dead(r);
		}
	}
	/* Records that were skipped as duplicates of one that was then given up are lost with it. */
	if (records > 0 && owners == 0 && jumped == 0)
		sim_fail("id e%d has no owner", id);
	if (final > 1)
		sim_fail("id e%d has %u owners", id, final);
}

/* At the end: all that was sent ended in exactly one way. */
void sim_check_ledger(void)
{
	bool strict = sim_now->conf.idempotency.on_unavailable == WR_ON_UNAVAILABLE_BLOCK;

	for (int p = 0; p < SIM_PARTITIONS; p++) {
		for (int64_t o = 0; o < sim_now->partitions[p].count; o++) {
			const struct sim_record *r = &sim_now->partitions[p].records[o];

			if (!r->duplicate)
				check_owner(r);
			else if (strict)
				check_duplicate(r);
		}
	}
	for (int id = 0; sim_has_claims() && strict && id < SIM_IDS; id++)
		check_owners_of(id);
}

/* Outputs of a key come in the order of their records: always where each shows once, else between two disturbances. */
void sim_check_order(void)
{
	for (size_t i = 0; i < sim_now->write_count; i++) {
		const struct sim_write *a = &sim_now->writes[i];

		for (size_t j = i + 1; a->visible && a->kind == SIM_WRITE_OUTPUT &&
				       a->record->key < SIM_KEYS && j < sim_now->write_count;
		     j++) {
			const struct sim_write *b = &sim_now->writes[j];

			if (b->visible && b->kind == SIM_WRITE_OUTPUT &&
			    (b->era == a->era || sim_has_transactions()) && b->topic == a->topic &&
			    b->record->partition == a->record->partition &&
			    b->record->key == a->record->key &&
			    b->record->offset <= a->record->offset && !b->record->jumped)
				sim_fail("the output of %d/%d came before that of %d/%d",
					 a->record->partition, (int)a->record->offset,
					 b->record->partition, (int)b->record->offset);
		}
	}
}
