#include "config.h"

#include "redis/conn.h"

#include "base/check.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONN_MAGIC UINT32_C(0x5752436E)
#define IN_BYTES ((size_t)64 * 1024)
#define READS_A_POLL 64                      /* 4 MiB: then the lane has other work */
#define OUT_KEEP_BYTES ((size_t)1024 * 1024) /* a larger buffer is given back when it is written */

_Static_assert(IN_BYTES >= WR_RESP_BUFFER_BYTES, "a whole reply must fit");

enum wr_code wr_redis_conn_init(struct wr_redis_conn *conn, const struct wr_redis_target *target,
				const struct wr_redis_encoder *encoder, uint64_t seed)
{
	*conn = (struct wr_redis_conn){
	    .magic = CONN_MAGIC,
	    .target = target,
	    .encoder = encoder,
	    .phase = WR_REDIS_WAITING,
	};
	wr_redis_backoff_init(&conn->backoff, seed);
	conn->in = malloc(IN_BYTES);
	return conn->in != NULL ? WR_OK : WR_ENOMEM;
}

/* Ends the connection; what was due has an unknown outcome. */
static void end(struct wr_redis_conn *conn)
{
	if (conn->context != NULL)
		redisFree(conn->context);
	conn->context = NULL;
	wr_redis_resolve_destroy(conn->resolve);
	conn->resolve = NULL;
	conn->due = 0;
	conn->out.size = conn->out_sent = 0;
	conn->in_start = conn->in_end = conn->skip_bytes = 0;
	conn->epoch++;
}

void wr_redis_conn_fini(struct wr_redis_conn *conn)
{
	end(conn);
	wr_buf_fini(&conn->out);
	free(conn->in);
	conn->in = NULL;
	conn->magic = 0;
}

static void wait_for_next_attempt(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	end(conn);
	conn->phase = WR_REDIS_WAITING;
	conn->deadline_mono_ns =
	    now_mono_ns + wr_redis_backoff_next_ms(&conn->backoff) * WR_NS_PER_MS;
}

void wr_redis_conn_fail(struct wr_redis_conn *conn, int64_t now_mono_ns, const char *format, ...)
{
	va_list args;

	WR_CHECK(conn, CONN_MAGIC);
	va_start(args, format);
	vsnprintf(conn->reason, sizeof(conn->reason), format, args);
	va_end(args);
	wait_for_next_attempt(conn, now_mono_ns);
}

void wr_redis_conn_renew(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	WR_CHECK(conn, CONN_MAGIC);
	wait_for_next_attempt(conn, now_mono_ns);
}

void wr_redis_conn_prove(struct wr_redis_conn *conn)
{
	conn->reason[0] = '\0';
	wr_redis_backoff_reset(&conn->backoff);
}

static void set_deadline(struct wr_redis_conn *conn, int64_t now_mono_ns, int64_t after_ms)
{
	conn->deadline_mono_ns = now_mono_ns + after_ms * WR_NS_PER_MS;
}

static void open_socket(struct wr_redis_conn *conn)
{
	const struct wr_redis_target *target = conn->target;

	if (conn->context != NULL)
		redisFree(conn->context);
	if (target->is_unix)
		conn->context = redisConnectUnixNonBlock(target->host);
	else
		conn->context =
		    redisConnectNonBlock(conn->addresses.items[conn->next_address++], target->port);
}

/* Tries the addresses that are left, each for the whole connect time-out. */
static void try_connect(struct wr_redis_conn *conn, int64_t now_mono_ns, const char *trouble)
{
	size_t count = conn->target->is_unix ? 1 : conn->addresses.count;
	char text[128];

	snprintf(text, sizeof(text), "%s", trouble);
	while (conn->next_address < count) {
		open_socket(conn);
		conn->next_address += conn->target->is_unix;
		if (conn->context != NULL && conn->context->err == 0) {
			conn->phase = WR_REDIS_CONNECTING;
			set_deadline(conn, now_mono_ns, conn->target->connect_timeout_ms);
			return;
		}
		snprintf(text, sizeof(text), "%s",
			 conn->context != NULL ? conn->context->errstr : "out of memory");
	}
	wr_redis_conn_fail(conn, now_mono_ns, "can't connect to Redis: %s", text);
}

static void begin(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	const struct wr_redis_target *target = conn->target;
	struct wr_err err;

	conn->next_address = 0;
	conn->addresses.count = 0;
	if (target->is_unix || wr_redis_is_address(target->host)) {
		conn->addresses.count = 1;
		snprintf(conn->addresses.items[0], WR_REDIS_ADDRESS_BYTES, "%.63s", target->host);
		try_connect(conn, now_mono_ns, "");
		return;
	}
	if (wr_redis_resolve_start(target->host, &conn->resolve, &err) != WR_OK) {
		wr_redis_conn_fail(conn, now_mono_ns, "%.200s", err.text);
		return;
	}
	conn->phase = WR_REDIS_RESOLVING;
	set_deadline(conn, now_mono_ns, target->connect_timeout_ms);
}

