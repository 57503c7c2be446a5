/*
 * A few threads for calls that take their time, so that the listener's only thread never waits for one. A request is
 * suspended before it comes here and resumed when its handler returned. Calls start in the order in which they came.
 */
#ifndef WR_HTTP_WORKERS_H
#define WR_HTTP_WORKERS_H

#include "base/err.h"
#include "base/lock.h"

#include <stdbool.h>
#include <stddef.h>

/* A reload that waits for its old generation, and others beside it. */
#define WR_HTTP_WORKERS 4u

struct wr_http_request;
struct wr_http_waits;

struct wr_http_workers {
	struct wr_lock lock;
	pthread_cond_t wake;
	struct wr_http_request *first, *last; /* [lock] by next_finished */
	bool is_stopping;                     /* [lock] */
	struct wr_http_waits *waits;
	pthread_t threads[WR_HTTP_WORKERS]; /* [main] */
	size_t count;                       /* [main] */
};

void wr_http_workers_init(struct wr_http_workers *workers, struct wr_http_waits *waits);

/* WR_OK or WR_ENOMEM; then stop() is due all the same. [main] */
enum wr_code wr_http_workers_start(struct wr_http_workers *workers, struct wr_err *err);

/* Takes one reference of a request that is suspended. [listener] */
void wr_http_workers_add(struct wr_http_workers *workers, struct wr_http_request *req);

/* Waits for the handlers that run; what has not begun is not. Nobody may add any more. [main] */
void wr_http_workers_stop(struct wr_http_workers *workers);

void wr_http_workers_fini(struct wr_http_workers *workers); /* stopped, or never started */

#endif
