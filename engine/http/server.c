#include "config.h"

#include "http/internal.h"

#include "base/check.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEFAULT_SWEEP_MS 100
#define ADMIN_MAX_CONNECTIONS 64u
#define ADMIN_MAX_WAITS 48u /* some connections stay free for health checks */

/* Of the time that a stop has, what answers may take that were only resumed; and what they get whatever it has. */
#define LAST_ANSWERS_MS 1000
#define LAST_ANSWERS_LEAST_MS 250

static void collect(void *arg)
{
	struct wr_http *http = arg;
	size_t side;

	for (side = 0; side < WR_HTTP_SIDES; side++)
		wr_metric_set(http->metrics.connections[side],
			      (double)wr_http_conns_count(&http->conns, (enum wr_http_side)side));
	wr_metric_set(http->metrics.in_flight,
		      (double)wr_http_waits_count(&http->listeners[WR_HTTP_INGEST].waits));
	wr_metric_set(http->metrics.in_flight_bytes, (double)atomic_load(&http->waiting_bytes));
}

/* Some connections stay free for health checks when all others wait for Kafka. */
static size_t max_ingest_waits(const struct wr_http *http)
{
	size_t connections = http->listeners[WR_HTTP_INGEST].max_connections;

	return connections > 16 ? connections - connections / 16 : connections;
}

static void set_up_listeners(struct wr_http *http)
{
	const struct wr_conf_ingest *ingest = http->deps.ingest;
	struct wr_http_listener *listener;

	if (ingest != NULL && ingest->listener.configured) {
		listener = &http->listeners[WR_HTTP_INGEST];
		listener->conf = &ingest->listener;
		listener->ingest = ingest;
		listener->max_connections = (unsigned)ingest->max_connections;
	}
	if (http->deps.admin != NULL && http->deps.admin->configured) {
		listener = &http->listeners[WR_HTTP_ADMIN];
		listener->conf = http->deps.admin;
		listener->max_connections = ADMIN_MAX_CONNECTIONS;
	}
	http->listeners[WR_HTTP_INGEST].http = http;
	http->listeners[WR_HTTP_INGEST].side = WR_HTTP_INGEST;
	http->listeners[WR_HTTP_ADMIN].http = http;
	http->listeners[WR_HTTP_ADMIN].side = WR_HTTP_ADMIN;
	wr_http_waits_init(&http->listeners[WR_HTTP_INGEST].waits, max_ingest_waits(http));
	wr_http_waits_init(&http->listeners[WR_HTTP_ADMIN].waits, ADMIN_MAX_WAITS);
	wr_http_workers_init(&http->workers, &http->listeners[WR_HTTP_ADMIN].waits);
}

static struct MHD_Response *make_shared(const char *text, const char *mime)
{
	struct MHD_Response *response;
	union {
		const char *constant;
		void *memory;
	} borrowed = {.constant = text}; /* libmicrohttpd only reads it */

	response =
	    MHD_create_response_from_buffer(strlen(text), borrowed.memory, MHD_RESPMEM_PERSISTENT);
	if (response != NULL &&
	    (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, mime) != MHD_YES ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") !=
		 MHD_YES)) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static enum wr_code make_shared_responses(struct wr_http *http)
{
	http->accepted_one = make_shared("{\"accepted\":1}", "application/json");
	http->no_memory = make_shared("{\"type\":\"" WR_HTTP_PROBLEM_TYPE "internal\","
				      "\"title\":\"The server failed\",\"status\":500,"
				      "\"detail\":\"out of memory\"}",
				      WR_HTTP_PROBLEM_MIME);
	return http->accepted_one != NULL && http->no_memory != NULL ? WR_OK : WR_ENOMEM;
}

static enum wr_code check_admin(const struct wr_conf_listener *admin, struct wr_err *err)
{
	if (admin == NULL || !admin->configured || admin->token != NULL ||
	    wr_http_host_is_loopback(admin->host))
		return WR_OK;
	return wr_err_set(
	    err, WR_EINVAL,
	    "http.admin listens on %s, where others can reach it, and has no token: set "
	    "http.admin.token or listen on 127.0.0.1",
	    admin->host);
}

enum wr_code wr_http_create(const struct wr_http_deps *deps, struct wr_http **http_r,
			    struct wr_err *err)
{
	struct wr_http *http;
	enum wr_code rc;

