#include "config.h"

#include "http/internal.h"

#include "base/check.h"

#include <stdlib.h>
#include <sys/socket.h>

#define CONN_MAGIC UINT32_C(0x48434F4E)

void wr_http_conns_init(struct wr_http_conns *conns)
{
	*conns = (struct wr_http_conns){.first = NULL};
	wr_lock_init(&conns->lock);
}

void wr_http_conns_fini(struct wr_http_conns *conns)
{
	WR_ASSERT(conns->first == NULL);
	wr_lock_fini(&conns->lock);
}

struct wr_http_conn *wr_http_conn_open(struct wr_http_listener *listener, int fd)
{
	struct wr_http_conns *conns = &listener->http->conns;
	struct wr_http_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->magic = CONN_MAGIC;
	conn->listener = listener;
	conn->fd = fd;
	atomic_init(&conn->phase, WR_PHASE_HEADERS);
	atomic_init(&conn->deadline_mono_ns,
		    wr_http_now(listener->http) +
			wr_http_listener_settings(listener)->request_timeout_ms * WR_NS_PER_MS);
	wr_lock_take(&conns->lock);
	conn->next = conns->first;
	if (conn->next != NULL)
		conn->next->prev = conn;
	conns->first = conn;
	conns->counts[listener->side]++;
	wr_lock_release(&conns->lock);
	return conn;
}

void wr_http_conn_close(struct wr_http_conn *conn)
{
	struct wr_http *http;

	if (conn == NULL)
		return;
	WR_CHECK(conn, CONN_MAGIC);
	http = conn->listener->http;
	wr_lock_take(&http->conns.lock);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		http->conns.first = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	http->conns.counts[conn->listener->side]--;
	wr_lock_release(&http->conns.lock);
	if (atomic_load(&conn->lingers))
		wr_linger_add(&http->linger, conn->fd, wr_http_now(http));
	if (conn->spare != NULL)
		wr_http_request_unref(conn->spare);
	wr_http_certificate_unref(conn->certificate);
	conn->magic = 0;
	free(conn);
}

bool wr_http_conn_enter(struct wr_http_conn *conn, enum wr_http_phase phase, int64_t timeout_ms)
{
	int old = atomic_load(&conn->phase);
	int64_t deadline = INT64_MAX;

	WR_CHECK(conn, CONN_MAGIC);
	if (timeout_ms >= 0)
		deadline = wr_http_now(conn->listener->http) + timeout_ms * WR_NS_PER_MS;
	/* The later deadline stands while the phases change, so that the new phase is not judged by the old
	 * one's. */
	if (deadline > atomic_load(&conn->deadline_mono_ns))
		atomic_store(&conn->deadline_mono_ns, deadline);
	if (old == WR_PHASE_KILLED ||
	    !atomic_compare_exchange_strong(&conn->phase, &old, (int)phase))
		return false;
	atomic_store(&conn->deadline_mono_ns, deadline);
	return true;
}

void wr_http_conn_send_problem(struct wr_http_conn *conn, enum wr_http_problem problem,
			       const char *detail)
{
	unsigned status = wr_http_problem_status(problem);
	struct wr_buf body = WR_BUF_INIT, answer = WR_BUF_INIT;

	wr_http_metrics_count(&conn->listener->http->metrics, conn->listener->side, status);
	atomic_store(&conn->lingers, true);
	if (!conn->listener->is_tls && wr_http_problem_open(&body, problem, detail) == WR_OK &&
	    wr_buf_printf(&answer,
			  "HTTP/1.1 %u %s\r\nContent-Type: " WR_HTTP_PROBLEM_MIME
			  "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%.*s}",
			  status, MHD_get_reason_phrase_for(status), body.size + 1, (int)body.size,
			  body.data) == WR_OK)
		(void)!send(conn->fd, answer.data, answer.size, MSG_DONTWAIT | MSG_NOSIGNAL);
	wr_buf_fini(&body);
	wr_buf_fini(&answer);
}

static void kill_overdue_locked(struct wr_http *http, struct wr_http_conn *conn, int64_t now)
{
	int phase = atomic_load(&conn->phase);

	wr_lock_assert_held(&http->conns.lock);
	if (phase == WR_PHASE_KILLED || atomic_load(&conn->deadline_mono_ns) > now ||
	    !atomic_compare_exchange_strong(&conn->phase, &phase, WR_PHASE_KILLED))
		return;
	if (phase == WR_PHASE_BODY)
		wr_http_conn_send_problem(conn, WR_HTTP_SLOW, NULL);
	/* Its thread sees the end of the connection and closes it. */
	(void)shutdown(conn->fd, SHUT_RDWR);
}

void wr_http_conns_sweep(struct wr_http *http, int64_t now_mono_ns)
{
	struct wr_http_conn *conn;

	wr_lock_take(&http->conns.lock);
	for (conn = http->conns.first; conn != NULL; conn = conn->next)
		kill_overdue_locked(http, conn, now_mono_ns);
	wr_lock_release(&http->conns.lock);
}

size_t wr_http_conns_count(struct wr_http_conns *conns, enum wr_http_side side)
{
	size_t count;

	wr_lock_take(&conns->lock);
	count = conns->counts[side];
	wr_lock_release(&conns->lock);
	return count;
}
