#include "config.h"

#include "run/key_waits.h"

#include "base/rng.h"
#include "tests/faults.h"
#include "tests/unit.h"

#include <stdlib.h>

/* ---- lists ---- */

static void items_pop_in_the_order_of_pushing(void **state)
{
	struct wr_item items[3] = {{.sequence = 3}, {.sequence = 1}, {.sequence = 2}};
	struct wr_item_list list = {NULL, NULL};

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_null(wr_item_list_pop(&list));
		for (int i = 0; i < 3; i++)
			wr_item_list_push(&list, &items[i]);
		for (int i = 0; i < 3; i++)
			assert_ptr_equal(wr_item_list_pop(&list), &items[i]);
	}
}

static void insertion_keeps_the_order_of_sequence(void **state)
{
	enum { COUNT = 200 };
	struct wr_item items[COUNT];
	struct wr_item_list list = {NULL, NULL};
	struct wr_rng rng;

	(void)state;
	wr_rng_init(&rng, 1);
	for (int i = 0; i < COUNT; i++)
		items[i] = (struct wr_item){.sequence = (uint64_t)i};
	for (int i = COUNT - 1; i > 0; i--) { /* shuffled */
		size_t j = wr_rng_upto(&rng, (uint64_t)i);
		struct wr_item item = items[i];

		items[i] = items[j];
		items[j] = item;
	}
	for (int i = 0; i < COUNT; i++)
		wr_item_list_insert(&list, &items[i]);
	for (uint64_t i = 0; i < COUNT; i++)
		assert_int_equal(wr_item_list_pop(&list)->sequence, i);
	assert_null(list.first);
	assert_null(list.last);
}

/* ---- waits ---- */

static struct wr_key_waits waits;

static int set_up(void **state)
{
	(void)state;
	return wr_key_waits_init(&waits) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	wr_key_waits_fini(&waits);
	return 0;
}

static struct wr_item item_of(uint64_t sequence, const char *key)
{
	return (struct wr_item){
	    .sequence = sequence,
	    .event.source_key = {key, key != NULL ? strlen(key) : 0},
	};
}

static void later_events_of_a_held_key_wait_and_others_do_not(void **state)
{
	struct wr_item a1 = item_of(1, "a"), b1 = item_of(2, "b"), a2 = item_of(3, "a");
	struct wr_item_list released = {NULL, NULL};

	(void)state;
	assert_false(wr_key_waits_join(&waits, &a1));
	assert_int_equal(wr_key_waits_hold(&waits, &a1), WR_OK);
	assert_false(wr_key_waits_join(&waits, &b1));
	assert_true(wr_key_waits_join(&waits, &a2));
	assert_true(a2.waiting);
	wr_key_waits_release(&waits, &b1, &released); /* holds nothing */
	wr_key_waits_release(&waits, &a2, &released); /* is not the holder */
	assert_null(released.first);
	wr_key_waits_release(&waits, &a1, &released);
	assert_ptr_equal(wr_item_list_pop(&released), &a2);
	assert_false(a2.waiting);
	assert_true(wr_key_waits_empty(&waits));
}

static void an_earlier_event_is_not_held_up_and_takes_the_lead_when_it_holds(void **state)
{
	struct wr_item a1 = item_of(1, "a"), a2 = item_of(2, "a"), a3 = item_of(3, "a");
	struct wr_item_list released = {NULL, NULL};

	(void)state;
	wr_key_waits_hold(&waits, &a2);
	assert_true(wr_key_waits_join(&waits, &a3));
	assert_false(wr_key_waits_join(&waits, &a1));
	wr_key_waits_hold(&waits, &a1);
	assert_true(a2.waiting);
	wr_key_waits_release(&waits, &a2, &released);
	assert_null(released.first);
	wr_key_waits_release(&waits, &a1, &released);
	assert_ptr_equal(wr_item_list_pop(&released), &a2);
	assert_ptr_equal(wr_item_list_pop(&released), &a3);
}

/* A handler that ignores begin() can ask for a retry of both in one call. */
static void a_later_event_that_wants_to_hold_too_waits_and_is_not_forgotten(void **state)
{
	struct wr_item a1 = item_of(1, "a"), a2 = item_of(2, "a");
	struct wr_item_list released = {NULL, NULL};

	(void)state;
	wr_key_waits_hold(&waits, &a1);
	wr_key_waits_hold(&waits, &a2);
	assert_true(a2.waiting);
	wr_key_waits_release(&waits, &a1, &released);
	assert_ptr_equal(wr_item_list_pop(&released), &a2);
}

