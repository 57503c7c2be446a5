/* The fake claim store: slow, down, and down with claims made whose answers are lost. */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>
#include <stdlib.h>

static struct sim_record *record_of(struct wr_bytes value)
{
	char text[64], state;
	int partition, offset;
	unsigned incarnation;

	snprintf(text, sizeof(text), "%.*s", (int)value.size, (const char *)value.data);
	if (sscanf(text, "%c|%u/in/%d/%d", &state, &incarnation, &partition, &offset) != 4)
		sim_fail("a claim is %s", text);
	return sim_record_at(partition, offset);
}

static void check_id(const struct wr_claim *claim, const struct sim_record *r)
{
	char id[16];

	snprintf(id, sizeof(id), "e%d", r->id);
	if (!wr_bytes_equal(claim->id, wr_bytes_of(id)))
		sim_fail("%d/%d claims another id than %s", r->partition, (int)r->offset, id);
}

/* Whether the value stands now. */
bool sim_claim(struct sim_record *r, const char *value, struct wr_bytes expect)
{
	char *there = sim_now->claims[r->id];

	if (there[0] != '\0' && !wr_bytes_equal(expect, wr_bytes_of(there)))
		return false;
	if (value[0] == 'F' && strcmp(there, value) != 0 && r->dead == 0)
		sim_fail("%s is written, and has no dead letter", value);
	snprintf(there, sizeof(sim_now->claims[0]), "%s", value);
	return true;
}

static bool apply(const struct wr_claim *claim)
{
	struct sim_record *r = record_of(claim->value);
	char text[64];

	check_id(claim, r);
	snprintf(text, sizeof(text), "%.*s", (int)claim->value.size,
		 (const char *)claim->value.data);
	return sim_claim(r, text, claim->expect);
}

static void answer_one(struct wr_claim_set *set, struct wr_claim *claim)
{
	struct sim_record *r = record_of(claim->value);
	const char *there = sim_now->claims[r->id];
	bool ours, dead = ((const char *)claim->value.data)[0] == 'F';

	claim->found = wr_bytes(NULL, 0);
	claim->outcome = apply(claim) ? WR_CLAIM_NOTHING : WR_CLAIM_VALUE;
	if (claim->outcome == WR_CLAIM_VALUE) {
		claim->found.size = strlen(there);
		claim->found.data = wr_arena_copy(&set->found_arena, there, claim->found.size);
	}
	sim_note("  claim e%d %.*s: %s", r->id, (int)claim->value.size,
		 (const char *)claim->value.data,
		 claim->outcome == WR_CLAIM_NOTHING ? "done" : there);
	if (dead)
		return;
	ours = wr_bytes_equal(claim->value, wr_bytes_of(there));
	r->duplicate = !ours && there[0] == 'C' && record_of(wr_bytes_of(there)) != r;
	if (ours && r->take != NULL)
		r->take->claimed = true;
	if (r->take != NULL && there[0] == 'F' && record_of(wr_bytes_of(there)) == r)
		r->take->ended = true; /* its dead letter is final */
}

static void submit(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct sim *s = sim_now;

	(void)store;
	assert_false(set->submitted);
	assert_true(s->set_count < UNIT_COUNT_OF(s->sets) && set->count > 0);
	set->submitted = true;
	set->done = false;
	s->set_due_ns[s->set_count] = sim_time() + (int64_t)sim_upto(10) * WR_NS_PER_MS;
	s->sets[s->set_count++] = set;
}

static void remove_set(struct sim *s, size_t i)
{
	s->set_count--;
	for (; i < s->set_count; i++) {
		s->sets[i] = s->sets[i + 1];
		s->set_due_ns[i] = s->set_due_ns[i + 1];
	}
}

static void cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct sim *s = sim_now;

	(void)store;
	assert_true(set->submitted);
	for (size_t i = 0; i < s->set_count; i++) {
		if (s->sets[i] == set)
			remove_set(s, i);
	}
	set->submitted = false;
}

static void query_marks(struct wr_claim_store *store, struct wr_mark_query *query)
{
	struct sim *s = sim_now;

	(void)store;
	assert_false(query->submitted);
	assert_true(s->query_count < UNIT_COUNT_OF(s->queries));
	query->submitted = true;
	query->done = false;
	s->queries[s->query_count++] = query;
}

static void cancel_query(struct wr_claim_store *store, struct wr_mark_query *query)
{
	struct sim *s = sim_now;
	size_t kept = 0;

	(void)store;
	assert_true(query->submitted);
	for (size_t i = 0; i < s->query_count; i++) {
		if (s->queries[i] != query)
			s->queries[kept++] = s->queries[i];
	}
	s->query_count = kept;
	query->submitted = false;
}

void sim_put_mark(const struct wr_mark_write *mark)
{
	sim_note("  mark %.*s: %.*s%s", (int)mark->field.size, (const char *)mark->field.data,
		 (int)mark->text.size, (const char *)mark->text.data,
		 mark->anyway ? ", anyway" : "");
	marks_put(&sim_now->marks, mark);
}

