#include "config.h"

#include "run/health.h"

#include "base/check.h"
#include "base/lock.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEALTH_MAGIC UINT32_C(0x4A1E7B03)

struct condition {
	struct condition *next;
	char *component;
	char *reason; /* NULL: none was given */
	bool ready;
	int64_t since_wall_ms; /* of the last change of `ready` */
};

struct wr_health {
	uint32_t magic;
	const struct wr_clock *clock;
	struct wr_lock lock;
	struct condition *first;    /* [lock] */
	bool has_forgotten;         /* [lock] a condition could not be kept: no memory */
	int64_t forgotten_wall_ms;  /* [lock] */
	_Atomic unsigned not_ready; /* written under the lock */
};

enum wr_code wr_health_create(const struct wr_clock *clock, struct wr_health **health_r)
{
	struct wr_health *health;

	*health_r = NULL;
	health = calloc(1, sizeof(*health));
	if (health == NULL)
		return WR_ENOMEM;
	health->magic = HEALTH_MAGIC;
	health->clock = clock;
	wr_lock_init(&health->lock);
	*health_r = health;
	return WR_OK;
}

static void free_condition(struct condition *condition)
{
	if (condition == NULL)
		return;
	free(condition->component);
	free(condition->reason);
	free(condition);
}

void wr_health_destroy(struct wr_health *health)
{
	struct condition *condition, *next;

	if (health == NULL)
		return;
	WR_CHECK(health, HEALTH_MAGIC);
	for (condition = health->first; condition != NULL; condition = next) {
		next = condition->next;
		free_condition(condition);
	}
	wr_lock_fini(&health->lock);
	health->magic = 0;
	free(health);
}

/* The link that points to the component's condition, or to the end. */
static struct condition **find_locked(struct wr_health *health, const char *component)
{
	struct condition **link_p = &health->first;

	wr_lock_assert_held(&health->lock);
	while (*link_p != NULL && strcmp((*link_p)->component, component) != 0)
		link_p = &(*link_p)->next;
	return link_p;
}

static struct condition *make_condition(const char *component)
{
	struct condition *condition = calloc(1, sizeof(*condition));

	if (condition == NULL)
		return NULL;
	condition->ready = true;
	condition->component = strdup(component);
	if (condition->component == NULL) {
		free_condition(condition);
		return NULL;
	}
	return condition;
}

/* Counts what the conditions now say. */
static void recount_locked(struct wr_health *health)
{
	const struct condition *condition;
	unsigned not_ready = health->has_forgotten ? 1 : 0;

	wr_lock_assert_held(&health->lock);
	for (condition = health->first; condition != NULL; condition = condition->next)
		not_ready += condition->ready ? 0 : 1;
	atomic_store(&health->not_ready, not_ready);
}

/* WR_ENOMEM when the reason can't be kept; the readiness is set all the same. */
static enum wr_code change(struct condition *condition, bool ready, const char *reason,
			   int64_t now_wall_ms)
{
	char *copy = NULL;

	if (condition->ready != ready)
		condition->since_wall_ms = now_wall_ms;
	condition->ready = ready;
	if (reason != NULL && condition->reason != NULL && strcmp(condition->reason, reason) == 0)
		return WR_OK;
	if (reason != NULL) {
		copy = strdup(reason);
		if (copy == NULL)
			return WR_ENOMEM;
	}
	free(condition->reason);
	condition->reason = copy;
	return WR_OK;
}

void wr_health_set(struct wr_health *health, const char *component, bool ready, const char *reason)
{
	struct condition **link_p;
	int64_t now_wall_ms;

	WR_CHECK(health, HEALTH_MAGIC);
	now_wall_ms = wr_clock_wall_ms(health->clock);
	wr_lock_take(&health->lock);
	link_p = find_locked(health, component);
	if (*link_p == NULL)
		*link_p = make_condition(component);
	if ((*link_p == NULL && !ready) ||
	    (*link_p != NULL && change(*link_p, ready, reason, now_wall_ms) != WR_OK)) {
		if (!health->has_forgotten)
			health->forgotten_wall_ms = now_wall_ms;
		health->has_forgotten = true;
	}
	recount_locked(health);
	wr_lock_release(&health->lock);
}

void wr_health_clear(struct wr_health *health, const char *component)
{
	struct condition **link_p, *condition;

	WR_CHECK(health, HEALTH_MAGIC);
	wr_lock_take(&health->lock);
	link_p = find_locked(health, component);
	condition = *link_p;
	if (condition != NULL)
		*link_p = condition->next;
	recount_locked(health);
	wr_lock_release(&health->lock);
	free_condition(condition);
}

bool wr_health_ready(const struct wr_health *health)
{
	WR_CHECK(health, HEALTH_MAGIC);
	return atomic_load(&health->not_ready) == 0;
}

static enum wr_code render_time(struct wr_buf *out, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return wr_buf_append_text(out, "null");
	return wr_buf_printf(out, "\"%s.%03dZ\"", text, (int)(wall_ms % 1000));
}

static enum wr_code render_reason(struct wr_buf *out, bool is_first, const char *component,
				  const char *reason, int64_t since_wall_ms)
{
	if (wr_buf_append_text(out, is_first ? "{\"component\":" : ",{\"component\":") != WR_OK ||
	    wr_buf_append_json_string(out, wr_bytes_of(component)) != WR_OK ||
	    wr_buf_append_text(out, ",\"reason\":") != WR_OK ||
	    wr_buf_append_json_string(out, wr_bytes_of(reason != NULL ? reason : "")) != WR_OK ||
	    wr_buf_append_text(out, ",\"since\":") != WR_OK ||
	    render_time(out, since_wall_ms) != WR_OK || wr_buf_append_text(out, "}") != WR_OK)
		return WR_ENOMEM;
	return WR_OK;
}

static enum wr_code render_locked(struct wr_health *health, struct wr_buf *out)
{
	const struct condition *condition;
	bool is_first = true;

	wr_lock_assert_held(&health->lock);
	for (condition = health->first; condition != NULL; condition = condition->next) {
		if (condition->ready)
			continue;
		if (render_reason(out, is_first, condition->component, condition->reason,
				  condition->since_wall_ms) != WR_OK)
			return WR_ENOMEM;
		is_first = false;
	}
	if (health->has_forgotten)
		return render_reason(out, is_first, "memory", "out of memory",
				     health->forgotten_wall_ms);
	return WR_OK;
}

enum wr_code wr_health_render(struct wr_health *health, struct wr_buf *out, bool *ready_r)
{
	size_t start = out->size;
	enum wr_code rc;
	bool ready;

	WR_CHECK(health, HEALTH_MAGIC);
	wr_lock_take(&health->lock);
	ready = atomic_load(&health->not_ready) == 0;
	rc = wr_buf_printf(out, "{\"ready\":%s,\"reasons\":[", ready ? "true" : "false");
	if (rc == WR_OK)
		rc = render_locked(health, out);
	wr_lock_release(&health->lock);
	if (rc == WR_OK)
		rc = wr_buf_append_text(out, "]}");
	if (rc != WR_OK)
		out->size = start;
	if (ready_r != NULL)
		*ready_r = ready;
	return rc;
}
