/* The claim store of the lane's fixture. */
#include "config.h"

#include "tests/run/lane_fixture_private.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture_claim *claim_of(struct fixture *f, struct wr_bytes id)
{
	for (size_t i = 0; i < f->claim_count; i++) {
		if (strlen(f->claims[i].id) == id.size &&
		    memcmp(f->claims[i].id, id.data, id.size) == 0)
			return &f->claims[i];
	}
	return NULL;
}

static void claim_one(struct fixture *f, struct wr_claim_set *set, struct wr_claim *claim)
{
	struct fixture_claim *there = claim_of(f, claim->id);

	claim->found = wr_bytes(NULL, 0);
	if (f->unreadable_id != NULL && wr_bytes_equal(claim->id, wr_bytes_of(f->unreadable_id))) {
		claim->outcome = WR_CLAIM_UNREADABLE;
	} else if (there != NULL && wr_bytes_equal(claim->expect, wr_bytes_of(there->value))) {
		claim->outcome = WR_CLAIM_NOTHING;
		fixture_copy_text(there->value, sizeof(there->value), claim->value);
	} else if (there != NULL) {
		claim->outcome = WR_CLAIM_VALUE;
		claim->found.size = strlen(there->value);
		claim->found.data =
		    wr_arena_copy(&set->found_arena, there->value, claim->found.size);
	} else {
		claim->outcome = WR_CLAIM_NOTHING;
		if (f->claim_count == f->claim_capacity) {
			f->claim_capacity = f->claim_capacity > 0 ? f->claim_capacity * 2 : 64;
			f->claims = realloc(f->claims, f->claim_capacity * sizeof(*f->claims));
			assert_non_null(f->claims);
		}
		there = &f->claims[f->claim_count++];
		fixture_copy_text(there->id, sizeof(there->id), claim->id);
		fixture_copy_text(there->value, sizeof(there->value), claim->value);
	}
}

static void store_submit(struct wr_claim_store *store, struct wr_claim_set *set)
{
	(void)store;
	assert_false(set->submitted);
	assert_true(fixture_now->submitted_count < UNIT_COUNT_OF(fixture_now->submitted));
	set->submitted = true;
	set->done = false;
	fixture_now->submitted[fixture_now->submitted_count++] = set;
}

static void store_cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct fixture *f = fixture_now;
	size_t kept = 0;

	(void)store;
	assert_true(set->submitted);
	for (size_t i = 0; i < f->submitted_count; i++) {
		if (f->submitted[i] != set)
			f->submitted[kept++] = f->submitted[i];
	}
	f->submitted_count = kept;
	set->submitted = false;
}

static void store_query_marks(struct wr_claim_store *store, struct wr_mark_query *query)
{
	struct fixture *f = fixture_now;

	(void)store;
	assert_false(query->submitted);
	assert_true(f->query_count < UNIT_COUNT_OF(f->queries));
	query->submitted = true;
	query->done = false;
	f->queries[f->query_count++] = query;
}

static void store_cancel_query(struct wr_claim_store *store, struct wr_mark_query *query)
{
	struct fixture *f = fixture_now;
	size_t kept = 0;

	(void)store;
	assert_true(query->submitted);
	for (size_t i = 0; i < f->query_count; i++) {
		if (f->queries[i] != query)
			f->queries[kept++] = f->queries[i];
	}
	f->query_count = kept;
	query->submitted = false;
}

static enum wr_code store_put_mark(struct wr_claim_store *store, const struct wr_mark_write *mark)
{
	(void)store;
	marks_put(&fixture_now->marks, mark);
	return WR_OK;
}

static void store_yield_mark(struct wr_claim_store *store, struct wr_bytes field)
{
	(void)store;
	(void)field;
}

static size_t store_marks_waiting(struct wr_claim_store *store)
{
	(void)store;
	return 0;
}

static void store_poll(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct fixture *f = fixture_now;

	(void)store;
	(void)now_mono_ns;
	if (f->store_down)
		return;
	for (size_t i = 0; i < f->submitted_count; i++) {
		struct wr_claim_set *set = f->submitted[i];

		wr_arena_reset(&set->found_arena);
		for (size_t j = 0; j < set->count; j++)
			claim_one(f, set, &set->claims[j]);
		set->submitted = false;
		set->done = true;
	}
	f->submitted_count = 0;
	for (size_t i = 0; i < f->query_count; i++)
		marks_answer(&f->marks, f->queries[i]);
	f->query_count = 0;
}

static int store_wait_on(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r)
{
	(void)store;
	*events_r = 0;
	*deadline_mono_ns_r = INT64_MAX;
	return -1;
}

static enum wr_claim_store_state store_state(struct wr_claim_store *store, const char **reason_r)
{
	(void)store;
	if (reason_r != NULL)
		*reason_r = fixture_now->store_down ? "the test says so" : NULL;
	return fixture_now->store_down ? WR_CLAIM_STORE_DOWN : WR_CLAIM_STORE_UP;
}

static void store_destroy(struct wr_claim_store *store)
{
	assert_int_equal(fixture_now->submitted_count, 0);
	assert_int_equal(fixture_now->query_count, 0);
	free(store);
}

static const struct wr_claim_store_ops store_ops = {
    .submit = store_submit,
    .cancel = store_cancel,
    .query_marks = store_query_marks,
    .cancel_query = store_cancel_query,
    .put_mark = store_put_mark,
    .yield_mark = store_yield_mark,
    .marks_waiting = store_marks_waiting,
    .poll = store_poll,
    .wait_on = store_wait_on,
    .state = store_state,
    .destroy = store_destroy,
};

enum wr_code fixture_make_store(void *arg, const struct wr_lane *lane,
				struct wr_claim_store **store_r, struct wr_err *err)
{
	(void)lane;
	(void)err;
	*store_r = NULL;
	if (((struct fixture *)arg)->conf.idempotency.store == WR_STORE_NONE)
		return WR_OK;
	*store_r = calloc(1, sizeof(**store_r));
	(*store_r)->ops = &store_ops;
	return WR_OK;
}

const char *fixture_claim_of(struct fixture *f, const char *id)
{
	const struct fixture_claim *claim = claim_of(f, wr_bytes_of(id));

	return claim != NULL ? claim->value : NULL;
}
