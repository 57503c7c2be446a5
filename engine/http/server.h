/*
 * The HTTP side of the engine: an ingest listener that takes events to Kafka, and an admin listener for people and
 * monitors. Each listener has one thread; a request that waits for Kafka occupies none, and calls of the admin API
 * that take long run on a few workers. Two more threads serve them all: one polls the sink, one watches deadlines.
 *
 * Main makes what it needs and owns it; the server borrows it until wr_http_destroy(). Only the sink is the server's:
 * it opens one through a function main gives it, and again when it breaks.
 */
#ifndef WR_HTTP_SERVER_H
#define WR_HTTP_SERVER_H

#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"
#include "conf/conf.h"
#include "conf/load.h"
#include "port/admin.h"
#include "port/dlq.h"
#include "port/sink.h"
#include "run/health.h"

struct wr_http;

enum wr_http_side { WR_HTTP_INGEST, WR_HTTP_ADMIN, WR_HTTP_SIDES };

/* Opens the sink for ingested events and resolves their topic. `done` is to be the sink's completion, with
 * `done_arg`. Called by wr_http_start(), and later by the server's sink thread whenever the last sink broke; the
 * thread that opened a sink does not poll it before the function returned. WR_EUNAVAILABLE: not yet; events are turned
 * away meanwhile, and it is asked again. */
typedef enum wr_code (*wr_http_open_sink_fn)(void *arg, wr_sink_done_fn done, void *done_arg,
					     struct wr_sink **sink_r,
					     struct wr_sink_topic **topic_r, struct wr_err *err);

struct wr_http_deps {
	const struct wr_clock *clock;
	const struct wr_conf_ingest *ingest; /* NULL or not configured: no such listener */
	const struct wr_conf_listener *admin;
	struct wr_admin_port *port; /* needed with admin */
	struct wr_dlq_port *dlq;    /* NULL: there are no dead letters */
	struct wr_metrics *metrics;
	struct wr_health *health;
	wr_http_open_sink_fn open_sink; /* needed with ingest */
	void *open_sink_arg;
	size_t max_waiting_bytes; /* of bodies on their way to Kafka; beyond it 429 */
	int sweep_interval_ms;    /* how often deadlines are looked at; 0: 100 */
};

/* Copies the struct, borrows what it points to. WR_OK, WR_EINVAL (an admin listener away from loopback without a
 * token), WR_ENOMEM. [main] */
enum wr_code wr_http_create(const struct wr_http_deps *deps, struct wr_http **http_r,
			    struct wr_err *err);

/* Opens the sink and the listeners. WR_OK, WR_EINVAL (an address, a certificate), WR_EUNAVAILABLE (the address is in
 * use), WR_EUNSUPPORTED (no TLS in this libmicrohttpd), what open_sink returned, WR_ENOMEM. Then stop() is due all
 * the same. Once. [main] */
enum wr_code wr_http_start(struct wr_http *http, struct wr_err *err);

/* Reads what TLS of the listeners of `conf` needs, and adds what is wrong with it. For those that are yet to be made.
 * [any] */
void wr_http_check(const struct wr_conf *conf, struct wr_problems *problems);

/* Makes ready what a reload may change of the listeners that are there: tokens, limits, certificates. Nothing of it
 * holds before wr_http_apply(); what is wrong goes to problems. [reload] */
void wr_http_prepare(struct wr_http *http, const struct wr_conf *conf,
		     struct wr_problems *problems);

/* Tells of each listener whose files hold another certificate or key than the one it was given last. After prepare.
 * [reload] */
void wr_http_compare(const struct wr_http *http, void (*tell)(void *arg, const char *what),
		     void *arg);

/* What was prepared holds for connections and requests that begin from now on. [reload] */
void wr_http_apply(struct wr_http *http);

/* The port that is bound, or 0 when that listener is not there. After start. [any] */
int wr_http_port(const struct wr_http *http, enum wr_http_side side);

/* Ends the ingest side: takes no more connections and events, lets what is on its way to Kafka arrive, and answers the
 * rest 503, all within timeout_ms. Then the sink is gone. The admin listener goes on. [main] */
void wr_http_drain(struct wr_http *http, int timeout_ms);

/* Drains, unless that was done, and ends the admin listener and all threads: calls that run are waited for, their
 * clients only for timeout_ms. Without a start it does nothing. [main] */
void wr_http_stop(struct wr_http *http, int timeout_ms);

/* After stop. NULL does nothing. [main] */
void wr_http_destroy(struct wr_http *http);

#endif