static void holding_again_changes_nothing(void **state)
{
	struct wr_item a1 = item_of(1, "a");
	struct wr_item_list released = {NULL, NULL};

	(void)state;
	wr_key_waits_hold(&waits, &a1);
	wr_key_waits_hold(&waits, &a1);
	assert_false(a1.waiting);
	wr_key_waits_release(&waits, &a1, &released);
	assert_null(released.first);
	assert_true(wr_key_waits_empty(&waits));
}

static void keyless_events_neither_hold_nor_wait(void **state)
{
	struct wr_item k1 = item_of(1, NULL), k2 = item_of(2, NULL);
	struct wr_item_list released = {NULL, NULL};

	(void)state;
	assert_int_equal(wr_key_waits_hold(&waits, &k1), WR_OK);
	assert_true(wr_key_waits_empty(&waits));
	assert_false(wr_key_waits_join(&waits, &k2));
	wr_key_waits_release(&waits, &k1, &released);
	assert_null(released.first);
}

static void an_empty_key_is_a_key(void **state)
{
	struct wr_item e1 = item_of(1, ""), e2 = item_of(2, ""), none = item_of(3, NULL);
	struct wr_item_list released = {NULL, NULL};

	(void)state;
	wr_key_waits_hold(&waits, &e1);
	assert_true(wr_key_waits_join(&waits, &e2));
	assert_false(wr_key_waits_join(&waits, &none));
	wr_key_waits_release(&waits, &e1, &released);
	assert_ptr_equal(released.first, &e2);
}

/* Only order is lost, no event. */
static void without_memory_nobody_waits(void **state)
{
	struct wr_item a1 = item_of(1, "a"), a2 = item_of(2, "a");
	struct wr_item_list released = {NULL, NULL};
	enum wr_code rc = WR_ENOMEM;

	(void)state;
	for (size_t i = 0; rc != WR_OK; i++) {
		assert_true(i < 10);
		faults_begin(i);
		rc = wr_key_waits_hold(&waits, &a1);
		assert_true(faults_end() == (rc != WR_OK));
		if (rc == WR_OK)
			break;
		assert_int_equal(rc, WR_ENOMEM);
		assert_true(wr_key_waits_empty(&waits));
		assert_false(wr_key_waits_join(&waits, &a2));
		wr_key_waits_release(&waits, &a1, &released);
		assert_null(released.first);
	}
}

static void init_can_lack_memory(void **state)
{
	struct wr_key_waits none;

	(void)state;
	faults_begin(0);
	assert_int_equal(wr_key_waits_init(&none), WR_ENOMEM);
	assert_true(faults_end());
	wr_key_waits_fini(&none);
}

/* ---- many of one key ---- */

#define MANY 2000

static struct wr_item many[MANY];

/* Holds the first and lets the others wait. */
static void line_up(void)
{
	for (size_t i = 0; i < MANY; i++) {
		many[i] = item_of(i + 1, "a");
		if (i == 0)
			assert_int_equal(wr_key_waits_hold(&waits, &many[i]), WR_OK);
		else
			assert_true(wr_key_waits_join(&waits, &many[i]));
	}
}

/* Each of them is retried once: how often one was sent back into the line is what that costs. */
static void retries_of_many_of_a_key_send_few_back_into_the_line(void **state)
{
	struct wr_item_list released = {NULL, NULL};
	struct wr_item *item, *holder = &many[0];
	size_t done = 0, sent_back = 0;

	(void)state;
	line_up();
	while (holder != NULL) {
		assert_ptr_equal(holder, &many[done++]);
		wr_key_waits_release(&waits, holder, &released);
		holder = wr_item_list_pop(&released);
		if (holder == NULL)
			break;
		assert_int_equal(wr_key_waits_hold(&waits, holder), WR_OK);
		while ((item = wr_item_list_pop(&released)) != NULL) {
			assert_true(wr_key_waits_join(&waits, item));
			sent_back++;
		}
	}
	assert_int_equal(done, MANY);
	assert_true(sent_back <= 8 * MANY);
	assert_true(wr_key_waits_empty(&waits));
}

