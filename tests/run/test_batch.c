#include "config.h"

#include "run/batch.h"

#include "tests/faults.h"
#include "tests/unit.h"

static struct wr_batch *make(uint32_t capacity)
{
	struct wr_batch *batch;

	assert_int_equal(wr_batch_create(capacity, &batch), WR_OK);
	wr_batch_reset(batch);
	return batch;
}

static void a_new_item_is_clear_and_knows_its_place(void **state)
{
	struct wr_batch *batch = make(3);

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct wr_item *item = wr_batch_add(batch, 100 + i);

		assert_ptr_equal(item, &batch->items[i]);
		assert_ptr_equal(item->batch, batch);
		assert_ptr_equal(item->write.item, item);
		assert_int_equal(item->sequence, 100 + i);
		assert_int_equal(item->event.outcome, WR_OUTCOME_PENDING);
		assert_null(item->record.ref);
		assert_null(item->claim.data);
		assert_false(item->parked || item->waiting || item->write.dead);
		assert_int_equal(batch->count, i + 1);
		memset(&item->event, 0xff, sizeof(item->event)); /* the next use must not see it */
		item->parked = item->waiting = item->write.dead = true;
	}
	wr_batch_reset(batch);
	assert_int_equal(wr_batch_add(batch, 7)->event.outcome, WR_OUTCOME_PENDING);
	assert_false(batch->items[0].parked || batch->items[0].waiting);
	assert_false(batch->items[0].write.dead);
	wr_batch_destroy(batch);
}

static void an_event_leads_to_its_item(void **state)
{
	struct wr_batch *batch = make(2);
	struct wr_item *item;

	(void)state;
	wr_batch_add(batch, 1);
	item = wr_batch_add(batch, 2);
	assert_ptr_equal(wr_item_of(&item->event), item);
	wr_batch_destroy(batch);
}

static void reset_empties_it(void **state)
{
	struct wr_batch *batch = make(2), other;

	(void)state;
	wr_batch_add(batch, 1);
	assert_non_null(wr_arena_alloc(&batch->arena, 100));
	batch->state = WR_BATCH_WRITTEN;
	batch->bytes = 5;
	batch->unfinished = 1;
	batch->next_write = 1;
	batch->pending = 1;
	batch->emits_begun = true;
	batch->next_emit = (struct wr_emit *)(void *)batch;
	batch->claims.count = 1;
	batch->claims.done = true;
	batch->next = &other;
	wr_batch_reset(batch);
	assert_int_equal(batch->state, WR_BATCH_FILLING);
	assert_int_equal(batch->count, 0);
	assert_int_equal(batch->capacity, 2);
	assert_int_equal(batch->bytes, 0);
	assert_int_equal(batch->unfinished, 0);
	assert_int_equal(batch->next_write, 0);
	assert_int_equal(batch->pending, 0);
	assert_false(batch->emits_begun);
	assert_null(batch->next_emit);
	assert_int_equal(batch->claims.count, 0);
	assert_false(batch->claims.done);
	assert_null(batch->next);
	assert_int_equal(batch->arena.used_bytes, 0);
	wr_batch_destroy(batch);
}

static void overfill(void *batch)
{
	wr_batch_add(batch, 2);
}

static void reset(void *batch)
{
	wr_batch_reset(batch);
}

static void destroy(void *batch)
{
	wr_batch_destroy(batch);
}

static void an_item_too_many_is_a_bug(void **state)
{
	struct wr_batch *batch = make(1);

	(void)state;
	wr_batch_add(batch, 1);
	assert_true(aborts(overfill, batch));
	wr_batch_destroy(batch);
}

/* The store still writes into its claims. */
static void a_submitted_batch_is_neither_reset_nor_destroyed(void **state)
{
	struct wr_batch *batch = make(1);

	(void)state;
	batch->claims.submitted = true;
	assert_true(aborts(reset, batch));
	assert_true(aborts(destroy, batch));
	batch->claims.submitted = false;
	assert_false(aborts(reset, batch));
	wr_batch_destroy(batch);
}

static void create_can_lack_memory_at_every_step(void **state)
{
	struct wr_batch *batch;
	enum wr_code rc = WR_ENOMEM;
	size_t failures = 0;

	(void)state;
	for (; rc != WR_OK; failures++) {
		assert_true(failures < 20);
		batch = (struct wr_batch *)(void *)state;
		faults_begin(failures);
		rc = wr_batch_create(8, &batch);
		assert_true(faults_end() == (rc != WR_OK));
		if (rc != WR_OK)
			assert_null(batch);
	}
	assert_true(failures > 1);
	wr_batch_destroy(batch);
}

static void destroying_nothing_is_fine(void **state)
{
	(void)state;
	wr_batch_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_item_is_clear_and_knows_its_place),
	    cmocka_unit_test(an_event_leads_to_its_item),
	    cmocka_unit_test(reset_empties_it),
	    cmocka_unit_test(an_item_too_many_is_a_bug),
	    cmocka_unit_test(a_submitted_batch_is_neither_reset_nor_destroyed),
	    cmocka_unit_test(create_can_lack_memory_at_every_step),
	    cmocka_unit_test(destroying_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
