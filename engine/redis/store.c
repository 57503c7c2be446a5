#include "config.h"

#include "redis/store.h"

#include "base/check.h"
#include "base/failpoint.h"
#include "redis/conn.h"
#include "redis/encode.h"
#include "redis/inspect.h"
#include "redis/marks.h"
#include "redis/refusal.h"
#include "redis/request.h"
#include "redis/target.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define STORE_MAGIC UINT32_C(0x57525374)
#define WRITE_BYTES ((size_t)64 * 1024) /* small sets are gathered up to here for one write */

struct wr_redis_store {
	struct wr_claim_store port; /* first */
	uint32_t magic;
	struct wr_redis_target target;
	struct wr_redis_encoder encoder;
	struct wr_redis_conn conn;
	int64_t ttl_ms;
	struct wr_redis_queue waiting; /* not sent on this connection */
	struct wr_redis_queue sent;    /* in the order of their replies; marks stand here too */
	struct wr_redis_marks marks;
	size_t skip_first; /* replies of cancelled requests that come before those of `sent` */
	uint64_t epoch;    /* of the connection that `sent` and the counts speak of */
};

static struct wr_redis_store *self(struct wr_claim_store *store)
{
	struct wr_redis_store *s = WR_CONTAINER_OF(store, struct wr_redis_store, port);

	WR_CHECK(s, STORE_MAGIC);
	return s;
}

static void enqueue(struct wr_redis_store *s, struct wr_claim_store_request *request,
		    enum wr_claim_store_request_kind kind, size_t replies)
{
	*request = (struct wr_claim_store_request){.kind = kind, .replies = replies};
	wr_redis_queue_push(&s->waiting, request);
}

static void submit(struct wr_claim_store *store, struct wr_claim_set *set)
{
	WR_ASSERT(!set->submitted);
	wr_arena_reset(&set->found_arena);
	set->done = false;
	set->submitted = true;
	enqueue(self(store), &set->request, WR_REQUEST_CLAIMS, set->count);
}

static void query_marks(struct wr_claim_store *store, struct wr_mark_query *query)
{
	WR_ASSERT(!query->submitted);
	wr_arena_reset(&query->arena);
	query->done = false;
	query->submitted = true;
	enqueue(self(store), &query->request, WR_REQUEST_QUERY, query->count);
}

/* The replies that are still due for the request fall to the one before it. */
static void forget_request(struct wr_redis_store *s, struct wr_claim_store_request *request)
{
	struct wr_claim_store_request *before;
	size_t due = request->replies - request->answered + request->skip_after;
	bool is_there = wr_redis_queue_remove(&s->waiting, request, &before);

	if (is_there)
		return;
	is_there = wr_redis_queue_remove(&s->sent, request, &before);
	WR_ASSERT(is_there);
	if (before != NULL)
		before->skip_after += due;
	else
		s->skip_first += due;
}

static void cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	WR_ASSERT(set->submitted);
	forget_request(self(store), &set->request);
	set->submitted = false;
}

static void cancel_query(struct wr_claim_store *store, struct wr_mark_query *query)
{
	WR_ASSERT(query->submitted);
	forget_request(self(store), &query->request);
	query->submitted = false;
}

static enum wr_code put_mark(struct wr_claim_store *store, const struct wr_mark_write *mark)
{
	return wr_redis_marks_put(&self(store)->marks, mark);
}

static void yield_mark(struct wr_claim_store *store, struct wr_bytes field)
{
	struct wr_redis_store *s = self(store);
	struct wr_claim_store_request *at;

	wr_redis_marks_yield(&s->marks, field);
	for (at = s->sent.first; at != NULL; at = at->next) {
		if (at->kind == WR_REQUEST_MARK &&
		    wr_bytes_equal(wr_redis_mark_of(at)->field, field))
			wr_redis_mark_of(at)->anyway = false;
	}
}

static size_t marks_waiting(struct wr_claim_store *store)
{
	return self(store)->marks.count;
}

/* After the connection has ended: all that is not complete is to be sent again, the newest goes back first. */
static void forget_sent(struct wr_redis_store *s)
{
	struct wr_claim_store_request *request, *newest_first = NULL;

	if (s->epoch == s->conn.epoch)
		return;
	s->epoch = s->conn.epoch;
	s->skip_first = 0;
	while (s->sent.first != NULL) {
		request = wr_redis_queue_pop(&s->sent);
		request->next = newest_first;
		newest_first = request;
	}
	while ((request = newest_first) != NULL) {
		newest_first = request->next;
		wr_redis_request_begin_anew(request);
		if (request->kind == WR_REQUEST_MARK) {
			wr_redis_marks_give_back(&s->marks, wr_redis_mark_of(request));
			continue;
		}
		wr_redis_queue_push_first(&s->waiting, request);
	}
}