static void go_on_resolving(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	struct wr_err err;
	enum wr_code rc = wr_redis_resolve_take(conn->resolve, &conn->addresses, &err);

	if (rc == WR_EFULL) {
		if (now_mono_ns >= conn->deadline_mono_ns)
			wr_redis_conn_fail(conn, now_mono_ns,
					   "the resolver has no answer about %.100s yet",
					   conn->target->host);
		return;
	}
	wr_redis_resolve_destroy(conn->resolve);
	conn->resolve = NULL;
	if (rc == WR_OK)
		try_connect(conn, now_mono_ns, "");
	else
		wr_redis_conn_fail(conn, now_mono_ns, "%.200s", err.text);
}

static void greet(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	const int on = 1;
	size_t commands;
	enum wr_code rc = wr_redis_target_greet(conn->target, &conn->out, &commands);

	if (!conn->target->is_unix) {
		/* Only tuning: the connection works without. */
		(void)setsockopt(conn->context->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)redisEnableKeepAlive(conn->context);
	}
	if (rc == WR_OK)
		rc = wr_redis_encode_probe(conn->encoder, &conn->out);
	if (rc != WR_OK) {
		wr_redis_conn_fail(conn, now_mono_ns, "no memory to greet Redis");
		return;
	}
	conn->phase = WR_REDIS_GREETING;
	wr_redis_conn_send(conn, commands + WR_REDIS_PROBES, now_mono_ns);
}

