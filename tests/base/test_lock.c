#include "config.h"

#include "base/lock.h"
#include "tests/unit.h"

struct shared {
	struct wr_lock lock;
	pthread_cond_t cond;
	unsigned count; /* [lock] */
	bool ready;     /* [lock] */
};

static void *count_up(void *arg)
{
	struct shared *shared = arg;
	int i;

	for (i = 0; i < 20000; i++) {
		wr_lock_take(&shared->lock);
		wr_lock_assert_held(&shared->lock);
		shared->count++;
		wr_lock_release(&shared->lock);
	}
	return NULL;
}

static void one_thread_at_a_time_is_inside(void **state)
{
	struct shared shared = {.count = 0};
	pthread_t threads[4];
	int i;

	(void)state;
	wr_lock_init(&shared.lock);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, &shared), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared.count, 80000);
	wr_lock_fini(&shared.lock);
}

static void *make_ready(void *arg)
{
	struct shared *shared = arg;

	wr_lock_take(&shared->lock);
	shared->ready = true;
	pthread_cond_signal(&shared->cond);
	wr_lock_release(&shared->lock);
	return NULL;
}

static void waiting_gives_the_lock_up_and_holds_it_again(void **state)
{
	struct shared shared = {.cond = PTHREAD_COND_INITIALIZER};
	pthread_t thread;

	(void)state;
	wr_lock_init(&shared.lock);
	wr_lock_take(&shared.lock);
	assert_int_equal(pthread_create(&thread, NULL, make_ready, &shared), 0);
	while (!shared.ready)
		wr_lock_wait(&shared.lock, &shared.cond);
	wr_lock_assert_held(&shared.lock);
	wr_lock_release(&shared.lock);
	assert_int_equal(pthread_join(thread, NULL), 0);
	wr_lock_fini(&shared.lock);
}

static void waiting_until_a_time_that_has_passed_says_so(void **state)
{
	struct shared shared;

	(void)state;
	wr_lock_init(&shared.lock);
	wr_lock_init_condition(&shared.cond);
	wr_lock_take(&shared.lock);
	assert_true(wr_lock_wait_until(&shared.lock, &shared.cond, 1));
	wr_lock_assert_held(&shared.lock);
	wr_lock_release(&shared.lock);
	wr_lock_fini(&shared.lock);
}

static void take_twice(void *lock)
{
	wr_lock_take(lock);
	wr_lock_take(lock);
}

static void release_it(void *lock)
{
	wr_lock_release(lock);
}

static void assert_held(void *lock)
{
	wr_lock_assert_held(lock);
}

static void finish_held(void *lock)
{
	wr_lock_take(lock);
	wr_lock_fini(lock);
}

static void misuse_is_a_bug(void **state)
{
	struct wr_lock lock;

	(void)state;
	wr_lock_init(&lock);
	assert_true(aborts(take_twice, &lock));
	assert_true(aborts(release_it, &lock));
	assert_true(aborts(assert_held, &lock));
	assert_true(aborts(finish_held, &lock));
	wr_lock_fini(&lock);
	assert_true(aborts(release_it, &lock));
}

static void *assert_held_here(void *lock)
{
	return aborts(assert_held, lock) ? lock : NULL;
}

static void held_by_another_thread_is_not_held(void **state)
{
	struct wr_lock lock;
	pthread_t thread;
	void *result;

	(void)state;
	wr_lock_init(&lock);
	wr_lock_take(&lock);
	assert_int_equal(pthread_create(&thread, NULL, assert_held_here, &lock), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &lock);
	wr_lock_release(&lock);
	wr_lock_fini(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_thread_at_a_time_is_inside),
	    cmocka_unit_test(waiting_gives_the_lock_up_and_holds_it_again),
	    cmocka_unit_test(waiting_until_a_time_that_has_passed_says_so),
	    cmocka_unit_test(misuse_is_a_bug),
	    cmocka_unit_test(held_by_another_thread_is_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