static enum wr_code encode(struct wr_redis_store *s, struct wr_claim_store_request *request)
{
	struct wr_buf *out = &s->conn.out;
	enum wr_code rc = WR_OK;

	switch (request->kind) {
	case WR_REQUEST_CLAIMS:
		rc = wr_redis_encode_set(&s->encoder, wr_redis_set_of(request), out);
		break;
	case WR_REQUEST_QUERY:
		rc = wr_redis_encode_query(&s->encoder, wr_redis_query_of(request), out);
		break;
	case WR_REQUEST_MARK:
		rc = wr_redis_encode_mark(&s->encoder, wr_redis_mark_of(request), out);
		break;
	}
	return rc;
}

/* The marks first, then requests up to the size of a write. */
static struct wr_claim_store_request *next_to_send(struct wr_redis_store *s)
{
	struct wr_redis_mark *mark = wr_redis_marks_take(&s->marks);

	if (mark != NULL)
		return &mark->request;
	if (s->waiting.first == NULL || s->conn.out.size >= WRITE_BYTES)
		return NULL;
	return wr_redis_queue_pop(&s->waiting);
}

static bool has_to_send(const struct wr_redis_store *s)
{
	return s->waiting.first != NULL || s->marks.first != NULL;
}

/* Writes what waits. A write that is not finished holds the next one back, so that the buffer stays small. */
static void send_waiting(struct wr_redis_store *s, int64_t now_mono_ns)
{
	struct wr_claim_store_request *request;
	size_t replies;

	while (s->conn.phase == WR_REDIS_READY && wr_redis_conn_is_flushed(&s->conn) &&
	       has_to_send(s)) {
		replies = 0;
		while ((request = next_to_send(s)) != NULL) {
			wr_redis_queue_push(&s->sent, request);
			if (encode(s, request) != WR_OK) {
				wr_redis_conn_fail(&s->conn, now_mono_ns,
						   "no memory to send claims");
				return;
			}
			replies += request->replies;
		}
		wr_redis_conn_send(&s->conn, replies, now_mono_ns);
	}
}

/* Whether it concerns this key only; else the connection ends. */
static bool is_of_key(struct wr_redis_store *s, struct wr_bytes error, int64_t now_mono_ns)
{
	char sentence[WR_REDIS_SENTENCE_BYTES];

	switch (wr_redis_refusal_read(error, sentence, sizeof(sentence))) {
	case WR_REDIS_REFUSES_KEY:
		return true;
	case WR_REDIS_REFUSES_SCRIPT:
		wr_redis_conn_renew(&s->conn, now_mono_ns);
		break;
	case WR_REDIS_REFUSES_FOR_NOW:
	case WR_REDIS_REFUSES:
		wr_redis_conn_fail(&s->conn, now_mono_ns, "%s", sentence);
		break;
	}
	return false;
}

static struct wr_bytes keep(struct wr_redis_store *s, struct wr_arena *arena, struct wr_bytes text,
			    int64_t now_mono_ns)
{
	struct wr_bytes kept = wr_bytes(wr_arena_copy(arena, text.data, text.size), text.size);

	if (kept.data == NULL)
		wr_redis_conn_fail(&s->conn, now_mono_ns, "no memory for what Redis answered");
	return kept;
}

static void found(struct wr_redis_store *s, struct wr_claim_set *set, struct wr_claim *claim,
		  struct wr_bytes text, int64_t now_mono_ns)
{
	if (text.size > WR_CLAIM_VALUE_BYTES) {
		claim->outcome = WR_CLAIM_UNREADABLE;
		return;
	}
	claim->outcome = WR_CLAIM_VALUE;
	claim->found = keep(s, &set->found_arena, text, now_mono_ns);
}

