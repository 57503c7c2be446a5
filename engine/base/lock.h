/*
 * A mutex that knows its owner, so that *_locked() functions can assert it. The order in which locks are taken
 * stands in docs/threads.md.
 */
#ifndef WR_BASE_LOCK_H
#define WR_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wr_lock {
	uint32_t magic;
	pthread_mutex_t mutex;
	_Atomic(pthread_t) owner; /* valid while held */
	_Atomic bool held;
};

void wr_lock_init(struct wr_lock *lock);
void wr_lock_fini(struct wr_lock *lock); /* not held */
void wr_lock_take(struct wr_lock *lock); /* not held by this thread */
void wr_lock_release(struct wr_lock *lock);

/* Waits for `cond` with the lock given up meanwhile, like pthread_cond_wait(): may wake for nothing. Held by this
 * thread, before and after. */
void wr_lock_wait(struct wr_lock *lock, pthread_cond_t *cond);

/* A condition for wr_lock_wait_until(): the wall clock may be stepped, it does not mind. */
void wr_lock_init_condition(pthread_cond_t *cond);

/* The same as wr_lock_wait(), but not beyond a time of the monotonic clock: true when that has passed. */
bool wr_lock_wait_until(struct wr_lock *lock, pthread_cond_t *cond, int64_t deadline_mono_ns);

/* Aborts unless this thread holds it. */
void wr_lock_assert_held(struct wr_lock *lock);

#endif
