#include "config.h"

#include "redis/resolve.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RESOLVE_MAGIC UINT32_C(0x57525273)
#define STACK_BYTES ((size_t)1024 * 1024)

struct wr_redis_resolve {
	uint32_t magic;
	_Atomic int users; /* the lane and the thread; the last one frees */
	int done_fd;
	char *host;
	_Atomic bool answered;
	int status;                          /* [answered] of getaddrinfo */
	struct wr_redis_addresses addresses; /* [answered] */
};

bool wr_redis_is_address(const char *host)
{
	unsigned char scratch[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, scratch) == 1 || inet_pton(AF_INET6, host, scratch) == 1;
}

static void unref(struct wr_redis_resolve *resolve)
{
	if (atomic_fetch_sub(&resolve->users, 1) > 1)
		return;
	if (resolve->done_fd >= 0)
		close(resolve->done_fd);
	free(resolve->host);
	resolve->magic = 0;
	free(resolve);
}

static void collect(struct wr_redis_resolve *resolve, const struct addrinfo *list)
{
	struct wr_redis_addresses *addresses = &resolve->addresses;
	const struct addrinfo *info;

	for (info = list; info != NULL && addresses->count < WR_REDIS_ADDRESSES;
	     info = info->ai_next) {
		if (getnameinfo(info->ai_addr, info->ai_addrlen, addresses->items[addresses->count],
				WR_REDIS_ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) == 0)
			addresses->count++;
	}
	if (addresses->count == 0)
		resolve->status = EAI_NONAME;
}

static void *ask(void *arg)
{
	struct wr_redis_resolve *resolve = arg;
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	const uint64_t one = 1;

	resolve->status = getaddrinfo(resolve->host, NULL, &hints, &list);
	if (resolve->status == 0)
		collect(resolve, list);
	if (list != NULL)
		freeaddrinfo(list);
	atomic_store(&resolve->answered, true);
	/* An eventfd takes its first write always. */
	(void)!write(resolve->done_fd, &one, sizeof(one));
	unref(resolve);
	return NULL;
}

/* Detached, with a small stack, and deaf to signals: those are the main thread's. */
static int start_thread(struct wr_redis_resolve *resolve)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int failed;

	failed = pthread_attr_init(&attr);
	if (failed != 0)
		return failed;
	sigfillset(&all);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, &attr, ask, resolve);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return failed;
}

enum wr_code wr_redis_resolve_start(const char *host, struct wr_redis_resolve **resolve_r,
				    struct wr_err *err)
{
	struct wr_redis_resolve *resolve = calloc(1, sizeof(*resolve));
	int failed;

	*resolve_r = NULL;
	if (resolve == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to resolve a host name");
	resolve->magic = RESOLVE_MAGIC;
	atomic_init(&resolve->users, 1);
	resolve->host = strdup(host);
	resolve->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (resolve->host == NULL || resolve->done_fd < 0) {
		failed = errno;
		goto fail;
	}
	atomic_store(&resolve->users, 2);
	failed = start_thread(resolve);
	if (failed == 0) {
		*resolve_r = resolve;
		return WR_OK;
	}
	atomic_store(&resolve->users, 1);
fail:
	unref(resolve);
	return wr_err_set(err, WR_EIO, "can't start to resolve a host name: %s", strerror(failed));
}

int wr_redis_resolve_fd(const struct wr_redis_resolve *resolve)
{
	WR_CHECK(resolve, RESOLVE_MAGIC);
	return resolve->done_fd;
}

enum wr_code wr_redis_resolve_take(struct wr_redis_resolve *resolve,
				   struct wr_redis_addresses *addresses_r, struct wr_err *err)
{
	WR_CHECK(resolve, RESOLVE_MAGIC);
	addresses_r->count = 0;
	if (!atomic_load(&resolve->answered))
		return WR_EFULL;
	if (resolve->status != 0)
		return wr_err_set(err, WR_ENOTFOUND, "can't resolve %s: %s", resolve->host,
				  gai_strerror(resolve->status));
	*addresses_r = resolve->addresses;
	return WR_OK;
}

void wr_redis_resolve_destroy(struct wr_redis_resolve *resolve)
{
	if (resolve == NULL)
		return;
	WR_CHECK(resolve, RESOLVE_MAGIC);
	unref(resolve);
}
