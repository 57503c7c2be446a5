#include "config.h"

#include "redis/store.h"

#include "base/check.h"
#include "redis/conn.h"
#include "redis/encode.h"
#include "redis/inspect.h"
#include "redis/refusal.h"
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
	struct wr_claim_set *first; /* submitted, oldest first */
	struct wr_claim_set *last;
	struct wr_claim_set *unsent; /* the first of those not sent on this connection */
	size_t skip_first; /* replies of cancelled sets that come before those of `first` */
	uint64_t epoch;    /* of the connection that `sent` and the counts speak of */
};

static struct wr_redis_store *self(struct wr_claim_store *store)
{
	struct wr_redis_store *s = WR_CONTAINER_OF(store, struct wr_redis_store, port);

	WR_CHECK(s, STORE_MAGIC);
	return s;
}

static void submit(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct wr_redis_store *s = self(store);

	WR_ASSERT(!set->submitted);
	wr_arena_reset(&set->found_arena);
	set->done = false;
	set->submitted = true;
	set->next = NULL;
	set->answered = set->skip_after = 0;
	set->sent = false;
	if (s->last != NULL)
		s->last->next = set;
	else
		s->first = set;
	s->last = set;
	if (s->unsent == NULL)
		s->unsent = set;
}

static void unlink_set(struct wr_redis_store *s, struct wr_claim_set *before,
		       struct wr_claim_set *set)
{
	if (before != NULL)
		before->next = set->next;
	else
		s->first = set->next;
	if (s->last == set)
		s->last = before;
	if (s->unsent == set)
		s->unsent = set->next;
	set->next = NULL;
	set->submitted = false;
}

/* The replies that are still due for the set fall to the one before it. */
static void cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct wr_redis_store *s = self(store);
	struct wr_claim_set *before = NULL, *at;
	size_t due = set->sent ? set->count - set->answered + set->skip_after : 0;

	for (at = s->first; at != NULL && at != set; at = at->next)
		before = at;
	WR_ASSERT(at == set);
	if (before != NULL)
		before->skip_after += due;
	else
		s->skip_first += due;
	unlink_set(s, before, set);
}

/* After the connection has ended: all that is not complete is to be sent again. */
static void forget_sent(struct wr_redis_store *s)
{
	struct wr_claim_set *set;

	if (s->epoch == s->conn.epoch)
		return;
	s->epoch = s->conn.epoch;
	s->skip_first = 0;
	for (set = s->first; set != NULL; set = set->next) {
		wr_arena_reset(&set->found_arena);
		set->answered = set->skip_after = 0;
		set->sent = false;
	}
	s->unsent = s->first;
}

/* Writes the sets that wait. A write that is not finished holds the next one back, so that the buffer stays small. */
static void send_sets(struct wr_redis_store *s, int64_t now_mono_ns)
{
	struct wr_claim_set *set;
	size_t replies = 0;

	while (s->conn.phase == WR_REDIS_READY && wr_redis_conn_is_flushed(&s->conn) &&
	       s->unsent != NULL) {
		replies = 0;
		for (set = s->unsent; set != NULL && s->conn.out.size < WRITE_BYTES;
		     set = set->next) {
			if (wr_redis_encode_set(&s->encoder, set, &s->conn.out) != WR_OK) {
				wr_redis_conn_fail(&s->conn, now_mono_ns,
						   "no memory to send claims");
				return;
			}
			set->sent = true;
			replies += set->count;
		}
		s->unsent = set;
		wr_redis_conn_send(&s->conn, replies, now_mono_ns);
	}
}

static void refuse(struct wr_redis_store *s, struct wr_claim *claim, struct wr_bytes error,
		   int64_t now_mono_ns)
{
	char sentence[WR_REDIS_SENTENCE_BYTES];

	switch (wr_redis_refusal_read(error, sentence, sizeof(sentence))) {
	case WR_REDIS_REFUSES_KEY:
		claim->outcome = WR_CLAIM_UNREADABLE;
		break;
	case WR_REDIS_REFUSES_FOR_NOW:
	case WR_REDIS_REFUSES:
		wr_redis_conn_fail(&s->conn, now_mono_ns, "%s", sentence);
		break;
	}
}

