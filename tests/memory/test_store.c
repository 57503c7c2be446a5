#include "config.h"

#include "memory/store.h"

#include "base/clock.h"
#include "tests/claim_store/claiming.h"
#include "tests/unit.h"

#include <stdlib.h>

/* The store's rules that all stores share are tested in tests/claim_store; here is what happens without memory. */

/* While set, the store's and its claims' allocations fail (the program is linked with --wrap). */
static bool no_memory;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

static struct wr_claim_store *open_store(void)
{
	struct wr_memory_claims *claims;
	struct wr_claim_store *store;
	struct wr_err err;

	assert_int_equal(wr_memory_claims_create(1000, 100, &claims), WR_OK);
	assert_int_equal(wr_memory_store_create(claims, &store, &err), WR_OK);
	wr_memory_claims_unref(claims);
	return store;
}

static void poll_at_ms(struct wr_claim_store *store, int64_t ms, bool with_memory)
{
	no_memory = !with_memory;
	store->ops->poll(store, ms * WR_NS_PER_MS);
	no_memory = false;
}

static void without_memory_sets_wait_and_the_store_is_down(void **state)
{
	struct wr_claim_store *store = open_store();
	struct claiming *first = claiming_one("a", "C|1"), *second = claiming_one("a", "C|2");
	const char *reason;
	int64_t deadline;
	short events;

	(void)state;
	store->ops->submit(store, &first->set);
	store->ops->submit(store, &second->set);
	poll_at_ms(store, 1, false);
	assert_false(first->set.done || second->set.done);
	assert_int_equal(store->ops->state(store, &reason), WR_CLAIM_STORE_DOWN);
	assert_non_null(strstr(reason, "no memory"));
	assert_int_equal(store->ops->wait_on(store, &events, &deadline), -1);
	assert_true(deadline == 101 * WR_NS_PER_MS);
	poll_at_ms(store, 101, true);
	assert_true(first->set.done && second->set.done);
	assert_true(claiming_found_nothing(first, 0));
	assert_true(claiming_found(second, 0, "C|1"));
	assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	claiming_free(first);
	claiming_free(second);
	store->ops->destroy(store);
}

/* What was found needs memory too; the claim before it must not be made twice. */
static void a_set_goes_on_where_memory_ended(void **state)
{
	struct wr_claim_store *store = open_store();
	struct claiming *c = claiming_new(2), *before = claiming_one("a", "C|0");

	(void)state;
	store->ops->submit(store, &before->set);
	poll_at_ms(store, 1, true);
	claiming_put(c, 0, wr_bytes_of("b"), "C|1");
	claiming_put(c, 1, wr_bytes_of("a"), "C|2");
	store->ops->submit(store, &c->set);
	poll_at_ms(store, 1, false);
	assert_false(c->set.done);
	poll_at_ms(store, 101, true);
	assert_true(c->set.done);
	assert_true(claiming_found_nothing(c, 0));
	assert_true(claiming_found(c, 1, "C|0"));
	claiming_free(c);
	claiming_free(before);
	store->ops->destroy(store);
}

static void creation_says_that_there_is_no_memory(void **state)
{
	struct wr_memory_claims *claims = (void *)&no_memory;
	struct wr_claim_store *store = (void *)&no_memory;
	struct wr_err err;
	enum wr_code rc;

	(void)state;
	no_memory = true;
	rc = wr_memory_claims_create(1000, 100, &claims);
	no_memory = false;
	assert_int_equal(rc, WR_ENOMEM);
	assert_null(claims);
	no_memory = true;
	rc = wr_none_store_create(&store, &err);
	no_memory = false;
	assert_int_equal(rc, WR_ENOMEM);
	assert_null(store);
	assert_non_null(strstr(err.text, "no memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_memory_sets_wait_and_the_store_is_down),
	    cmocka_unit_test(a_set_goes_on_where_memory_ended),
	    cmocka_unit_test(creation_says_that_there_is_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
