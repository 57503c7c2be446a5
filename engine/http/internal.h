/*
 * What the files of http/ share. Nobody outside includes it.
 *
 * Threads: each listener has one, libmicrohttpd's, tagged [listener]; it alone touches a connection's and a request's
 * plain fields. While a request is deferred, nobody does but those that the fields name. The sink thread [sink] and the
 * sweeper [sweeper] reach requests through wr_http_waits, connections through wr_http_conns.
 */
#ifndef WR_HTTP_INTERNAL_H
#define WR_HTTP_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/lock.h"
#include "http/headers.h"
#include "http/http_metrics.h"
#include "http/linger.h"
#include "http/problem.h"
#include "http/server.h"
#include "http/settings.h"
#include "http/workers.h"

#include <microhttpd.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wr_http_call;
struct wr_http_conn;
struct wr_http_listener;
struct wr_http_request;
struct wr_http_route;
struct wr_ingest;

/* How long a connection may be silent between requests, and a client may take to read an answer. */
#define WR_HTTP_IDLE_MS INT64_C(60000)

/* What is left of a refused request's body is read and thrown away when it is no more than this, so that the
 * connection can go on; beyond, it is closed. */
#define WR_HTTP_SWALLOW_BYTES ((size_t)64 * 1024)

/* conn.c: the connections and what they may take their time for. ---------------------------------------------- */

enum wr_http_phase {
	WR_PHASE_HEADERS,  /* waits for a request, up to the end of its headers */
	WR_PHASE_BODY,     /* reads a body */
	WR_PHASE_WORKING,  /* the request is complete; no deadline here */
	WR_PHASE_REPLYING, /* writes an answer */
	WR_PHASE_KILLED    /* the sweeper shut it down: nothing may be answered any more */
};

struct wr_http_conn {
	uint32_t magic;
	struct wr_http_listener *listener;
	struct wr_http_conn *prev, *next; /* [conns.lock] */
	int fd;
	_Atomic int phase;                /* enum wr_http_phase */
	_Atomic int64_t deadline_mono_ns; /* of the phase; INT64_MAX: none */
	_Atomic bool lingers;             /* to be read from for a while after it was closed */
	struct wr_http_request *spare;    /* [listener] kept for the next request */
	struct wr_http_certificate *certificate; /* [listener] of its session; NULL: none */
};

struct wr_http_conns {
	struct wr_lock lock;
	struct wr_http_conn *first;   /* [lock] */
	size_t counts[WR_HTTP_SIDES]; /* [lock] */
};

void wr_http_conns_init(struct wr_http_conns *conns);
void wr_http_conns_fini(struct wr_http_conns *conns); /* empty */

/* NULL without memory. [listener] */
struct wr_http_conn *wr_http_conn_open(struct wr_http_listener *listener, int fd);

/* Before the descriptor is closed. NULL does nothing. [listener] */
void wr_http_conn_close(struct wr_http_conn *conn);

/* Goes on to a phase that may take timeout_ms (-1: for ever). False when the sweeper was faster. [listener] */
bool wr_http_conn_enter(struct wr_http_conn *conn, enum wr_http_phase phase, int64_t timeout_ms);

/* Answers past libmicrohttpd, where it can't queue an answer, and lets the connection linger; it must be closed next.
 * On a TLS connection nothing is sent. `detail` may be NULL. */
void wr_http_conn_send_problem(struct wr_http_conn *conn, enum wr_http_problem problem,
			       const char *detail);

/* Shuts down what is overdue. [sweeper] */
void wr_http_conns_sweep(struct wr_http *http, int64_t now_mono_ns);

size_t wr_http_conns_count(struct wr_http_conns *conns, enum wr_http_side side);

/* waits.c: the requests whose connection is suspended. ---------------------------------------------------------- */

enum wr_http_wake {
	WR_WAKE_DONE,
	WR_WAKE_TIMED_OUT,
	WR_WAKE_STOPPED /* the server goes */
};

struct wr_http_waits {
	struct wr_lock lock;                  /* taken before libmicrohttpd's own */
	struct wr_http_request *first, *last; /* [lock] by deadline */
	size_t count;                         /* [lock] */
	size_t resuming; /* [lock] out of the list, but their connections not resumed yet */
	size_t max;
	bool is_stopping; /* [lock] takes no more */
};