static void those_that_pass_go_on_in_turns_and_in_order(void **state)
{
	struct wr_item_list released = {NULL, NULL};
	struct wr_item *item = &many[0], late = item_of(MANY + 1, "a");

	(void)state;
	line_up();
	for (size_t i = 0; i < MANY; i++) {
		assert_ptr_equal(item, &many[i]);
		if (i == MANY / 2) /* it comes meanwhile, and waits until the line is empty */
			assert_true(wr_key_waits_join(&waits, &late));
		wr_key_waits_release(&waits, item, &released);
		item = wr_item_list_pop(&released);
	}
	assert_ptr_equal(item, &late);
	wr_key_waits_release(&waits, item, &released);
	assert_null(released.first);
	assert_true(wr_key_waits_empty(&waits));
}

static void a_list_is_sorted_by_sequence(void **state)
{
	struct wr_item_list list = {NULL, NULL};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		many[i] = item_of(i * 1103 % 2003, "a"); /* each number below 2003 once */
		wr_item_list_push(&list, &many[i]);
	}
	wr_item_list_sort(&list);
	assert_non_null(list.first);
	for (const struct wr_item *item = list.first; item->next != NULL; item = item->next) {
		assert_true(item->sequence < item->next->sequence);
		if (item->next->next == NULL)
			assert_ptr_equal(list.last, item->next);
	}
	list = (struct wr_item_list){NULL, NULL};
	wr_item_list_sort(&list);
	assert_null(list.last);
}

/* ---- against a model ---- */

enum { KEYS = 4, BATCHES = 6, PER_BATCH = 32, ITEMS = BATCHES * PER_BATCH };

enum place { GONE, FREE, HOLDS, WAITS };

/* The model: every item is in one place; a key's holder is the earliest of those that hold or wait. */
struct model {
	struct wr_batch batches[BATCHES];
	struct wr_item items[ITEMS];
	enum place place[ITEMS];
	int key[ITEMS];    /* KEYS: none */
	int oldest, count; /* of the batches */
};

static const char *const key_names[KEYS] = {"a", "b", "", "longer than the others"};

static int holder_of(const struct model *m, int key)
{
	for (int i = 0; i < ITEMS; i++) {
		if (m->place[i] == HOLDS && m->key[i] == key)
			return i;
	}
	return -1;
}

static bool comes_before(const struct model *m, int a, int b)
{
	return m->items[a].sequence < m->items[b].sequence;
}

static void add_batch(struct model *m, struct wr_rng *rng, uint64_t *sequence)
{
	int b = (m->oldest + m->count++) % BATCHES;

	m->batches[b] = (struct wr_batch){.count = PER_BATCH, .items = &m->items[b * PER_BATCH]};
	for (int i = b * PER_BATCH; i < (b + 1) * PER_BATCH; i++) {
		m->key[i] = (int)wr_rng_upto(rng, KEYS);
		m->items[i] =
		    item_of((*sequence)++, m->key[i] < KEYS ? key_names[m->key[i]] : NULL);
		m->items[i].batch = &m->batches[b];
		m->place[i] = FREE;
	}
}

static void drop_newest_batch(struct model *m)
{
	int b = (m->oldest + --m->count) % BATCHES;

	wr_key_waits_remove_batch(&waits, &m->batches[b]);
	for (int i = b * PER_BATCH; i < (b + 1) * PER_BATCH; i++) {
		assert_false(m->items[i].waiting);
		m->place[i] = GONE;
	}
}

static void drop_oldest_batch_if_done(struct model *m)
{
	for (int i = m->oldest * PER_BATCH; i < (m->oldest + 1) * PER_BATCH; i++) {
		if (m->place[i] != GONE)
			return;
	}
	m->oldest = (m->oldest + 1) % BATCHES;
	m->count--;
}

static void hold(struct model *m, int i)
{
	int holder = holder_of(m, m->key[i]);

	assert_int_equal(wr_key_waits_hold(&waits, &m->items[i]), WR_OK);
	if (m->key[i] == KEYS || m->place[i] == HOLDS)
		return;
	if (holder < 0 || comes_before(m, i, holder)) {
		m->place[i] = HOLDS;
		if (holder >= 0)
			m->place[holder] = WAITS;
	} else {
		m->place[i] = WAITS;
	}
}

static void join(struct model *m, int i)
{
	int holder = holder_of(m, m->key[i]);
	bool waits_now = holder >= 0 && comes_before(m, holder, i);

	assert_true(wr_key_waits_join(&waits, &m->items[i]) == waits_now);
	if (waits_now)
		m->place[i] = WAITS;
}