static void found(struct wr_redis_store *s, struct wr_claim_set *set, struct wr_claim *claim,
		  struct wr_bytes text, int64_t now_mono_ns)
{
	if (text.size > WR_CLAIM_VALUE_BYTES) {
		claim->outcome = WR_CLAIM_UNREADABLE;
		return;
	}
	claim->outcome = WR_CLAIM_VALUE;
	claim->found = wr_bytes(wr_arena_copy(&set->found_arena, text.data, text.size), text.size);
	if (claim->found.data == NULL)
		wr_redis_conn_fail(&s->conn, now_mono_ns, "no memory for what claims found");
}

static void answer(struct wr_redis_store *s, struct wr_claim_set *set,
		   const struct wr_resp_reply *reply, int64_t now_mono_ns)
{
	struct wr_claim *claim = &set->claims[set->answered++];

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
		refuse(s, claim, reply->text, now_mono_ns);
		break;
	case WR_RESP_STATUS:
	case WR_RESP_INTEGER:
		wr_redis_conn_fail(&s->conn, now_mono_ns,
				   "what answers is no Redis: it does not know SET with GET");
		break;
	}
}

static void complete_first(struct wr_redis_store *s)
{
	struct wr_claim_set *set = s->first;

	s->skip_first += set->skip_after;
	unlink_set(s, NULL, set);
	set->done = true;
}

/* Hands the replies that have come to their claims. A connection that fails meanwhile ends the loop. */
static void take_replies(struct wr_redis_store *s, int64_t now_mono_ns)
{
	struct wr_resp_reply reply;
	bool answered = false;

	while (s->conn.phase == WR_REDIS_READY &&
	       wr_redis_conn_next(&s->conn, &reply, now_mono_ns)) {
		if (s->skip_first > 0) {
			s->skip_first--;
			continue;
		}
		WR_ASSERT(s->first != NULL && s->first->sent);
		answer(s, s->first, &reply, now_mono_ns);
		if (s->conn.phase != WR_REDIS_READY)
			return;
		answered = true;
		while (s->first != NULL && s->first->sent && s->first->answered == s->first->count)
			complete_first(s);
	}
	if (answered && s->conn.phase == WR_REDIS_READY)
		wr_redis_conn_prove(&s->conn);
}

/* Empty sets need no Redis. */
static void complete_empty(struct wr_redis_store *s)
{
	while (s->first != NULL && s->first->count == 0)
		complete_first(s);
}

static void poll_store(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct wr_redis_store *s = self(store);

	wr_redis_conn_poll(&s->conn, now_mono_ns);
	forget_sent(s);
	complete_empty(s);
	send_sets(s, now_mono_ns);
	take_replies(s, now_mono_ns);
	wr_redis_conn_check_overdue(&s->conn, now_mono_ns);
	forget_sent(s);
	/* The probe of the greeting has shown that claims are taken. */
	if (s->conn.phase == WR_REDIS_READY && s->first == NULL)
		wr_redis_conn_prove(&s->conn);
}

static int wait_on(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r)
{
	struct wr_redis_store *s = self(store);
	int fd = wr_redis_conn_wait_on(&s->conn, events_r, deadline_mono_ns_r);

	/* While the socket takes no more, its turning writable is what is waited for. */
	if ((s->conn.phase == WR_REDIS_READY && s->unsent != NULL &&
	     wr_redis_conn_is_flushed(&s->conn)) ||
	    (s->first != NULL && s->first->count == 0))
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

static void destroy(struct wr_claim_store *store)
{
	struct wr_redis_store *s = self(store);

	while (s->first != NULL)
		unlink_set(s, NULL, s->first);
	wr_redis_conn_fini(&s->conn);
	wr_redis_encoder_fini(&s->encoder);
	wr_redis_target_fini(&s->target);
	s->magic = 0;
	free(s);
}

static const struct wr_claim_store_ops ops = {
    .submit = submit,
    .cancel = cancel,
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
