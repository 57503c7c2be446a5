#include "config.h"

#include "http/internal.h"

#include "base/check.h"
#include "base/log.h"
#include "base/secret.h"
#include "http/listen.h"
#include "http/router.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The request line and the headers together. libmicrohttpd clears the memory for them for every request: with hundreds of
 * connections that empties the caches, for whoever runs on the same processor too. */
static const size_t header_bytes_max[WR_HTTP_SIDES] = {
    [WR_HTTP_INGEST] = (size_t)8 * 1024,
    [WR_HTTP_ADMIN] = (size_t)16 * 1024, /* browsers bring cookies */
};

/* In the same memory the answer's headers are made. Without room for them the connection is closed, and the client can't
 * know that its event was taken. */
#define ANSWER_BYTES ((size_t)1024)

static const char too_many_headers[] = "the request line and the headers take more than they may";

static void notify_connection(void *arg, struct MHD_Connection *connection, void **context_p,
			      enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		wr_http_conn_close(*context_p);
		*context_p = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	*context_p = info != NULL ? wr_http_conn_open(arg, info->connect_fd) : NULL;
}

static void notify_completed(void *arg, struct MHD_Connection *connection, void **context_p,
			     enum MHD_RequestTerminationCode code)
{
	struct wr_http_request *req = *context_p;
	struct wr_http_listener *listener = arg;
	int64_t took_ns;

	(void)connection;
	(void)code;
	*context_p = NULL;
	if (req == NULL)
		return;
	wr_http_conn_enter(req->conn, WR_PHASE_HEADERS,
			   WR_HTTP_IDLE_MS + req->settings->request_timeout_ms);
	took_ns = wr_http_now(listener->http) - req->started_mono_ns;
	wr_http_metrics_observe(&listener->http->metrics, listener->side,
				(double)took_ns / (double)WR_NS_PER_S);
	wr_http_request_end(req);
}

/* An answer that the headers alone call for. */
static void judge_headers(struct wr_http_request *req, const char *method, const char *url)
{
	const struct wr_http_listener *listener = req->listener;
	enum wr_http_match match;

	if (req->headers.wrong != NULL) {
		wr_http_reply_problem(req, WR_HTTP_BAD_REQUEST, req->headers.wrong);
		req->is_early = true;
		return;
	}
	if (req->headers.bytes > header_bytes_max[listener->side]) {
		wr_http_reply_problem(req, WR_HTTP_HEADERS, too_many_headers);
		req->is_early = true;
		return;
	}
	match = wr_http_route_find(listener->side, method, url, &req->route, req->allow,
				   sizeof(req->allow));
	if (!wr_http_access_by_host(req))
		wr_http_reply_problem(req, WR_HTTP_FORBIDDEN,
				      "Host and Origin must name this server");
	else if (match == WR_MATCH_NO_PATH)
		wr_http_reply_problem(req, WR_HTTP_NOT_FOUND, NULL);
	else if (match == WR_MATCH_NO_METHOD)
		wr_http_reply_problem(req, WR_HTTP_METHOD, NULL);
	else if (match == WR_MATCH_OPTIONS) {
		wr_http_reply_text(req, MHD_HTTP_NO_CONTENT, NULL);
		req->reply.allow = req->allow;
	} else if (req->route->needs_token && !wr_http_access_by_token(req))
		wr_http_reply_problem(req, WR_HTTP_UNAUTHORIZED,
				      "send the header Authorization: Bearer <token>");
	else if (req->headers.expect.data != NULL &&
		 (req->headers.expect.size != 12 ||
		  strncasecmp(req->headers.expect.data, "100-continue", 12) != 0))
		wr_http_reply_problem(req, WR_HTTP_EXPECTATION,
				      "the only expectation that is met is 100-continue");
	else if (req->route->admit != NULL)
		req->route->admit(req);
}

