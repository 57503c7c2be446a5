/*
 * Preloaded into an engine, steps its wall clock: by as many seconds as the 64-bit number in the file CLOCK_STEP_FILE
 * says now. Monotonic time stays. Waits until a wall time (cnd_timedwait) end as the kernel would end them: when the
 * stepped clock has come there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 10000000
#define NS_PER_S 1000000000

static const volatile int64_t none;
static const volatile int64_t *step_s = &none;
static int (*real_timedwait)(cnd_t *, mtx_t *, const struct timespec *);

/* Before any thread is there. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CLOCK_STEP_FILE");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (map == MAP_FAILED)
		abort();
	step_s = map;
	close(fd);
	*(void **)&real_timedwait = dlsym(RTLD_NEXT, "cnd_timedwait");
}

static int unstepped(clockid_t id, struct timespec *t)
{
	return (int)syscall(SYS_clock_gettime, id, t);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = unstepped(id, t);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += *step_s;
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*tv = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *at)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (at != NULL)
		*at = t.tv_sec;
	return t.tv_sec;
}

int timespec_get(struct timespec *t, int base)
{
	clock_gettime(CLOCK_REALTIME, t);
	return base;
}

static int is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict until)
{
	struct timespec now, slice;
	int rc;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &now);
		if (!is_before(&now, until))
			return thrd_timedout;
		unstepped(CLOCK_REALTIME, &slice);
		slice.tv_nsec += SLICE_NS;
		slice.tv_sec += slice.tv_nsec / NS_PER_S;
		slice.tv_nsec %= NS_PER_S;
		rc = real_timedwait(cond, mutex, &slice);
		if (rc != thrd_timedout)
			return rc;
	}
}
