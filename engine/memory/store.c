#include "config.h"

#include "memory/store.h"

#include "base/check.h"
#include "base/clock.h"

#include <stdlib.h>

#define STORE_MAGIC UINT32_C(0x57524D53)
#define NO_MEMORY_WAIT_NS (INT64_C(100) * WR_NS_PER_MS)

struct wr_memory_store {
	struct wr_claim_store port; /* first */
	uint32_t magic;
	struct wr_memory_claims *claims;      /* NULL: the store `none` */
	struct wr_claim_store_request *first; /* submitted, oldest first */
	struct wr_claim_store_request **last_p;
	int64_t retry_mono_ns; /* while there is no memory */
	bool down;
};

static struct wr_memory_store *self(struct wr_claim_store *store)
{
	struct wr_memory_store *s = WR_CONTAINER_OF(store, struct wr_memory_store, port);

	WR_CHECK(s, STORE_MAGIC);
	return s;
}

static struct wr_claim_set *set_of(struct wr_claim_store_request *request)
{
	return WR_CONTAINER_OF(request, struct wr_claim_set, request);
}

static struct wr_mark_query *query_of(struct wr_claim_store_request *request)
{
	return WR_CONTAINER_OF(request, struct wr_mark_query, request);
}

static void enqueue(struct wr_memory_store *s, struct wr_claim_store_request *request,
		    enum wr_claim_store_request_kind kind, size_t replies)
{
	*request = (struct wr_claim_store_request){.kind = kind, .replies = replies};
	*s->last_p = request;
	s->last_p = &request->next;
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

static void unlink_request(struct wr_memory_store *s, struct wr_claim_store_request **link_p)
{
	struct wr_claim_store_request *request = *link_p;

	*link_p = request->next;
	if (s->last_p == &request->next)
		s->last_p = link_p;
	request->next = NULL;
	if (request->kind == WR_REQUEST_CLAIMS)
		set_of(request)->submitted = false;
	else
		query_of(request)->submitted = false;
}

static void forget_request(struct wr_memory_store *s, struct wr_claim_store_request *request)
{
	struct wr_claim_store_request **link_p = &s->first;

	while (*link_p != NULL && *link_p != request)
		link_p = &(*link_p)->next;
	WR_ASSERT(*link_p == request);
	unlink_request(s, link_p);
}

static void cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	forget_request(self(store), &set->request);
}

static void cancel_query(struct wr_claim_store *store, struct wr_mark_query *query)
{
	forget_request(self(store), &query->request);
}

/* In memory a mark is written at once: none ever waits. */
static enum wr_code put_mark(struct wr_claim_store *store, const struct wr_mark_write *mark)
{
	struct wr_memory_store *s = self(store);

	if (s->claims == NULL)
		return WR_OK;
	return wr_memory_marks_put(wr_memory_claims_marks(s->claims), mark);
}

static void yield_mark(struct wr_claim_store *store, struct wr_bytes field)
{
	(void)self(store);
	(void)field;
}

static size_t marks_waiting(struct wr_claim_store *store)
{
	(void)self(store);
	return 0;
}

static enum wr_code claim_one(struct wr_memory_store *s, struct wr_claim_set *set,
			      struct wr_claim *claim, int64_t now_mono_ns)
{
	if (s->claims != NULL)
		return wr_memory_claims_claim(s->claims, claim, &set->found_arena, now_mono_ns);
	claim->outcome = WR_CLAIM_NOTHING;
	claim->found = wr_bytes(NULL, 0);
	return WR_OK;
}

static enum wr_code read_one(struct wr_memory_store *s, struct wr_mark_query *query, size_t i)
{
	query->texts[i] = wr_bytes(NULL, 0);
	if (s->claims == NULL)
		return WR_OK;
	return wr_memory_marks_get(wr_memory_claims_marks(s->claims), query->fields[i],
				   &query->arena, &query->texts[i]);
}

static enum wr_code answer_one(struct wr_memory_store *s, struct wr_claim_store_request *request,
			       int64_t now_mono_ns)
{
	size_t i = request->answered;

	if (request->kind == WR_REQUEST_QUERY)
		return read_one(s, query_of(request), i);
	return claim_one(s, set_of(request), &set_of(request)->claims[i], now_mono_ns);
}

static enum wr_code answer(struct wr_memory_store *s, struct wr_claim_store_request *request,
			   int64_t now_mono_ns)
{
	enum wr_code rc = WR_OK;

	while (request->answered < request->replies && rc == WR_OK) {
		rc = answer_one(s, request, now_mono_ns);
		request->answered += rc == WR_OK;
	}
	return rc;
}

static void poll_store(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct wr_memory_store *s = self(store);
	struct wr_claim_store_request *request;

	while ((request = s->first) != NULL) {
		if (answer(s, request, now_mono_ns) != WR_OK) {
			s->down = true;
			s->retry_mono_ns = now_mono_ns + NO_MEMORY_WAIT_NS;
			return;
		}
		unlink_request(s, &s->first);
		if (request->kind == WR_REQUEST_CLAIMS)
			set_of(request)->done = true;
		else
			query_of(request)->done = true;
	}
	s->down = false;
}

static int wait_on(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r)
{
	struct wr_memory_store *s = self(store);

	*events_r = 0;
	*deadline_mono_ns_r = INT64_MAX;
	if (s->down)
		*deadline_mono_ns_r = s->retry_mono_ns;
	else if (s->first != NULL)
		*deadline_mono_ns_r = 0;
	return -1;
}

static enum wr_claim_store_state state(struct wr_claim_store *store, const char **reason_r)
{
	struct wr_memory_store *s = self(store);

	if (reason_r != NULL)
		*reason_r = s->down ? "the process has no memory for more claims" : NULL;
	return s->down ? WR_CLAIM_STORE_DOWN : WR_CLAIM_STORE_UP;
}

static enum wr_code inspect(struct wr_claim_store *store,
			    void (*tell)(void *arg, enum wr_log_level level, const char *sentence),
			    void *arg, struct wr_err *err)
{
	struct wr_memory_store *s = self(store);

	(void)err;
	if (s->claims != NULL)
		tell(arg, WR_LOG_WARN,
		     "claims are kept in this process's memory: a restart forgets them and other "
		     "processes don't see them, so duplicates can pass");
	else
		tell(arg, WR_LOG_WARN,
		     "no claims are kept: an event that comes twice is processed twice");
	return WR_OK;
}

static void destroy(struct wr_claim_store *store)
{
	struct wr_memory_store *s = self(store);

	while (s->first != NULL)
		unlink_request(s, &s->first);
	wr_memory_claims_unref(s->claims);
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

static enum wr_code create(struct wr_memory_claims *claims, struct wr_claim_store **store_r,
			   struct wr_err *err)
{
	struct wr_memory_store *s = calloc(1, sizeof(*s));

	*store_r = NULL;
	if (s == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a claim store");
	s->port.ops = &ops;
	s->magic = STORE_MAGIC;
	s->claims = claims != NULL ? wr_memory_claims_ref(claims) : NULL;
	s->last_p = &s->first;
	*store_r = &s->port;
	return WR_OK;
}

enum wr_code wr_memory_store_create(struct wr_memory_claims *claims,
				    struct wr_claim_store **store_r, struct wr_err *err)
{
	WR_ASSERT(claims != NULL);
	return create(claims, store_r, err);
}

enum wr_code wr_none_store_create(struct wr_claim_store **store_r, struct wr_err *err)
{
	return create(NULL, store_r, err);
}
