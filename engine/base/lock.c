#include "config.h"

#include "base/lock.h"
#include "base/check.h"
#include "base/clock.h"

#include <errno.h>
#include <time.h>

#define LOCK_MAGIC UINT32_C(0x4C4F434B)

void wr_lock_init(struct wr_lock *lock)
{
	int failed = pthread_mutex_init(&lock->mutex, NULL);

	WR_ASSERT(failed == 0);
	atomic_init(&lock->owner, (pthread_t)0);
	atomic_init(&lock->held, false);
	lock->magic = LOCK_MAGIC;
}

void wr_lock_fini(struct wr_lock *lock)
{
	int failed;

	WR_CHECK(lock, LOCK_MAGIC);
	WR_ASSERT(!atomic_load(&lock->held));
	lock->magic = 0;
	failed = pthread_mutex_destroy(&lock->mutex);
	WR_ASSERT(failed == 0);
}

static bool is_mine(struct wr_lock *lock)
{
	return atomic_load_explicit(&lock->held, memory_order_relaxed) &&
	       pthread_equal(atomic_load_explicit(&lock->owner, memory_order_relaxed),
			     pthread_self());
}

static void set_mine(struct wr_lock *lock)
{
	atomic_store_explicit(&lock->owner, pthread_self(), memory_order_relaxed);
	atomic_store_explicit(&lock->held, true, memory_order_relaxed);
}

void wr_lock_take(struct wr_lock *lock)
{
	int failed;

	WR_CHECK(lock, LOCK_MAGIC);
	WR_ASSERT(!is_mine(lock));
	failed = pthread_mutex_lock(&lock->mutex);
	WR_ASSERT(failed == 0);
	set_mine(lock);
}

void wr_lock_release(struct wr_lock *lock)
{
	int failed;

	wr_lock_assert_held(lock);
	atomic_store_explicit(&lock->held, false, memory_order_relaxed);
	failed = pthread_mutex_unlock(&lock->mutex);
	WR_ASSERT(failed == 0);
}

void wr_lock_wait(struct wr_lock *lock, pthread_cond_t *cond)
{
	int failed;

	wr_lock_assert_held(lock);
	atomic_store_explicit(&lock->held, false, memory_order_relaxed);
	failed = pthread_cond_wait(cond, &lock->mutex);
	WR_ASSERT(failed == 0);
	set_mine(lock);
}

void wr_lock_init_condition(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	int failed = pthread_condattr_init(&attributes);

	failed = failed != 0 ? failed : pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	failed = failed != 0 ? failed : pthread_cond_init(cond, &attributes);
	WR_ASSERT(failed == 0);
	pthread_condattr_destroy(&attributes);
}

bool wr_lock_wait_until(struct wr_lock *lock, pthread_cond_t *cond, int64_t deadline_mono_ns)
{
	const struct timespec until = {deadline_mono_ns / WR_NS_PER_S,
				       (long)(deadline_mono_ns % WR_NS_PER_S)};
	int failed;

	wr_lock_assert_held(lock);
	atomic_store_explicit(&lock->held, false, memory_order_relaxed);
	failed = pthread_cond_timedwait(cond, &lock->mutex, &until);
	WR_ASSERT(failed == 0 || failed == ETIMEDOUT);
	set_mine(lock);
	return failed == ETIMEDOUT;
}

void wr_lock_assert_held(struct wr_lock *lock)
{
	WR_CHECK(lock, LOCK_MAGIC);
	WR_ASSERT(is_mine(lock));
}