static void answer_claim(struct wr_redis_store *s, struct wr_claim_set *set,
			 const struct wr_resp_reply *reply, int64_t now_mono_ns)
{
	struct wr_claim *claim = &set->claims[set->request.answered++];

	claim->found = wr_bytes(NULL, 0);
	switch (reply->kind) {
	case WR_RESP_NIL:
		claim->outcome = WR_CLAIM_NOTHING;
		break;
	case WR_RESP_STRING:
		found(s, set, claim, reply->text, now_mono_ns);
		break;
	case WR_RESP_LONG_STRING:
		claim->outcome = WR_CLAIM_UNREADABLE;
		break;
	case WR_RESP_ERROR:
		if (is_of_key(s, reply->text, now_mono_ns))
			claim->outcome = WR_CLAIM_UNREADABLE;
		break;
	case WR_RESP_STATUS:
	case WR_RESP_INTEGER:
		wr_redis_conn_fail(&s->conn, now_mono_ns,
				   "what answers is no Redis: it does not know SET with GET");
		break;
	}
}

static void answer_query(struct wr_redis_store *s, struct wr_mark_query *query,
			 const struct wr_resp_reply *reply, int64_t now_mono_ns)
{
	struct wr_bytes *text = &query->texts[query->request.answered++], kept;

	*text = wr_bytes(NULL, 0);
	switch (reply->kind) {
	case WR_RESP_NIL:
		break;
	case WR_RESP_STRING:
		kept = wr_redis_mark_text(reply->text);
		if (kept.size > WR_CLAIM_STORE_MARK_BYTES)
			kept.size = 0;
		*text = keep(s, &query->arena, kept, now_mono_ns);
		break;
	case WR_RESP_LONG_STRING:
		*text = wr_bytes("", 0);
		break;
	case WR_RESP_ERROR:
		if (is_of_key(s, reply->text, now_mono_ns))
			*text = wr_bytes("", 0);
		break;
	case WR_RESP_STATUS:
	case WR_RESP_INTEGER:
		wr_redis_conn_fail(&s->conn, now_mono_ns,
				   "what answers is no Redis: it does not know HGET");
		break;
	}
}

/* A mark that can't be written because something else is in the marks' place is given up: the lane has seen it. */
static void answer_mark(struct wr_redis_store *s, struct wr_redis_mark *mark,
			const struct wr_resp_reply *reply, int64_t now_mono_ns)
{
	mark->request.answered++;
	if (reply->kind == WR_RESP_ERROR)
		(void)is_of_key(s, reply->text, now_mono_ns);
}

static void answer(struct wr_redis_store *s, const struct wr_resp_reply *reply, int64_t now_mono_ns)
{
	struct wr_claim_store_request *request = s->sent.first;

	WR_ASSERT(request != NULL);
	switch (request->kind) {
	case WR_REQUEST_CLAIMS:
		answer_claim(s, wr_redis_set_of(request), reply, now_mono_ns);
		break;
	case WR_REQUEST_QUERY:
		answer_query(s, wr_redis_query_of(request), reply, now_mono_ns);
		break;
	case WR_REQUEST_MARK:
		answer_mark(s, wr_redis_mark_of(request), reply, now_mono_ns);
		break;
	}
}

static void complete_first(struct wr_redis_store *s, struct wr_redis_queue *queue)
{
	struct wr_claim_store_request *request = wr_redis_queue_pop(queue);

	s->skip_first += request->skip_after;
	if (request->kind == WR_REQUEST_MARK) {
		WR_FAILPOINT(after_mark);
		wr_redis_marks_drop(&s->marks, wr_redis_mark_of(request));
	} else {
		wr_redis_request_end(request, true);
	}
}

/* The queue whose first request has all its replies, NULL when there is none: empty requests need no Redis. */
static struct wr_redis_queue *answered(struct wr_redis_store *s)
{
	struct wr_redis_queue *queue = s->sent.first != NULL ? &s->sent : &s->waiting;

	if (queue->first == NULL || queue->first->answered < queue->first->replies)
		return NULL;
	return queue;
}

static void complete_answered(struct wr_redis_store *s)
{
	struct wr_redis_queue *queue;

	while ((queue = answered(s)) != NULL)
		complete_first(s, queue);
}

/* Hands the replies that have come to their requests. A connection that fails meanwhile ends the loop. */
static void take_replies(struct wr_redis_store *s, int64_t now_mono_ns)
{
	struct wr_resp_reply reply;
	bool proved = false;

	while (s->conn.phase == WR_REDIS_READY &&
	       wr_redis_conn_next(&s->conn, &reply, now_mono_ns)) {
		if (s->skip_first > 0) {
			s->skip_first--;
			continue;
		}
		answer(s, &reply, now_mono_ns);
		if (s->conn.phase != WR_REDIS_READY)
			return;
		proved = true;
		if (s->sent.first->answered == s->sent.first->replies)
			complete_answered(s);
	}
	if (proved && s->conn.phase == WR_REDIS_READY)
		wr_redis_conn_prove(&s->conn);
}

