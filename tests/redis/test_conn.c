#include "config.h"

#include "redis/conn.h"

#include "redis/store.h"
#include "tests/claim_store/claiming.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

/* A label over 63 bytes: no resolver asks the network about it. */
#define NO_HOST                                                            \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxx.invalid"
#define PATIENCE_NS (INT64_C(20) * WR_NS_PER_S)

/* The resolver of the C library, held back when the test says so. */
static atomic_bool resolver_is_slow;
static sem_t resolver_may_answer;

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **list_r);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **list_r);

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **list_r)
{
	if (atomic_load(&resolver_is_slow))
		sem_wait(&resolver_may_answer);
	return __real_getaddrinfo(node, service, hints, list_r);
}

/* A listening socket on a free port of 127.0.0.1. */
static int listen_somewhere(int backlog, int *port_r)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*port_r = ntohs(at.sin_port);
	return fd;
}

static int connect_to(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)!connect(fd, (struct sockaddr *)&at, sizeof(at));
	return fd;
}

static struct wr_claim_store *open_store(const char *host, int port, const struct wr_clock *clock)
{
	const struct wr_conf_redis conf = {
	    .host = (char *)(uintptr_t)host,
	    .display = (char *)(uintptr_t) "redis://test",
	    .port = port,
	    .connect_timeout_ms = 1000,
	    .command_timeout_ms = 1000,
	};
	struct wr_claim_store *store;
	struct wr_err err;

	assert_int_equal(wr_redis_store_create(&conf, "p", 1000, clock, &store, &err), WR_OK);
	return store;
}

/* Gives the store its turns until it has failed (and why) or `listener` has a connection. */
static const char *reason_after_turns(struct wr_claim_store *store, int listener, int *fd_r)
{
	int64_t give_up = claiming_real_now() + PATIENCE_NS;
	const char *reason = NULL;

	*fd_r = -1;
	while (reason == NULL && *fd_r < 0 && claiming_real_now() < give_up) {
		claiming_turn(store, claiming_real_now);
		store->ops->state(store, &reason);
		if (listener >= 0)
			*fd_r = accept(listener, NULL, NULL);
	}
	return reason;
}

static void assert_connects(const char *host)
{
	int port, fd, listener = listen_somewhere(8, &port);
	struct wr_claim_store *store = open_store(host, port, &wr_clock_real);

	assert_null(reason_after_turns(store, listener, &fd));
	assert_true(fd >= 0);
	close(fd);
	store->ops->destroy(store);
	close(listener);
}

static void an_address_is_connected_to(void **state)
{
	(void)state;
	assert_connects("127.0.0.1");
}

/* localhost often is ::1 first, where nobody listens here. */
static void a_name_is_resolved_and_each_address_tried(void **state)
{
	(void)state;
	assert_connects("localhost");
}

static void a_name_that_is_none_is_the_reason(void **state)
{
	struct wr_claim_store *store = open_store(NO_HOST, 1, &wr_clock_real);
	const char *reason;
	int fd;

	(void)state;
	reason = reason_after_turns(store, -1, &fd);
	assert_non_null(reason);
	assert_non_null(strstr(reason, "can't resolve"));
	store->ops->destroy(store);
}

static void destroy_does_not_wait_for_the_resolver(void **state)
{
	struct wr_claim_store *store = open_store("localhost", 1, &wr_clock_real);

	(void)state;
	store->ops->poll(store, claiming_real_now());
	store->ops->destroy(store);
}

static void a_slow_resolver_is_given_up(void **state)
{
	struct wr_clock_fake clock;
	struct wr_claim_store *store;
	const char *reason;
	int64_t deadline;
	short events;

	(void)state;
	sem_init(&resolver_may_answer, 0, 0);
	atomic_store(&resolver_is_slow, true);
	wr_clock_fake_init(&clock, 0);
	store = open_store("localhost", 1, &clock.clock);
	store->ops->poll(store, clock.mono_ns);
	assert_true(store->ops->wait_on(store, &events, &deadline) >= 0);
	assert_int_equal(events, POLLIN);
	assert_true(deadline == clock.mono_ns + 1000 * WR_NS_PER_MS);
	wr_clock_fake_advance_ms(&clock, 999);
	store->ops->poll(store, clock.mono_ns);
	assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	wr_clock_fake_advance_ms(&clock, 1);
	store->ops->poll(store, clock.mono_ns);
	assert_int_equal(store->ops->state(store, &reason), WR_CLAIM_STORE_DOWN);
	assert_non_null(strstr(reason, "localhost"));
	store->ops->destroy(store);
	atomic_store(&resolver_is_slow, false);
	sem_post(&resolver_may_answer);
}

static void a_closed_port_is_the_reason(void **state)
{
	int port, fd, listener = listen_somewhere(1, &port);
	struct wr_claim_store *store = open_store("127.0.0.1", port, &wr_clock_real);
	const char *reason;

	(void)state;
	close(listener);
	reason = reason_after_turns(store, -1, &fd);
	assert_non_null(reason);
	assert_non_null(strstr(reason, "can't connect to Redis: Connection refused"));
	store->ops->destroy(store);
}

/* A listener whose queue is full answers no further connection. */
static void a_connection_that_hangs_is_given_up(void **state)
{
	struct wr_clock_fake clock;
	int port, listener = listen_somewhere(0, &port), fillers[8];
	struct wr_claim_store *store;
	const char *reason;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(fillers); i++)
		fillers[i] = connect_to(port);
	wr_clock_fake_init(&clock, 0);
	store = open_store("127.0.0.1", port, &clock.clock);
	store->ops->poll(store, clock.mono_ns);
	wr_clock_fake_advance_ms(&clock, 999);
	store->ops->poll(store, clock.mono_ns);
	assert_int_equal(store->ops->state(store, NULL), WR_CLAIM_STORE_UP);
	wr_clock_fake_advance_ms(&clock, 1);
	store->ops->poll(store, clock.mono_ns);
	assert_int_equal(store->ops->state(store, &reason), WR_CLAIM_STORE_DOWN);
	assert_non_null(strstr(reason, "redis.connect_timeout"));
	store->ops->destroy(store);
	for (i = 0; i < UNIT_COUNT_OF(fillers); i++)
		close(fillers[i]);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_is_connected_to),
	    cmocka_unit_test(a_name_is_resolved_and_each_address_tried),
	    cmocka_unit_test(a_name_that_is_none_is_the_reason),
	    cmocka_unit_test(destroy_does_not_wait_for_the_resolver),
	    cmocka_unit_test(a_slow_resolver_is_given_up),
	    cmocka_unit_test(a_closed_port_is_the_reason),
	    cmocka_unit_test(a_connection_that_hangs_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