static enum wr_code put_mark(struct wr_claim_store *store, const struct wr_mark_write *mark)
{
	struct sim *s = sim_now;
	struct sim_mark *m;

	(void)store;
	if (s->waiting_marks == NULL)
		s->waiting_marks = calloc(SIM_MARKS, sizeof(*s->waiting_marks));
	assert_non_null(s->waiting_marks);
	if (s->waiting_mark_count == SIM_MARKS || (!s->calm && sim_once_in(50)))
		return WR_ENOMEM;
	m = &s->waiting_marks[s->waiting_mark_count++];
	*m = (struct sim_mark){.text_size = mark->text.size,
			       .incarnation = mark->incarnation,
			       .next = mark->next,
			       .anyway = mark->anyway};
	memcpy(m->field, mark->field.data, mark->field.size);
	memcpy(m->text, mark->text.data, mark->text.size);
	return WR_OK;
}

static void write_mark(const struct sim_mark *m)
{
	const struct wr_mark_write write = {
	    .field = wr_bytes_of(m->field),
	    .text = wr_bytes(m->text, m->text_size),
	    .incarnation = m->incarnation,
	    .next = m->next,
	    .anyway = m->anyway,
	};

	sim_put_mark(&write);
}

/* The oldest of them, up to so many. */
static void write_marks(struct sim *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_mark(&s->waiting_marks[i]);
	s->waiting_mark_count -= count;
	if (count > 0)
		memmove(s->waiting_marks, s->waiting_marks + count,
			s->waiting_mark_count * sizeof(*s->waiting_marks));
}

static void yield_mark(struct wr_claim_store *store, struct wr_bytes field)
{
	struct sim *s = sim_now;

	(void)store;
	for (size_t i = 0; i < s->waiting_mark_count; i++) {
		if (wr_bytes_equal(field, wr_bytes_of(s->waiting_marks[i].field)))
			s->waiting_marks[i].anyway = false;
	}
}

static size_t marks_waiting(struct wr_claim_store *store)
{
	(void)store;
	return sim_now->waiting_mark_count;
}

static void poll_store(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct sim *s = sim_now;

	(void)store;
	if (!s->store_down)
		write_marks(s, s->waiting_mark_count);
	while (!s->store_down && s->set_count > 0 && s->set_due_ns[0] <= now_mono_ns) {
		struct wr_claim_set *set = s->sets[0];

		wr_arena_reset(&set->found_arena);
		for (size_t i = 0; i < set->count; i++)
			answer_one(set, &set->claims[i]);
		remove_set(s, 0);
		set->submitted = false;
		set->done = true;
	}
	for (size_t i = 0; !s->store_down && i < s->query_count; i++)
		marks_answer(&s->marks, s->queries[i]);
	if (!s->store_down)
		s->query_count = 0;
}

/* Some of what it was asked is done, and nobody hears of it. */
void sim_store_goes(void)
{
	struct sim *s = sim_now;

	s->store_down = true;
	write_marks(s, s->waiting_mark_count);
	for (size_t i = 0; i < s->set_count && sim_once_in(2); i++) {
		for (size_t j = 0; j < s->sets[i]->count; j++)
			(void)apply(&s->sets[i]->claims[j]);
	}
}

static int wait_on(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r)
{
	(void)store;
	*events_r = 0;
	*deadline_mono_ns_r = INT64_MAX;
	return -1;
}

static enum wr_claim_store_state state(struct wr_claim_store *store, const char **reason_r)
{
	(void)store;
	if (reason_r != NULL)
		*reason_r = sim_now->store_down ? "the test says so" : NULL;
	return sim_now->store_down ? WR_CLAIM_STORE_DOWN : WR_CLAIM_STORE_UP;
}

static void destroy(struct wr_claim_store *store)
{
	if (sim_now->set_count > 0 || sim_now->query_count > 0)
		sim_fail("claims are submitted still");
	write_marks(sim_now, sim_upto(sim_now->waiting_mark_count));
	sim_now->waiting_mark_count = 0;
	sim_now->store_exists = false;
	free(store);
}

static const struct wr_claim_store_ops ops = {
    .submit = submit,
    .cancel = cancel,
    .query_marks = query_marks,
    .cancel_query = cancel_query,
    .put_mark = put_mark,
    .yield_mark = yield_mark,
    .marks_waiting = marks_waiting,
    .poll = poll_store,
    .wait_on = wait_on,
    .state = state,
    .destroy = destroy,
};

enum wr_code sim_make_store(void *arg, const struct wr_lane *lane, struct wr_claim_store **store_r,
			    struct wr_err *err)
{
	(void)arg;
	(void)lane;
	(void)err;
	*store_r = NULL;
	if (!sim_has_claims())
		return WR_OK;
	assert_false(sim_now->store_exists);
	sim_now->store_exists = true;
	*store_r = calloc(1, sizeof(**store_r));
	assert_non_null(*store_r);
	(*store_r)->ops = &ops;
	return WR_OK;
}