void wr_http_waits_init(struct wr_http_waits *waits, size_t max);
void wr_http_waits_fini(struct wr_http_waits *waits); /* empty */

/* Suspends the request's connection until finish() or the deadline. False when too many wait already or the server
 * stops: then nothing happened. [listener] */
bool wr_http_waits_begin(struct wr_http_waits *waits, struct wr_http_request *req,
			 int64_t deadline_mono_ns);

/* Resumes those of the list (by `next_finished`) that still wait, and gives back one reference each. [any] */
void wr_http_waits_finish(struct wr_http_waits *waits, struct wr_http_request *first);

/* Resumes those that waited too long. [sweeper] */
void wr_http_waits_sweep(struct wr_http_waits *waits, int64_t now_mono_ns);

/* Resumes all, and lets none begin any more. When it returns no connection is suspended. [main] */
void wr_http_waits_stop(struct wr_http_waits *waits);

size_t wr_http_waits_count(struct wr_http_waits *waits);

/* request.c: one request and the answer to it. ------------------------------------------------------------------- */

struct wr_http_reply {
	unsigned status;             /* 0: none yet */
	struct MHD_Response *shared; /* borrowed; NULL: the text in `out` */
	const char *mime;            /* of `out` */
	const char *allow;           /* with 405 and OPTIONS */
	unsigned retry_after_s;      /* 0: not said */
	const char *location;        /* borrowed of the call; NULL: not said */
	bool challenges;             /* asks for a token */
};

struct wr_http_request {
	uint32_t magic;
	_Atomic unsigned refs;
	struct wr_http_conn *conn;
	struct wr_http_listener *listener;
	struct wr_http_settings *settings; /* of the listener, when it began */
	struct MHD_Connection *mhd;
	const struct wr_http_route *route; /* NULL: none matched */
	struct wr_http_headers headers;
	struct wr_arena arena;
	struct wr_buf body;
	size_t reserved_bytes; /* of the server's max_waiting_bytes */
	bool discards; /* what comes of the body is thrown away: there is an answer already */
	bool is_early; /* the answer goes out before the body is read, and the connection closes */
	size_t discarded_bytes;
	struct wr_buf out;
	struct wr_http_reply reply;
	char allow[64];
	const char *url;           /* libmicrohttpd's */
	struct wr_http_call *call; /* of the admin API; NULL: none */
	int64_t started_mono_ns;
	void *job; /* the handler's, in the arena */

	/* While deferred. */
	struct wr_http_request *prev, *next;   /* [waits.lock] */
	bool is_waiting;                       /* [waits.lock] */
	bool was_deferred;                     /* [listener] */
	enum wr_http_wake wake;                /* [waits.lock] until resumed */
	int64_t wait_deadline_mono_ns;         /* [waits.lock] */
	struct wr_http_request *next_finished; /* of whoever finishes it */
	bool resumes;                          /* likewise */
};

/* For a connection's next request, with one reference. NULL without memory. [listener] */
struct wr_http_request *wr_http_request_begin(struct wr_http_conn *conn,
					      struct MHD_Connection *mhd);

/* The connection is through with it. It lives on while something else holds it. [listener] */
void wr_http_request_end(struct wr_http_request *req);

void wr_http_request_ref(struct wr_http_request *req);
void wr_http_request_unref(struct wr_http_request *req);

/* Whether so many bytes more may be held now. [listener] */
bool wr_http_request_has_room(const struct wr_http_request *req, size_t bytes);

/* Counts bytes of the body against what all requests may hold. False when that is too much. [listener] */
bool wr_http_request_reserve(struct wr_http_request *req, size_t bytes);

/* The answer: a problem; the text in `out`; or a shared response. The last one called holds. [listener] */
void wr_http_reply_problem(struct wr_http_request *req, enum wr_http_problem problem,
			   const char *detail);
void wr_http_reply_text(struct wr_http_request *req, unsigned status, const char *mime);
void wr_http_reply_shared(struct wr_http_request *req, unsigned status,
			  struct MHD_Response *response);
void wr_http_reply_no_memory(struct wr_http_request *req);

/* 413: the body is larger than max_body_bytes. */
void wr_http_reply_too_large(struct wr_http_request *req);