static void end(struct model *m, int i, struct wr_item_list *released)
{
	wr_key_waits_release(&waits, &m->items[i], released);
	m->place[i] = GONE;
}

/* Those that are released run at once: some are held again, and the others of their turn wait behind them. */
static void finish(struct model *m, struct wr_rng *rng, int i)
{
	struct wr_item_list released = {NULL, NULL};
	struct wr_item *item;
	uint64_t before = 0;
	int key = m->key[i];

	end(m, i, &released);
	while ((item = wr_item_list_pop(&released)) != NULL) {
		int j = (int)(item - m->items), holder = holder_of(m, key);

		assert_true(m->place[j] == WAITS && m->key[j] == key && !item->waiting);
		assert_true(item->sequence > before);
		before = item->sequence;
		m->place[j] = FREE;
		if (holder >= 0 && comes_before(m, holder, j))
			join(m, j);
		else if (wr_rng_upto(rng, 3) == 0)
			hold(m, j);
		else
			end(m, j, &released);
	}
	for (int j = 0; j < ITEMS && key < KEYS && holder_of(m, key) < 0; j++)
		assert_false(m->place[j] == WAITS && m->key[j] == key);
}

static void compare(const struct model *m)
{
	bool nobody_holds = true;

	for (int i = 0; i < ITEMS; i++) {
		nobody_holds = nobody_holds && m->place[i] != HOLDS;
		if (m->place[i] != GONE)
			assert_true(m->items[i].waiting == (m->place[i] == WAITS));
	}
	assert_true(wr_key_waits_empty(&waits) == nobody_holds);
}

static void step(struct model *m, struct wr_rng *rng, uint64_t *sequence)
{
	int i = (int)wr_rng_upto(rng, ITEMS - 1);

	switch (wr_rng_upto(rng, 40)) {
	case 0:
		if (m->count > 0)
			drop_newest_batch(m);
		return;
	case 1:
	case 2:
		if (m->count < BATCHES)
			add_batch(m, rng, sequence);
		return;
	default:
		break;
	}
	if (m->place[i] == GONE || m->place[i] == WAITS)
		return;
	if (m->place[i] == FREE && wr_rng_upto(rng, 2) == 0)
		join(m, i);
	else if (wr_rng_upto(rng, 1) == 0)
		hold(m, i);
	else
		finish(m, rng, i);
}

static void a_random_history_agrees_with_the_model(void **state)
{
	static struct model m;
	uint64_t sequence = 0;
	struct wr_rng rng;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		wr_rng_init(&rng, seed);
		memset(&m, 0, sizeof(m));
		for (int i = 0; i < 2000; i++) {
			step(&m, &rng, &sequence);
			if (m.count > 0)
				drop_oldest_batch_if_done(&m);
			compare(&m);
		}
		while (m.count > 0)
			drop_newest_batch(&m);
		assert_true(wr_key_waits_empty(&waits));
	}
}

static void fini_frees_what_is_held(void **state)
{
	struct wr_item a1 = item_of(1, "a"), a2 = item_of(2, "a"), b1 = item_of(3, "b");

	(void)state;
	wr_key_waits_hold(&waits, &a1);
	wr_key_waits_join(&waits, &a2);
	wr_key_waits_hold(&waits, &b1);
	wr_key_waits_fini(&waits);
	wr_key_waits_fini(&waits);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_pop_in_the_order_of_pushing),
	    cmocka_unit_test(insertion_keeps_the_order_of_sequence),
	    RULE(later_events_of_a_held_key_wait_and_others_do_not),
	    RULE(an_earlier_event_is_not_held_up_and_takes_the_lead_when_it_holds),
	    RULE(a_later_event_that_wants_to_hold_too_waits_and_is_not_forgotten),
	    RULE(holding_again_changes_nothing),
	    RULE(keyless_events_neither_hold_nor_wait),
	    RULE(an_empty_key_is_a_key),
	    RULE(without_memory_nobody_waits),
	    RULE(init_can_lack_memory),
	    RULE(retries_of_many_of_a_key_send_few_back_into_the_line),
	    RULE(those_that_pass_go_on_in_turns_and_in_order),
	    RULE(a_list_is_sorted_by_sequence),
	    RULE(a_random_history_agrees_with_the_model),
	    RULE(fini_frees_what_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
