/*
 * Who else touches the group's offsets: another member, which keeps to the same rules, and people who reset them.
 */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>

static void field_of(int p, char *field, size_t size)
{
	snprintf(field, size, "in/%d", p);
}

static bool read_mark(int p, struct wr_mark *mark_r)
{
	char field[64];
	const struct mark *m;
	struct wr_err err;

	field_of(p, field, sizeof(field));
	m = marks_find(&sim_now->marks, wr_bytes_of(field));
	return m != NULL && wr_mark_decode(wr_bytes(m->text, m->text_size), mark_r, &err) == WR_OK;
}

static void put_mark(int p, const struct wr_mark *mark, bool anyway)
{
	char field[64], text[WR_MARK_TEXT_BYTES];
	struct wr_mark_write write = {
	    .text = wr_bytes(text, wr_mark_encode(mark, text)),
	    .incarnation = mark->incarnation,
	    .next = mark->next,
	    .anyway = anyway,
	};

	field_of(p, field, sizeof(field));
	write.field = wr_bytes_of(field);
	sim_put_mark(&write);
}

static struct wr_fingerprint fingerprint_of(const struct sim_record *r)
{
	char key[8];
	struct wr_source_record record = {.timestamp_ms = 5, .value = wr_bytes_of(r->value)};

	snprintf(key, sizeof(key), "k%d", r->key);
	if (r->key < SIM_KEYS)
		record.key = wr_bytes_of(key);
	return wr_lane_fingerprint(&record);
}

/* Where it begins, as any member of the group would. */
static struct wr_plan plan_of(int p)
{
	const struct sim_partition *part = &sim_now->partitions[p];
	struct wr_mark stored, committed;
	struct wr_fingerprint found;
	struct wr_err err;
	struct wr_plan plan;
	struct wr_placing placing = {
	    .stored = read_mark(p, &stored) ? &stored : NULL,
	    .committed_offset = part->committed,
	    .high = part->count,
	};

	if (part->committed >= 0 && part->metadata_size > 0 &&
	    wr_mark_metadata_decode(wr_bytes(part->metadata, part->metadata_size), &committed,
				    &err) == WR_OK)
		placing.committed = &committed;
	wr_mark_place(&placing, &plan);
	if (plan.place == WR_PLACE_AGAIN) {
		placing.before = plan.reach; /* nothing changed meanwhile */
		wr_mark_place(&placing, &plan);
	}
	if (plan.place == WR_PLACE_VERIFY) {
		found = fingerprint_of(&part->records[plan.verify_at]);
		wr_mark_verified(&placing, &found, &plan);
	}
	if (plan.mark_changed)
		put_mark(p, &plan.mark, true);
	return plan;
}

static enum wr_claim_decision decide(const char *own, const char *found)
{
	struct wr_owner owner;
	struct wr_mark mark;
	enum wr_claim_decision decision =
	    wr_claim_decide(wr_bytes_of(own), wr_bytes_of(found[0] != '\0' ? found : NULL),
			    wr_bytes(NULL, 0), &owner);

	if (decision != WR_CLAIM_ASK)
		return decision;
	return wr_claim_decide_owner(&owner, read_mark(owner.partition, &mark) ? &mark : NULL, true,
				     false);
}

/* True when the record is the member's to process. */
static bool claims(struct sim_record *r, const struct wr_mark *mark)
{
	char own[64], found[64];
	const char *class;
	unsigned stages;

	if (r->plan.kind != SIM_EVENT)
		return true;
	snprintf(own, sizeof(own), "C|%u/in/%d/%d", mark->incarnation, r->partition,
		 (int)r->offset);
	snprintf(found, sizeof(found), "%s", sim_now->claims[r->id]);
	switch ((int)decide(own, found)) {
	case WR_CLAIM_PROCESS:
	case WR_CLAIM_TAKE_OVER:
		sim_claim(r, own, wr_bytes_of(found));
		r->duplicate = false;
		/* Its dead letter is final at once. */
		if (sim_outcome(r, &class, &stages) == WR_OUTCOME_DEAD && sim_once_in(2))
			sim_now->claims[r->id][0] = 'F';
		return true;
	case WR_CLAIM_DEAD:
		return false;
	default:
		r->duplicate = true;
		return false;
	}
}

static void work_with_marks(int p, uint64_t n)
{
	struct sim_partition *part = &sim_now->partitions[p];
	struct wr_plan plan = plan_of(p);
	struct wr_mark *mark = &plan.mark;

	for (int64_t o = plan.position; n > 0 && o < part->count; n--, o++) {
		struct sim_record *r = &part->records[o];
		struct wr_fingerprint last = fingerprint_of(r);

		if (!wr_mark_covers(mark, o) && claims(r, mark)) {
			if (sim_has_transactions() && r->written + r->dead > 0)
				sim_fail("%d/%d is processed elsewhere too", p, (int)o);
			r->elsewhere = true;
		}
		sim_note("  elsewhere %d/%d", p, (int)o);
		r->committed = true;
		wr_mark_advance(mark, o, &last);
	}
	part->committed = mark->next;
	part->metadata_size = wr_mark_metadata_encode(mark, part->metadata);
	if (!sim_once_in(4)) /* else it dies before it is written */
		put_mark(p, mark, false);
}

static void work_without_marks(int p, uint64_t n)
{
	struct sim_partition *part = &sim_now->partitions[p];

	if (part->committed < 0)
		part->committed = 0;
	for (; n > 0 && part->committed < part->count; n--) {
		sim_note("  elsewhere %d/%d", p, (int)part->committed);
		part->records[part->committed++].elsewhere = true;
	}
	part->metadata_size = 0;
}

/* What another member of the group does with partitions that are not the lane's. */
void sim_other_member_works(void)
{
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (sim_now->partitions[p].pub != NULL && !sim_now->is_lost)
			continue;
		if (sim_has_claims())
			work_with_marks(p, sim_upto(4));
		else
			work_without_marks(p, sim_upto(4));
	}
}

static void jump(struct sim_partition *part, int64_t from, int64_t to)
{
	for (int64_t o = from; o < to; o++) {
		if (!part->records[o].committed)
			part->records[o].jumped = true;
	}
}

/* A mark that was lost after its commit is restored by the commit's metadata, unless somebody puts another commit there
 * before: then what was done since repeats. */
static bool knows_all(int p)
{
	const struct sim_partition *part = &sim_now->partitions[p];
	struct wr_mark mark;

	return part->committed <= 0 || (read_mark(p, &mark) && mark.next >= part->committed);
}

/* A person moves the group, which is only possible while nobody is in it. */
void sim_group_is_reset(void)
{
	int p = (int)sim_upto(SIM_PARTITIONS - 1);
	struct sim_partition *part = &sim_now->partitions[p];
	int64_t to = sim_once_in(4) ? -1 : (int64_t)sim_upto((uint64_t)part->count);

	if (sim_is_assigned() || !sim_has_claims() || !knows_all(p))
		return;
	sim_note("the group is reset: %d from %d to %d", p, (int)part->committed, (int)to);
	jump(part, part->committed > 0 ? part->committed : 0, to);
	part->committed = to;
	part->metadata_size = 0;
}
