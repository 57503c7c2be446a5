#include "config.h"

#include "http/workers.h"

#include "base/check.h"
#include "http/call.h"

void wr_http_workers_init(struct wr_http_workers *workers, struct wr_http_waits *waits)
{
	int failed;

	*workers = (struct wr_http_workers){.waits = waits};
	wr_lock_init(&workers->lock);
	failed = pthread_cond_init(&workers->wake, NULL);
	WR_ASSERT(failed == 0);
}

static struct wr_http_request *pop_locked(struct wr_http_workers *workers)
{
	struct wr_http_request *req = workers->first;

	wr_lock_assert_held(&workers->lock);
	if (req == NULL)
		return NULL;
	workers->first = req->next_finished;
	if (workers->first == NULL)
		workers->last = NULL;
	req->next_finished = NULL;
	return req;
}

/* The next request, or NULL when the worker is to go. */
static struct wr_http_request *take(struct wr_http_workers *workers)
{
	struct wr_http_request *req = NULL;

	wr_lock_take(&workers->lock);
	while (!workers->is_stopping && (req = pop_locked(workers)) == NULL)
		wr_lock_wait(&workers->lock, &workers->wake);
	wr_lock_release(&workers->lock);
	return req;
}

static void *work(void *arg)
{
	struct wr_http_workers *workers = arg;
	struct wr_http_request *req;

	while ((req = take(workers)) != NULL) {
		wr_http_call_run(req->call);
		wr_http_waits_finish(workers->waits, req);
	}
	return NULL;
}

enum wr_code wr_http_workers_start(struct wr_http_workers *workers, struct wr_err *err)
{
	for (; workers->count < WR_HTTP_WORKERS; workers->count++) {
		if (pthread_create(&workers->threads[workers->count], NULL, work, workers) != 0)
			return wr_err_set(err, WR_ENOMEM, "no thread for the admin API");
	}
	return WR_OK;
}

void wr_http_workers_add(struct wr_http_workers *workers, struct wr_http_request *req)
{
	req->next_finished = NULL;
	wr_lock_take(&workers->lock);
	if (workers->last != NULL)
		workers->last->next_finished = req;
	else
		workers->first = req;
	workers->last = req;
	pthread_cond_signal(&workers->wake);
	wr_lock_release(&workers->lock);
}

void wr_http_workers_stop(struct wr_http_workers *workers)
{
	struct wr_http_request *req, *left;

	wr_lock_take(&workers->lock);
	workers->is_stopping = true;
	left = workers->first;
	workers->first = workers->last = NULL;
	pthread_cond_broadcast(&workers->wake);
	wr_lock_release(&workers->lock);
	while (workers->count > 0)
		pthread_join(workers->threads[--workers->count], NULL);
	/* They were answered when the waits ended. */
	while ((req = left) != NULL) {
		left = req->next_finished;
		req->next_finished = NULL;
		wr_http_waits_finish(workers->waits, req);
	}
}

void wr_http_workers_fini(struct wr_http_workers *workers)
{
	WR_ASSERT(workers->count == 0 && workers->first == NULL);
	pthread_cond_destroy(&workers->wake);
	wr_lock_fini(&workers->lock);
}