	*http_r = NULL;
	rc = check_admin(deps->admin, err);
	if (rc != WR_OK)
		return rc;
	http = calloc(1, sizeof(*http));
	if (http == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the HTTP server");
	http->magic = HTTP_MAGIC;
	http->deps = *deps;
	if (http->deps.sweep_interval_ms <= 0)
		http->deps.sweep_interval_ms = DEFAULT_SWEEP_MS;
	set_up_listeners(http);
	wr_http_conns_init(&http->conns);
	wr_http_metrics_init(&http->metrics, deps->metrics);
	rc = wr_linger_init(&http->linger);
	if (rc == WR_OK)
		rc = make_shared_responses(http);
	if (rc == WR_OK && http->listeners[WR_HTTP_INGEST].conf != NULL)
		rc = wr_ingest_create(http, &http->ingest);
	if (rc == WR_OK)
		rc = wr_metrics_add_collector(deps->metrics, collect, http);
	if (rc != WR_OK) {
		wr_http_destroy(http);
		return wr_err_set(err, rc, "the HTTP server could not be made: %s",
				  wr_code_text(rc));
	}
	*http_r = http;
	return WR_OK;
}

static void *sweep(void *arg)
{
	struct wr_http *http = arg;
	int64_t now;

	while (atomic_load(&http->is_swept)) {
		wr_linger_serve(&http->linger, http->deps.sweep_interval_ms, http->deps.clock);
		now = wr_http_now(http);
		wr_http_conns_sweep(http, now);
		wr_http_waits_sweep(&http->listeners[WR_HTTP_INGEST].waits, now);
		wr_http_waits_sweep(&http->listeners[WR_HTTP_ADMIN].waits, now);
	}
	return NULL;
}

enum wr_code wr_http_start(struct wr_http *http, struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	size_t side;

	WR_CHECK(http, HTTP_MAGIC);
	atomic_store(&http->is_swept, true);
	if (pthread_create(&http->sweeper, NULL, sweep, http) != 0)
		return wr_err_set(err, WR_ENOMEM, "no thread for the HTTP server");
	http->has_sweeper = true;
	if (http->ingest != NULL)
		rc = wr_ingest_start(http->ingest, err);
	if (rc == WR_OK && http->listeners[WR_HTTP_ADMIN].conf != NULL)
		rc = wr_http_workers_start(&http->workers, err);
	for (side = 0; rc == WR_OK && side < WR_HTTP_SIDES; side++) {
		if (http->listeners[side].conf != NULL)
			rc = wr_http_listener_open(&http->listeners[side], err);
	}
	return rc;
}

int wr_http_port(const struct wr_http *http, enum wr_http_side side)
{
	WR_CHECK(http, HTTP_MAGIC);
	return http->listeners[side].port;
}

static bool has_active(const struct wr_http_listener *listener)
{
	return atomic_load_explicit(&listener->active, memory_order_acquire) > 0;
}

/* Real time, whatever the server's clock: the process is leaving. */
static int64_t real_now(void)
{
	return wr_clock_mono_ns(&wr_clock_real);
}

static void pause_shortly(void)
{
	const struct timespec pause = {0, 2 * WR_NS_PER_MS};

	nanosleep(&pause, NULL);
}

static int64_t last_answers_ns(int timeout_ms)
{
	int64_t quarter_ms = timeout_ms / 4;

	return (quarter_ms < LAST_ANSWERS_MS ? quarter_ms : LAST_ANSWERS_MS) * WR_NS_PER_MS;
}

/* Nothing may be suspended when a daemon stops. */
static void end_listener(struct wr_http_listener *listener, int64_t end_ns)
{
	int64_t least_ns = real_now() + LAST_ANSWERS_LEAST_MS * WR_NS_PER_MS;

	wr_http_waits_stop(&listener->waits);
	if (end_ns < least_ns)
		end_ns = least_ns;
	while (has_active(listener) && real_now() < end_ns)
		pause_shortly();
	wr_http_listener_close(listener);
}

void wr_http_drain(struct wr_http *http, int timeout_ms)
{
	struct wr_http_listener *listener;
	int64_t end = real_now() + timeout_ms * WR_NS_PER_MS;

	WR_CHECK(http, HTTP_MAGIC);
	if (http->is_drained)
		return;
	http->is_drained = true;
	listener = &http->listeners[WR_HTTP_INGEST];
	atomic_store(&http->is_stopping, true);
	wr_http_listener_quiesce(listener);
	while ((wr_http_waits_count(&listener->waits) > 0 || wr_ingest_has_unacked(http->ingest)) &&
	       real_now() < end - last_answers_ns(timeout_ms))
		pause_shortly();
	end_listener(listener, end);
	wr_ingest_stop(http->ingest, end);
}

void wr_http_stop(struct wr_http *http, int timeout_ms)
{
	struct wr_http_listener *admin;
	int64_t end = real_now() + timeout_ms * WR_NS_PER_MS;

	WR_CHECK(http, HTTP_MAGIC);
	wr_http_drain(http, timeout_ms);
	admin = &http->listeners[WR_HTTP_ADMIN];
	wr_http_listener_quiesce(admin);
	while (wr_http_waits_count(&admin->waits) > 0 &&
	       real_now() < end - last_answers_ns(timeout_ms))
		pause_shortly();
	end_listener(admin, end);
	wr_http_workers_stop(&http->workers);
	if (http->has_sweeper) {
		atomic_store(&http->is_swept, false);
		wr_linger_wake(&http->linger);
		pthread_join(http->sweeper, NULL);
		http->has_sweeper = false;
	}
}

void wr_http_destroy(struct wr_http *http)
{
	if (http == NULL)
		return;
	WR_CHECK(http, HTTP_MAGIC);
	WR_ASSERT(!http->has_sweeper);
	wr_metrics_remove_collector(http->deps.metrics, collect, http);
	wr_ingest_destroy(http->ingest);
	if (http->accepted_one != NULL)
		MHD_destroy_response(http->accepted_one);
	if (http->no_memory != NULL)
		MHD_destroy_response(http->no_memory);
	for (size_t side = 0; side < WR_HTTP_SIDES; side++)
		wr_http_listener_forget(&http->listeners[side]);
	wr_linger_fini(&http->linger);
	wr_http_metrics_fini(&http->metrics);
	wr_http_workers_fini(&http->workers);
	wr_http_waits_fini(&http->listeners[WR_HTTP_INGEST].waits);
	wr_http_waits_fini(&http->listeners[WR_HTTP_ADMIN].waits);
	wr_http_conns_fini(&http->conns);
	http->magic = 0;
	free(http);
}