/* The first call of a request: its headers are there. */
static enum MHD_Result begin(struct MHD_Connection *connection, const char *method, const char *url,
			     const char *version, void **context_p)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct wr_http_conn *conn = info != NULL ? info->socket_context : NULL;
	const struct wr_http_headers *headers;
	struct wr_http_request *req;

	if (conn == NULL)
		return MHD_NO;
	req = wr_http_request_begin(conn, connection);
	if (req == NULL)
		return MHD_NO;
	*context_p = req;
	req->url = url;
	headers = &req->headers;
	wr_http_headers_read(connection, version, &req->headers);
	if (!wr_http_conn_enter(conn, headers->has_body ? WR_PHASE_BODY : WR_PHASE_WORKING,
				headers->has_body ? req->settings->request_timeout_ms : -1))
		return MHD_NO;
	/* libmicrohttpd's answer may find no room; over TLS it is all there is. */
	if (headers->bytes > header_bytes_max[req->listener->side] && !req->listener->is_tls) {
		if (wr_http_conn_enter(conn, WR_PHASE_REPLYING, -1))
			wr_http_conn_send_problem(conn, WR_HTTP_HEADERS, too_many_headers);
		return MHD_NO;
	}
	judge_headers(req, method, url);
	req->discards = req->reply.status != 0 || !req->route->takes_body;
	if (!req->is_early && (!headers->has_body || !req->discards))
		return MHD_YES;
	/* A small body is read to its end, so that the connection can go on; who asked before sending is told
	 * at once. */
	if (!req->is_early && !headers->is_chunked && headers->expect.data == NULL &&
	    headers->content_length <= WR_HTTP_SWALLOW_BYTES)
		return MHD_YES;
	if (req->reply.status == 0)
		wr_http_reply_problem(req, WR_HTTP_TOO_LARGE, "this path takes no body");
	atomic_store(&conn->lingers, true);
	return wr_http_reply_send(req);
}

/* Throws away what comes for a request that has its answer. In the middle of an upload no answer can be queued, so
 * when it is too much the answer goes past libmicrohttpd. */
static enum MHD_Result discard(struct wr_http_request *req, size_t *size_p)
{
	req->discarded_bytes += *size_p;
	*size_p = 0;
	if (req->discarded_bytes <= req->settings->max_body_bytes + WR_HTTP_SWALLOW_BYTES)
		return MHD_YES;
	if (wr_http_conn_enter(req->conn, WR_PHASE_REPLYING, -1))
		wr_http_conn_send_problem(req->conn, WR_HTTP_TOO_LARGE, req->settings->too_large);
	return MHD_NO;
}

/* A part of the body. Content-Length was judged with the headers: only a chunked one can be too large here. */
static enum MHD_Result add_to_body(struct wr_http_request *req, const char *data, size_t *size_p)
{
	size_t size = *size_p;

	if (!req->discards && req->body.size + size > req->settings->max_body_bytes) {
		wr_http_reply_too_large(req);
		req->discards = true;
	}
	if (!req->discards && !wr_http_request_reserve(req, size)) {
		wr_http_reply_problem(req, WR_HTTP_TOO_MANY,
				      "too many bytes are on their way to Kafka");
		req->reply.retry_after_s = 1;
		req->discards = true;
	}
	if (!req->discards && wr_buf_append(&req->body, data, size) != WR_OK) {
		wr_http_reply_no_memory(req);
		req->discards = true;
	}
	if (req->discards)
		return discard(req, size_p);
	*size_p = 0;
	return MHD_YES;
}

/* The whole request is there, or it was resumed. */
static enum MHD_Result complete(struct wr_http_request *req)
{
	enum wr_http_wake wake = req->wake;

	if (req->was_deferred) {
		req->was_deferred = false;
		req->route->resumed(req, wake);
		return wr_http_reply_send(req);
	}
	if (!wr_http_conn_enter(req->conn, WR_PHASE_WORKING, -1))
		return MHD_NO;
	if (req->reply.status == 0)
		req->route->handle(req);
	/* A deferred request is suspended; it may be resumed already, but not before this returns. */
	if (req->was_deferred)
		return MHD_YES;
	return wr_http_reply_send(req);
}

static enum MHD_Result handle_request(void *arg, struct MHD_Connection *connection, const char *url,
				      const char *method, const char *version,
				      const char *upload_data, size_t *upload_data_size,
				      void **context_p)
{
	(void)arg;
	if (*context_p == NULL)
		return begin(connection, method, url, version, context_p);
	if (*upload_data_size > 0)
		return add_to_body(*context_p, upload_data, upload_data_size);
	return complete(*context_p);
}

/* Escapes stay as they are: no path here needs them, and a %00 must not end one. */
static size_t unescape_nothing(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void log_message(void *arg, const char *format,
							      va_list args)
{
	char text[256];

	(void)arg;
	if (!wr_log_enabled(WR_LOG_DEBUG))
		return;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	WR_LOG(WR_LOG_DEBUG, "libmicrohttpd", WR_STR("text", text));
}

/* A session that begins is given the certificate of the moment. libmicrohttpd has no argument for this; the session's
 * pointer is its connection. */
static int give_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
			    const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
			    gnutls_pcert_st **chain_r, unsigned *count_r, gnutls_privkey_t *key_r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct wr_http_conn *conn = info != NULL ? info->socket_context : NULL;

	(void)authorities;
	(void)count;
	(void)algorithms;
	(void)algorithm_count;
	*count_r = 0;
	if (conn == NULL)
		return -1;
	if (conn->certificate == NULL)
		conn->certificate =
		    wr_http_certificate_ref(wr_http_listener_settings(conn->listener)->certificate);
	wr_http_certificate_give(conn->certificate, chain_r, count_r, key_r);
	return 0;
}