static void poll_store(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct wr_redis_store *s = self(store);

	wr_redis_conn_poll(&s->conn, now_mono_ns);
	forget_sent(s);
	complete_answered(s);
	send_waiting(s, now_mono_ns);
	take_replies(s, now_mono_ns);
	wr_redis_conn_check_overdue(&s->conn, now_mono_ns);
	forget_sent(s);
	/* The probe of the greeting has shown that claims are taken. */
	if (s->conn.phase == WR_REDIS_READY && s->sent.first == NULL && !has_to_send(s))
		wr_redis_conn_prove(&s->conn);
}

static int wait_on(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r)
{
	struct wr_redis_store *s = self(store);
	int fd = wr_redis_conn_wait_on(&s->conn, events_r, deadline_mono_ns_r);

	/* While the socket takes no more, its turning writable is what is waited for. */
	if ((s->conn.phase == WR_REDIS_READY && has_to_send(s) &&
	     wr_redis_conn_is_flushed(&s->conn)) ||
	    answered(s) != NULL)
		*deadline_mono_ns_r = 0;
	return fd;
}

static enum wr_claim_store_state state(struct wr_claim_store *store, const char **reason_r)
{
	struct wr_redis_store *s = self(store);
	bool up = wr_redis_conn_is_up(&s->conn);

	if (reason_r != NULL)
		*reason_r = up ? NULL : s->conn.reason;
	return up ? WR_CLAIM_STORE_UP : WR_CLAIM_STORE_DOWN;
}

static enum wr_code inspect(struct wr_claim_store *store,
			    void (*tell)(void *arg, enum wr_log_level level, const char *sentence),
			    void *arg, struct wr_err *err)
{
	struct wr_redis_store *s = self(store);

	return wr_redis_inspect(&s->target, &s->encoder, s->ttl_ms, tell, arg, err);
}

static void drop_all(struct wr_redis_store *s, struct wr_redis_queue *queue)
{
	struct wr_claim_store_request *request;

	while (queue->first != NULL) {
		request = wr_redis_queue_pop(queue);
		if (request->kind == WR_REQUEST_MARK)
			wr_redis_marks_drop(&s->marks, wr_redis_mark_of(request));
		else
			wr_redis_request_end(request, false);
	}
}

static void destroy(struct wr_claim_store *store)
{
	struct wr_redis_store *s = self(store);

	drop_all(s, &s->sent);
	drop_all(s, &s->waiting);
	wr_redis_marks_fini(&s->marks);
	wr_redis_conn_fini(&s->conn);
	wr_redis_encoder_fini(&s->encoder);
	wr_redis_target_fini(&s->target);
	s->magic = 0;
	free(s);
}

static const struct wr_claim_store_ops ops = {
    .submit = submit,
    .cancel = cancel,
    .query_marks = query_marks,
    .cancel_query = cancel_query,
    .put_mark = put_mark,
    .yield_mark = yield_mark,
    .marks_waiting = marks_waiting,
    .poll = poll_store,
    .wait_on = wait_on,
    .state = state,
    .inspect = inspect,
    .destroy = destroy,
};

enum wr_code wr_redis_store_create(const struct wr_conf_redis *conf, const char *pipeline,
				   int64_t ttl_ms, const struct wr_clock *clock,
				   struct wr_claim_store **store_r, struct wr_err *err)
{
	struct wr_redis_store *s = calloc(1, sizeof(*s));
	uint64_t seed =
	    (uint64_t)wr_clock_mono_ns(clock) ^ (uint64_t)(uintptr_t)s ^ (uint64_t)getpid() << 32;
	enum wr_code rc;

	*store_r = NULL;
	if (s == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a claim store");
	s->port.ops = &ops;
	s->magic = STORE_MAGIC;
	s->ttl_ms = ttl_ms;
	rc = wr_redis_target_init(&s->target, conf, pipeline);
	if (wr_redis_encoder_init(&s->encoder, pipeline, ttl_ms) != WR_OK)
		rc = WR_ENOMEM;
	if (wr_redis_conn_init(&s->conn, &s->target, &s->encoder, seed) != WR_OK)
		rc = WR_ENOMEM;
	s->epoch = s->conn.epoch;
	if (rc != WR_OK) {
		destroy(&s->port);
		return wr_err_set(err, rc, "no memory for a claim store");
	}
	*store_r = &s->port;
	return WR_OK;
}