static void go_on_connecting(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	struct pollfd waiting = {.fd = conn->context->fd, .events = POLLOUT};
	int failed = 0;
	socklen_t size = sizeof(failed);

	if (poll(&waiting, 1, 0) <= 0) {
		if (now_mono_ns >= conn->deadline_mono_ns)
			try_connect(conn, now_mono_ns, "no answer within redis.connect_timeout");
		return;
	}
	if (getsockopt(conn->context->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
		failed = errno;
	if (failed != 0)
		try_connect(conn, now_mono_ns, strerror(failed));
	else
		greet(conn, now_mono_ns);
}

static void write_out(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	ssize_t written;

	while (conn->out_sent < conn->out.size) {
		written = send(conn->context->fd, conn->out.data + conn->out_sent,
			       conn->out.size - conn->out_sent, MSG_NOSIGNAL);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0) {
			wr_redis_conn_fail(conn, now_mono_ns, "lost the connection to Redis: %s",
					   strerror(errno));
			return;
		}
		conn->out_sent += (size_t)written;
	}
	conn->out.size = conn->out_sent = 0;
	if (conn->out.capacity > OUT_KEEP_BYTES)
		wr_buf_fini(&conn->out);
}

void wr_redis_conn_send(struct wr_redis_conn *conn, size_t replies, int64_t now_mono_ns)
{
	WR_CHECK(conn, CONN_MAGIC);
	if (conn->due == 0)
		set_deadline(conn, now_mono_ns, conn->target->command_timeout_ms);
	conn->due += replies;
	write_out(conn, now_mono_ns);
}

/* The other side has closed. A server may do so when a connection asks nothing: that alone is no outage. */
static void end_of_stream(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	if (conn->phase == WR_REDIS_READY && conn->due == 0)
		wait_for_next_attempt(conn, now_mono_ns);
	else
		wr_redis_conn_fail(conn, now_mono_ns, "Redis closed the connection");
}

/* Reads once into the free part of the buffer. False when nothing came. */
static bool read_in(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	size_t left = conn->in_end - conn->in_start;
	ssize_t got;

	if (conn->read_dry || conn->reads_left == 0)
		return false;
	if (conn->in_start > 0 && left > 0)
		memmove(conn->in, conn->in + conn->in_start, left);
	conn->in_start = 0;
	conn->in_end = left;
	do
		got = recv(conn->context->fd, conn->in + left, IN_BYTES - left, 0);
	while (got < 0 && errno == EINTR);
	conn->reads_left--;
	if (got > 0) {
		conn->in_end += (size_t)got;
		conn->read_dry = (size_t)got < IN_BYTES - left;
		return true;
	}
	conn->read_dry = true;
	if (got == 0)
		end_of_stream(conn, now_mono_ns);
	else if (errno != EAGAIN)
		wr_redis_conn_fail(conn, now_mono_ns, "lost the connection to Redis: %s",
				   strerror(errno));
	return false;
}

/* Drops what is there of a long string; true when it is all gone. */
static bool skip(struct wr_redis_conn *conn)
{
	size_t left = conn->in_end - conn->in_start;
	size_t now = left < conn->skip_bytes ? left : conn->skip_bytes;

	conn->in_start += now;
	conn->skip_bytes -= now;
	return conn->skip_bytes == 0;
}

static enum wr_resp_progress parse(struct wr_redis_conn *conn, struct wr_resp_reply *reply_r)
{
	enum wr_resp_progress progress;
	size_t used;

	if (!skip(conn))
		return WR_RESP_PARTIAL;
	progress =
	    wr_resp_parse(conn->in + conn->in_start, conn->in_end - conn->in_start, reply_r, &used);
	if (progress == WR_RESP_REPLY && conn->due == 0)
		return WR_RESP_BROKEN;
	if (progress == WR_RESP_REPLY) {
		conn->in_start += used;
		conn->skip_bytes = reply_r->skip_bytes;
	}
	return progress;
}

bool wr_redis_conn_next(struct wr_redis_conn *conn, struct wr_resp_reply *reply_r,
			int64_t now_mono_ns)
{
	for (;;) {
		if (conn->phase < WR_REDIS_GREETING)
			return false;
		switch (parse(conn, reply_r)) {
		case WR_RESP_REPLY:
			conn->due--;
			set_deadline(conn, now_mono_ns, conn->target->command_timeout_ms);
			return true;
		case WR_RESP_PARTIAL:
			if (!read_in(conn, now_mono_ns))
				return false;
			break;
		case WR_RESP_BROKEN:
			wr_redis_conn_fail(conn, now_mono_ns,
					   "what answers at %.100s does not speak Redis' protocol",
					   conn->target->display);
			return false;
		}
	}
}

/* The replies to the greeting: AUTH and SELECT must succeed, the name may fail, the probe decides. */
static void go_on_greeting(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	struct wr_resp_reply reply;
	char sentence[WR_REDIS_SENTENCE_BYTES];

	while (conn->phase == WR_REDIS_GREETING && conn->due > 0 &&
	       wr_redis_conn_next(conn, &reply, now_mono_ns)) {
		if (reply.kind != WR_RESP_ERROR || conn->due == WR_REDIS_PROBES)
			continue;
		if (wr_redis_refusal_read(reply.text, sentence, sizeof(sentence)) ==
		    WR_REDIS_REFUSES_KEY)
			continue;
		wr_redis_conn_fail(conn, now_mono_ns, "%s", sentence);
		return;
	}
	if (conn->phase == WR_REDIS_GREETING && conn->due == 0)
		conn->phase = WR_REDIS_READY;
	else
		wr_redis_conn_check_overdue(conn, now_mono_ns);
}

void wr_redis_conn_check_overdue(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	if (conn->phase < WR_REDIS_GREETING || conn->due == 0 ||
	    now_mono_ns < conn->deadline_mono_ns || conn->reads_left == 0)
		return;
	wr_redis_conn_fail(conn, now_mono_ns, "Redis gave no reply within redis.command_timeout");
}

static void step(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	switch (conn->phase) {
	case WR_REDIS_WAITING:
		if (now_mono_ns >= conn->deadline_mono_ns)
			begin(conn, now_mono_ns);
		break;
	case WR_REDIS_RESOLVING:
		go_on_resolving(conn, now_mono_ns);
		break;
	case WR_REDIS_CONNECTING:
		go_on_connecting(conn, now_mono_ns);
		break;
	case WR_REDIS_GREETING:
		write_out(conn, now_mono_ns);
		if (conn->phase == WR_REDIS_GREETING)
			go_on_greeting(conn, now_mono_ns);
		break;
	case WR_REDIS_READY:
		write_out(conn, now_mono_ns);
		break;
	}
}

void wr_redis_conn_poll(struct wr_redis_conn *conn, int64_t now_mono_ns)
{
	enum wr_redis_phase before;

	WR_CHECK(conn, CONN_MAGIC);
	conn->reads_left = READS_A_POLL;
	conn->read_dry = false;
	do {
		before = conn->phase;
		step(conn, now_mono_ns);
	} while (conn->phase > before && conn->phase != WR_REDIS_READY);
}

int wr_redis_conn_wait_on(const struct wr_redis_conn *conn, short *events_r,
			  int64_t *deadline_mono_ns_r)
{
	*events_r = POLLIN;
	*deadline_mono_ns_r = conn->deadline_mono_ns;
	switch (conn->phase) {
	case WR_REDIS_WAITING:
		*events_r = 0;
		return -1;
	case WR_REDIS_RESOLVING:
		return wr_redis_resolve_fd(conn->resolve);
	case WR_REDIS_CONNECTING:
		*events_r = POLLOUT;
		return conn->context->fd;
	case WR_REDIS_GREETING:
	case WR_REDIS_READY:
		break;
	}
	if (!wr_redis_conn_is_flushed(conn))
		*events_r = POLLIN | POLLOUT;
	if (conn->due == 0)
		*deadline_mono_ns_r = INT64_MAX;
	return conn->context->fd;
}
