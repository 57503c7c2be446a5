/* A handler that lets everything pass, in a file whose constructor makes a thread. */
#define _GNU_SOURCE
#include <weir/plugin.h>

#include <pthread.h>
#include <unistd.h>

static void *sleep_on(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
		return;
	pthread_setname_np(thread, "of-a-plugin");
	pthread_detach(thread);
}

struct threaded {
	int nothing;
};

static void *threaded_create(const struct weir_host *host, const char *config_json,
			     struct weir_error *err)
{
	static struct threaded self;

	(void)host;
	(void)config_json;
	(void)err;
	return &self;
}

static enum weir_verdict pass(struct threaded *self, struct weir_call *call,
			      const struct weir_event *ev, struct weir_result *res)
{
	(void)self;
	(void)call;
	(void)ev;
	(void)res;
	return WEIR_OK;
}
WEIR_EACH(threaded_process, struct threaded, pass)

static void threaded_destroy(void *self)
{
	(void)self;
}

WEIR_PLUGIN(.id = "threaded", .version = "1.0.0", .create = threaded_create,
	    .process = threaded_process, .destroy = threaded_destroy);