/* Queues the answer. [listener] */
enum MHD_Result wr_http_reply_send(struct wr_http_request *req);

/* listener.c: one daemon. --------------------------------------------------------------------------------------- */

struct wr_http_listener {
	struct wr_http *http;
	enum wr_http_side side;
	const struct wr_conf_listener *conf; /* the first, for what can't change; NULL: none */
	const struct wr_conf_ingest *ingest; /* the same, of ingest */
	unsigned max_connections;
	struct wr_http_settings *settings; /* [listener] NULL before it is opened */
	_Atomic(struct wr_http_settings *)
	    next_settings;                       /* to take their place; NULL: none [any] */
	struct wr_http_settings *prepared;       /* [main, then reload] */
	struct wr_http_certificate *certificate; /* that was given to it last [main, then reload] */
	struct MHD_Daemon *daemon;               /* NULL: not there */
	int port;
	bool is_tls;
	struct wr_http_waits waits;
	_Atomic unsigned active; /* requests begun and not ended */
};

enum wr_code wr_http_listener_open(struct wr_http_listener *listener, struct wr_err *err);

/* The settings that hold now, borrowed until the next call. [listener] */
struct wr_http_settings *wr_http_listener_settings(struct wr_http_listener *listener);

/* What it keeps of settings; its daemon is gone. [main] */
void wr_http_listener_forget(struct wr_http_listener *listener);

/* Takes no more connections; those that are there go on. */
void wr_http_listener_quiesce(struct wr_http_listener *listener);

/* Nothing may be suspended any more. Does nothing when it was not opened. */
void wr_http_listener_close(struct wr_http_listener *listener);

/* access.c */

/* Whether the request may pass by its token; by its Host and Origin. */
bool wr_http_access_by_token(const struct wr_http_request *req);
bool wr_http_access_by_host(const struct wr_http_request *req);
bool wr_http_host_is_loopback(const char *host);

/* views.c */

void wr_http_view_live(struct wr_http_request *req);
void wr_http_view_ready(struct wr_http_request *req);
void wr_http_view_metrics(struct wr_http_request *req);

/* ingest.c, ingest_sink.c --------------------------------------------------------------------------------------- */

/* Looks at the headers; may answer. Then, with the whole body: answers or defers. Then: what the fates say. */
void wr_ingest_admit(struct wr_http_request *req);
void wr_ingest_handle(struct wr_http_request *req);
void wr_ingest_resumed(struct wr_http_request *req, enum wr_http_wake wake);

enum wr_code wr_ingest_create(struct wr_http *http, struct wr_ingest **ingest_r);
enum wr_code wr_ingest_start(struct wr_ingest *ingest, struct wr_err *err);

/* Whether the sink has records that Kafka has not acknowledged. NULL has none. [any] */
bool wr_ingest_has_unacked(struct wr_ingest *ingest);

/* Ends the sink thread and the sink; what it held completes, unacknowledged where the deadline, of the real clock, has
 * passed. NULL and not started do nothing. */
void wr_ingest_stop(struct wr_ingest *ingest, int64_t deadline_mono_ns);
void wr_ingest_destroy(struct wr_ingest *ingest);

#define HTTP_MAGIC UINT32_C(0x48545450)

/* The server. --------------------------------------------------------------------------------------------------- */

struct wr_http {
	uint32_t magic;
	struct wr_http_deps deps;
	struct wr_http_listener listeners[WR_HTTP_SIDES];
	struct wr_http_conns conns;
	struct wr_linger linger;
	struct wr_http_metrics metrics;
	struct wr_ingest *ingest;
	struct wr_http_workers workers; /* of the admin listener */
	_Atomic size_t waiting_bytes;
	_Atomic bool is_stopping; /* new events are refused */
	bool is_drained;          /* [main] the ingest side is gone */
	_Atomic bool is_swept;    /* false ends the sweeper */
	pthread_t sweeper;
	bool has_sweeper;
	struct MHD_Response *accepted_one; /* the commonest answer, made once */
	struct MHD_Response *no_memory;
};

static inline int64_t wr_http_now(const struct wr_http *http)
{
	return wr_clock_mono_ns(http->deps.clock);
}

#endif
