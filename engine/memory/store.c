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
	struct wr_memory_claims *claims; /* NULL: the store `none` */
	struct wr_claim_set *first;      /* submitted, oldest first */
	struct wr_claim_set **last_p;
	int64_t retry_mono_ns; /* while there is no memory */
	bool down;
};

static struct wr_memory_store *self(struct wr_claim_store *store)
{
	struct wr_memory_store *s = WR_CONTAINER_OF(store, struct wr_memory_store, port);

	WR_CHECK(s, STORE_MAGIC);
	return s;
}

static void submit(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct wr_memory_store *s = self(store);

	WR_ASSERT(!set->submitted);
	wr_arena_reset(&set->found_arena);
	set->done = false;
	set->submitted = true;
	set->answered = 0;
	set->next = NULL;
	*s->last_p = set;
	s->last_p = &set->next;
}

static void unlink_set(struct wr_memory_store *s, struct wr_claim_set **link_p)
{
	struct wr_claim_set *set = *link_p;

	*link_p = set->next;
	if (s->last_p == &set->next)
		s->last_p = link_p;
	set->next = NULL;
	set->submitted = false;
}

static void cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct wr_memory_store *s = self(store);
	struct wr_claim_set **link_p = &s->first;

	while (*link_p != NULL && *link_p != set)
		link_p = &(*link_p)->next;
	WR_ASSERT(*link_p == set);
	unlink_set(s, link_p);
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

static enum wr_code claim_set(struct wr_memory_store *s, struct wr_claim_set *set,
			      int64_t now_mono_ns)
{
	enum wr_code rc = WR_OK;

	while (set->answered < set->count && rc == WR_OK) {
		rc = claim_one(s, set, &set->claims[set->answered], now_mono_ns);
		set->answered += rc == WR_OK;
	}
	return rc;
}

static void poll_store(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct wr_memory_store *s = self(store);
	struct wr_claim_set *set;

	while ((set = s->first) != NULL) {
		if (claim_set(s, set, now_mono_ns) != WR_OK) {
			s->down = true;
			s->retry_mono_ns = now_mono_ns + NO_MEMORY_WAIT_NS;
			return;
		}
		unlink_set(s, &s->first);
		set->done = true;
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
		unlink_set(s, &s->first);
	wr_memory_claims_unref(s->claims);
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
