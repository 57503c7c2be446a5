/*
 * One call of a handler: prepare the events, call, and settle what each result means. Per event it costs a few
 * stores; nothing is allocated or hashed unless a handler asks for a retry.
 */
#include "config.h"

#include "host/call.h"

#include "base/check.h"
#include "base/map.h"

#include <string.h>

#define NO_RESULT "no-result"
#define UNKNOWN_VERDICT "unknown-verdict"
#define UNKNOWN_OUTPUT "unknown-output"
#define OUT_OF_MEMORY "out-of-memory"

struct wr_event *wr_call_event_of_result(struct wr_call *c, const struct weir_result *result)
{
	if (c->current < c->count && &c->events[c->current]->res == result)
		return c->events[c->current];
	for (size_t i = 0; i < c->count; i++) {
		if (&c->events[i]->res == result) {
			c->current = i;
			return c->events[i];
		}
	}
	return NULL;
}

struct wr_event *wr_call_event_of_public(struct wr_call *c, const struct weir_event *event)
{
	if (c->current < c->count && &c->events[c->current]->pub == event)
		return c->events[c->current];
	for (size_t i = 0; i < c->count; i++) {
		if (&c->events[i]->pub == event) {
			c->current = i;
			return c->events[i];
		}
	}
	return NULL;
}

static uint64_t *bits_of(struct wr_call *c, uint64_t hash, uint64_t *bit_r)
{
	*bit_r = UINT64_C(1) << (hash & 63);
	return &c->waiting_bits[hash >> 6 & (WR_COUNT_OF(c->waiting_bits) - 1)];
}

static bool key_waits(struct wr_call *c, struct weir_bytes key, uint64_t hash)
{
	uint64_t *bits, bit;

	bits = bits_of(c, hash, &bit);
	if ((*bits & bit) == 0)
		return false;
	for (size_t i = 0; i < c->waiting_count; i++) {
		if (c->waiting[i] == hash &&
		    wr_bytes_equal(wr_bytes_from(c->events[c->waiting_for[i]]->source_key),
				   wr_bytes_from(key)))
			return true;
	}
	return false;
}

/* Remembers the key of event i, behind which later ones wait. It is the key as it came: a stage may change it, but the
 * order that is kept is the source's. */
static void wait_behind(struct wr_call *c, size_t i)
{
	struct weir_bytes key = c->events[i]->source_key;
	uint64_t hash, *bits, bit;

	if (key.data == NULL)
		return;
	if (c->waiting_count == 0)
		memset(c->waiting_bits, 0, sizeof(c->waiting_bits));
	hash = wr_hash(wr_bytes_from(key));
	if (key_waits(c, key, hash))
		return;
	bits = bits_of(c, hash, &bit);
	*bits |= bit;
	c->waiting[c->waiting_count] = hash;
	c->waiting_for[c->waiting_count++] = i;
}

bool wr_call_begin(struct weir_call *pub, size_t i)
{
	struct wr_call *c = wr_call_of(pub);
	struct wr_event *event;

	if (i >= c->count)
		return false;
	for (; c->looked_at < i; c->looked_at++) {
		if (c->events[c->looked_at]->res.verdict == WEIR_RETRY)
			wait_behind(c, c->looked_at);
	}
	c->current = i;
	if (c->waiting_count == 0)
		return true;
	event = c->events[i];
	if (event->source_key.data == NULL)
		return true;
	event->effects.deferred =
	    key_waits(c, event->source_key, wr_hash(wr_bytes_from(event->source_key)));
	return !event->effects.deferred;
}

static void fail(struct wr_event *event, const char *code, const char *message)
{
	event->res.verdict = WEIR_FAIL;
	event->effects.code = code;
	event->effects.message = message;
	wr_effects_forget(&event->effects);
}

static void settle_ok(struct wr_call *c, struct wr_event *event)
{
	if (event->res.output >= wr_call_instance(c)->pipeline->conf->output_count) {
		fail(event, UNKNOWN_OUTPUT,
		     "the handler named an output that the pipeline has not");
		return;
	}
	if (event->res.output != WEIR_OUTPUT_DEFAULT)
		event->output = event->res.output;
}

static void settle_effects(struct wr_call *c, struct wr_event *event, bool changes)
{
	if (wr_effects_apply(event, c->arena, changes) == WR_OK)
		return;
	event->res.verdict = WEIR_RETRY;
	event->effects.code = OUT_OF_MEMORY;
	event->effects.message = "no memory for what the handler changed";
	wr_effects_forget(&event->effects);
}

static bool has_effects(const struct wr_effects *fx)
{
	return fx->has_value || fx->has_key || fx->header_changes != NULL ||
	       fx->emits.first != NULL;
}

/* What the handler's result means. It may be any number at all. */
static void settle(struct wr_call *c, struct wr_event *event, int rc)
{
	if (event->effects.deferred) {
		event->res.verdict = WEIR_UNSET;
		wr_effects_forget(&event->effects);
		return;
	}
	if (event->res.verdict == WEIR_UNSET && rc != 0)
		event->res.verdict = WEIR_RETRY;
	switch ((int)event->res.verdict) {
	case WEIR_OK:
		settle_ok(c, event);
		if (event->res.verdict == WEIR_OK && has_effects(&event->effects))
			settle_effects(c, event, true);
		break;
	case WEIR_DROP:
		if (has_effects(&event->effects))
			settle_effects(c, event, false);
		break;
	case WEIR_RETRY:
	case WEIR_FAIL:
		wr_effects_forget(&event->effects);
		break;
	case WEIR_UNSET:
		fail(event, NO_RESULT, "the handler returned without a verdict for this event");
		break;
	default:
		fail(event, UNKNOWN_VERDICT,
		     "the handler gave a verdict that this weir does not know");
		break;
	}
}

static void prepare(struct wr_instances *all, struct wr_event *const *events, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct wr_event *event = events[i];

		event->pub.size = (uint32_t)sizeof(event->pub);
		event->res = (struct weir_result){.size = (uint32_t)sizeof(event->res)};
		event->effects.deferred = false;
		event->effects.code = NULL;
		event->effects.message = NULL;
		wr_effects_forget(&event->effects);
		all->public_events[i] = &event->pub;
		all->results[i] = &event->res;
	}
}

void wr_instances_process(struct wr_instances *all, uint32_t stage, struct wr_event *const *events,
			  size_t n, struct wr_arena *arena, struct wr_json_cache *json,
			  int64_t deadline_mono_ns)
{
	struct wr_instance *instance;
	struct wr_call *c;
	int rc;

	WR_CHECK(all, WR_INSTANCES_MAGIC);
	WR_ASSERT(stage < all->count && n <= all->capacity);
	if (n == 0)
		return;
	instance = &all->items[stage];
	c = &instance->call;
	prepare(all, events, n);
	c->pub.deadline_mono_ns = deadline_mono_ns;
	c->events = events;
	c->count = n;
	c->arena = arena;
	c->json = json;
	c->current = 0;
	c->looked_at = 0;
	c->waiting = all->waiting;
	c->waiting_for = all->waiting_for;
	c->waiting_count = 0;
	rc = instance->stage->plugin->entry->process(instance->self, &c->pub, all->public_events,
						     all->results, n);
	for (size_t i = 0; i < n; i++)
		settle(c, events[i], rc);
	c->count = 0;
	c->arena = NULL;
	c->json = NULL;
	c->events = NULL;
}
