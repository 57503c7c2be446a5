/* The fake claim store: slow, down, and down with claims made whose answers are lost. */
#include "config.h"

#include "tests/run/sim.h"

#include <stdio.h>
#include <stdlib.h>

static struct sim_record *record_of_claim(const struct wr_claim *claim)
{
	char text[64];
	int partition, offset;

	snprintf(text, sizeof(text), "%.*s", (int)claim->value.size,
		 (const char *)claim->value.data);
	if (sscanf(text, "C|0/in/%d/%d", &partition, &offset) != 2)
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

static void text_of_owner(const struct sim_record *owner, char *text, size_t size)
{
	snprintf(text, size, "C|0/in/%d/%d", owner->partition, (int)owner->offset);
}

/* Whether it is ours now. */
static bool apply(const struct wr_claim *claim)
{
	struct sim_record *r = record_of_claim(claim), **owner_p = &sim_now->owner[r->id];
	char text[64] = "";

	check_id(claim, r);
	if (*owner_p != NULL)
		text_of_owner(*owner_p, text, sizeof(text));
	if (*owner_p != NULL && !wr_bytes_equal(claim->expect, wr_bytes_of(text)))
		return false;
	*owner_p = r;
	return true;
}

static void answer_one(struct wr_claim_set *set, struct wr_claim *claim)
{
	struct sim_record *r = record_of_claim(claim);
	char text[64];

	claim->found = wr_bytes(NULL, 0);
	claim->outcome = apply(claim) ? WR_CLAIM_NOTHING : WR_CLAIM_VALUE;
	if (claim->outcome == WR_CLAIM_VALUE) {
		text_of_owner(sim_now->owner[r->id], text, sizeof(text));
		claim->found.size = strlen(text);
		claim->found.data = wr_arena_copy(&set->found_arena, text, claim->found.size);
	}
	if (sim_now->owner[r->id] != r)
		r->duplicate = true;
	else if (r->take != NULL)
		r->take->claimed = true;
	sim_note("  claim e%d by %d/%d: %s", r->id, r->partition, (int)r->offset,
		 sim_now->owner[r->id] == r ? "its own" : "duplicate");
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
	query->done = query->unreadable = false;
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

static enum wr_code put_mark(struct wr_claim_store *store, const struct wr_mark_write *mark)
{
	(void)store;
	marks_put(&sim_now->marks, mark);
	return WR_OK;
}

static void yield_mark(struct wr_claim_store *store, struct wr_bytes field)
{
	(void)store;
	(void)field;
}

static size_t marks_waiting(struct wr_claim_store *store)
{
	(void)store;
	return 0;
}

static void poll_store(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct sim *s = sim_now;

	(void)store;
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
