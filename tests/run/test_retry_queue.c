#include "config.h"

#include "run/retry_queue.h"

#include "base/rng.h"
#include "tests/faults.h"
#include "tests/unit.h"

enum { CAPACITY = 64, BATCHES = 4, NEVER = 1000 };

static struct wr_retry_queue queue;
static struct wr_batch batches[BATCHES];
static struct wr_item items[CAPACITY];

static int set_up(void **state)
{
	(void)state;
	memset(items, 0, sizeof(items));
	for (int i = 0; i < CAPACITY; i++)
		items[i] =
		    (struct wr_item){.sequence = (uint64_t)i, .batch = &batches[i % BATCHES]};
	return wr_retry_queue_init(&queue, CAPACITY) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wr_retry_queue_fini(&queue);
	return 0;
}

static void park(int i, int64_t due)
{
	items[i].due_mono_ns = due;
	wr_retry_queue_push(&queue, &items[i]);
}

static void nothing_is_due_when_nothing_waits(void **state)
{
	(void)state;
	assert_true(wr_retry_queue_due_ns(&queue) == INT64_MAX);
	assert_null(wr_retry_queue_pop(&queue, INT64_MAX));
}

static void an_item_pops_when_it_is_due_and_not_before(void **state)
{
	(void)state;
	park(0, 100);
	assert_true(items[0].parked);
	assert_true(wr_retry_queue_due_ns(&queue) == 100);
	assert_null(wr_retry_queue_pop(&queue, 99));
	assert_true(items[0].parked);
	assert_ptr_equal(wr_retry_queue_pop(&queue, 100), &items[0]);
	assert_false(items[0].parked);
	assert_true(wr_retry_queue_due_ns(&queue) == INT64_MAX);
}

static void equal_times_pop_in_the_order_of_arrival(void **state)
{
	(void)state;
	for (int i = CAPACITY; i-- > 0;)
		park(i, 5);
	for (int i = 0; i < CAPACITY; i++)
		assert_ptr_equal(wr_retry_queue_pop(&queue, 5), &items[i]);
}

static void a_dropped_batch_takes_its_items_along_and_no_others(void **state)
{
	(void)state;
	for (int i = 0; i < CAPACITY; i++)
		park(i, (i * 37) % 101);
	wr_retry_queue_remove_batch(&queue, &batches[1]);
	for (int i = 0; i < CAPACITY; i++)
		assert_true(items[i].parked == (i % BATCHES != 1));
	wr_retry_queue_remove_batch(&queue, &batches[1]);
	assert_int_equal(queue.count, CAPACITY - CAPACITY / BATCHES);
}

/* The model: the item that is due next, looked for among all. */
static struct wr_item *earliest(void)
{
	struct wr_item *first = NULL;

	for (int i = 0; i < CAPACITY; i++) {
		if (items[i].parked && (first == NULL || items[i].due_mono_ns < first->due_mono_ns))
			first = &items[i];
	}
	return first;
}

static void remove_batch(const struct wr_batch *batch)
{
	size_t count = 0;

	wr_retry_queue_remove_batch(&queue, batch);
	for (int i = 0; i < CAPACITY; i++) {
		assert_false(items[i].parked && items[i].batch == batch);
		count += items[i].parked;
	}
	assert_int_equal(queue.count, count);
}

static void pop(int64_t now)
{
	struct wr_item *expected = earliest();

	if (expected != NULL && expected->due_mono_ns > now)
		expected = NULL;
	assert_ptr_equal(wr_retry_queue_pop(&queue, now), expected);
	if (expected != NULL)
		assert_false(expected->parked);
}

static void a_random_history_agrees_with_a_search(void **state)
{
	struct wr_rng rng;

	(void)state;
	wr_rng_init(&rng, 5);
	for (int n = 0; n < 100000; n++) {
		int i = (int)wr_rng_upto(&rng, CAPACITY - 1);
		const struct wr_item *first;

		if (wr_rng_upto(&rng, 99) == 0)
			remove_batch(&batches[wr_rng_upto(&rng, BATCHES - 1)]);
		else if (!items[i].parked && wr_rng_upto(&rng, 3) > 0)
			park(i, (int64_t)wr_rng_upto(&rng, NEVER));
		else
			pop((int64_t)wr_rng_upto(&rng, NEVER));
		first = earliest();
		assert_true(wr_retry_queue_due_ns(&queue) ==
			    (first != NULL ? first->due_mono_ns : INT64_MAX));
	}
}

static void overfill(void *arg)
{
	(void)arg;
	park(CAPACITY - 1, 1);
}

static void an_item_too_many_is_a_bug(void **state)
{
	(void)state;
	queue.capacity = CAPACITY - 1;
	for (int i = 0; i < CAPACITY - 1; i++)
		park(i, i);
	assert_true(aborts(overfill, NULL));
}

static void init_can_lack_memory(void **state)
{
	struct wr_retry_queue none;

	(void)state;
	faults_begin(0);
	assert_int_equal(wr_retry_queue_init(&none, 8), WR_ENOMEM);
	assert_true(faults_end());
	wr_retry_queue_fini(&none);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    RULE(nothing_is_due_when_nothing_waits),
	    RULE(an_item_pops_when_it_is_due_and_not_before),
	    RULE(equal_times_pop_in_the_order_of_arrival),
	    RULE(a_dropped_batch_takes_its_items_along_and_no_others),
	    RULE(a_random_history_agrees_with_a_search),
	    RULE(an_item_too_many_is_a_bug),
	    RULE(init_can_lack_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