static enum wr_code start_daemon(struct wr_http_listener *listener, int fd, struct wr_err *err)
{
	union {
		gnutls_certificate_retrieve_function2 *function;
		void *pointer;
	} callback = {.function = give_certificate};
	const struct MHD_OptionItem tls_options[] = {
	    {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, callback.pointer},
	    {MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | MHD_USE_TURBO | (listener->is_tls ? MHD_USE_TLS : 0);

	listener->daemon = MHD_start_daemon(
	    flags, 0, NULL, NULL, handle_request, listener, MHD_OPTION_EXTERNAL_LOGGER, log_message,
	    NULL, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_CONNECTION_LIMIT,
	    listener->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    header_bytes_max[listener->side] + ANSWER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)(WR_HTTP_IDLE_MS / 1000), MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL, MHD_OPTION_NOTIFY_CONNECTION,
	    notify_connection, listener, MHD_OPTION_NOTIFY_COMPLETED, notify_completed, listener,
	    MHD_OPTION_ARRAY, listener->is_tls ? tls_options : tls_options + 1, MHD_OPTION_END);
	if (listener->daemon != NULL)
		return WR_OK;
	return wr_err_set(err, WR_EINVAL, "the %s listener could not be started",
			  wr_http_side_name(listener->side));
}

static enum wr_code make_settings(struct wr_http_listener *listener, struct wr_err *err)
{
	enum wr_http_pem wrong;
	enum wr_code rc = wr_http_settings_create(listener->conf, listener->ingest,
						  listener->http->deps.max_waiting_bytes,
						  &listener->settings, &wrong, err);

	if (rc != WR_OK || listener->settings->certificate == NULL)
		return rc;
	listener->is_tls = true;
	listener->certificate = wr_http_certificate_ref(listener->settings->certificate);
	return WR_OK;
}

enum wr_code wr_http_listener_open(struct wr_http_listener *listener, struct wr_err *err)
{
	enum wr_code rc = make_settings(listener, err);
	int fd = -1;

	if (rc == WR_OK)
		rc = wr_listen_socket(listener->conf->host, listener->conf->port, &fd,
				      &listener->port, err);
	if (rc == WR_OK)
		rc = start_daemon(listener, fd, err);
	if (rc != WR_OK) {
		listener->port = 0;
		if (fd >= 0)
			close(fd);
		wr_err_prefix(err, "http.%s", wr_http_side_name(listener->side));
	} else {
		WR_LOG(WR_LOG_DEBUG, "listening",
		       WR_STR("listener", wr_http_side_name(listener->side)),
		       WR_STR("host", listener->conf->host), WR_INT("port", listener->port),
		       WR_BOOL("tls", listener->is_tls));
	}
	return rc;
}

struct wr_http_settings *wr_http_listener_settings(struct wr_http_listener *listener)
{
	struct wr_http_settings *next = NULL;

	if (atomic_load_explicit(&listener->next_settings, memory_order_relaxed) != NULL)
		next = atomic_exchange(&listener->next_settings, NULL);
	if (next != NULL) {
		wr_http_settings_unref(listener->settings);
		listener->settings = next;
	}
	return listener->settings;
}

void wr_http_listener_forget(struct wr_http_listener *listener)
{
	wr_http_settings_unref(listener->settings);
	wr_http_settings_unref(atomic_exchange(&listener->next_settings, NULL));
	wr_http_settings_unref(listener->prepared);
	wr_http_certificate_unref(listener->certificate);
	listener->settings = listener->prepared = NULL;
	listener->certificate = NULL;
}

void wr_http_listener_quiesce(struct wr_http_listener *listener)
{
	MHD_socket fd;

	if (listener->daemon == NULL)
		return;
	fd = MHD_quiesce_daemon(listener->daemon);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
}

void wr_http_listener_close(struct wr_http_listener *listener)
{
	if (listener->daemon != NULL)
		MHD_stop_daemon(listener->daemon);
	listener->daemon = NULL;
}
