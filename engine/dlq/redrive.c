#include "config.h"

#include "dlq/redrive.h"

#include "base/check.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 250   /* between two looks at who the owner is */
#define AGAIN_MS 5000 /* before what failed is tried again */

static const char *const states[] = {
#define X(name, text) [name] = (text),
    WR_REDRIVE_STATES(X)
#undef X
};

static const struct wr_metric_family redrives = {
    .name = "weir_dlq_redrives_total",
    .help = "Dead letters that were sent round again on schedule.",
    .kind = WR_METRIC_COUNTER};

/* Settings. -------------------------------------------------------------------------------------------------------- */

static struct wr_redrive_policy policy_of(const struct wr_conf_redrive *conf)
{
	if (!conf->configured)
		return (struct wr_redrive_policy){.every_ms = 0};
	return (struct wr_redrive_policy){
	    .every_ms = conf->every_ms,
	    .max = conf->max,
	    .rate = conf->rate,
	    .classes = wr_class_set(conf->classes.items, conf->classes.count)};
}

static bool is_same(const struct wr_redrive_policy *a, const struct wr_redrive_policy *b)
{
	return a->every_ms == b->every_ms && a->max == b->max && a->rate == b->rate &&
	       a->classes == b->classes;
}

static struct wr_redrive *find_locked(struct wr_dlq_service *s, const char *pipeline)
{
	struct wr_redrive *r = s->redrives;

	wr_lock_assert_held(&s->lock);
	while (r != NULL && strcmp(r->pipeline, pipeline) != 0)
		r = r->next;
	return r;
}

static struct wr_redrive *add_locked(struct wr_dlq_service *s, const char *pipeline)
{
	const struct wr_metric_label label = {"pipeline", pipeline};
	struct wr_redrive *r = calloc(1, sizeof(*r));

	wr_lock_assert_held(&s->lock);
	if (r == NULL)
		return NULL;
	r->pipeline = strdup(pipeline);
	if (r->pipeline == NULL) {
		free(r);
		return NULL;
	}
	r->service = s;
	wr_lock_init_condition(&r->wake);
	r->redriven = wr_metrics_cell(s->metrics, &redrives, &label, 1);
	r->next = s->redrives;
	s->redrives = r;
	return r;
}

/* What is not known without memory stays as it was. */
static enum wr_code set_locked(struct wr_redrive *r, const struct wr_redrive_policy *policy,
			       const char *source, struct wr_dlq_site *site)
{
	char *copy;

	wr_lock_assert_held(&r->service->lock);
	if (is_same(&r->policy, policy) && r->site == site &&
	    (source == NULL || (r->source != NULL && strcmp(r->source, source) == 0)))
		return WR_OK;
	if (source != NULL) {
		copy = strdup(source);
		if (copy == NULL)
			return WR_ENOMEM;
		free(r->source);
		r->source = copy;
	}
	r->policy = *policy;
	r->site = site;
	r->version++;
	pthread_cond_signal(&r->wake);
	return WR_OK;
}

static enum wr_code configure_locked(struct wr_dlq_service *s, const struct wr_conf_pipeline *p)
{
	const struct wr_redrive_policy policy = policy_of(&p->redrive);
	struct wr_redrive *r = find_locked(s, p->name);

	if (r == NULL && !p->redrive.configured)
		return WR_OK;
	if (r == NULL)
		r = add_locked(s, p->name);
	if (r == NULL)
		return WR_ENOMEM;
	return set_locked(r, &policy, p->topics.items[0], wr_dlq_site_locked(s, p->dlq_topic));
}

enum wr_code wr_redrive_configure(struct wr_dlq_service *s, const struct wr_conf *conf)
{
	const struct wr_redrive_policy off = {.every_ms = 0};
	enum wr_code rc = WR_OK;

	wr_lock_take(&s->lock);
	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++)
		rc = configure_locked(s, &conf->pipelines[i]);
	for (struct wr_redrive *r = s->redrives; r != NULL && rc == WR_OK; r = r->next) {
		if (wr_conf_find_pipeline(conf, r->pipeline) == NULL)
			rc = set_locked(r, &off, NULL, r->site);
	}
	wr_lock_release(&s->lock);
	return rc;
}

/* The thread. ------------------------------------------------------------------------------------------------------ */

static bool is_stopping(const struct wr_redrive *r)
{
	return atomic_load(&r->service->is_stopping);
}

bool wr_redrive_is_owner(struct wr_redrive *r)
{
	struct wr_dlq_service *s = r->service;
	char source[256];

	wr_lock_take(&s->lock);
	snprintf(source, sizeof(source), "%s", r->source != NULL ? r->source : "");
	wr_lock_release(&s->lock);
	return s->owns != NULL && s->owns(s->owns_arg, r->pipeline, source);
}

static void show(struct wr_redrive *r, enum wr_redrive_state state, const char *reason)
{
	int64_t left_ns = r->next_mono_ns - wr_clock_mono_ns(&wr_clock_real);

	wr_lock_take(&r->service->lock);
	r->state = state;
	r->next_wall_ms =
	    state == WR_REDRIVE_WAITING || state == WR_REDRIVE_FAILED
		? wr_clock_wall_ms(&wr_clock_real) + (left_ns > 0 ? left_ns / WR_NS_PER_MS : 0)
		: 0;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	wr_lock_release(&r->service->lock);
}

static void wait(struct wr_redrive *r, int64_t ms)
{
	struct wr_dlq_service *s = r->service;
	int64_t end = wr_clock_mono_ns(&wr_clock_real) + ms * WR_NS_PER_MS;

	wr_lock_take(&s->lock);
	while (!is_stopping(r) && r->version == r->seen_version) {
		if (wr_lock_wait_until(&s->lock, &r->wake, end))
			break;
	}
	wr_lock_release(&s->lock);
}

/* True when they are others than before: all is looked through anew. */
static void take_settings(struct wr_redrive *r)
{
	bool changed;

	wr_lock_take(&r->service->lock);
	changed = r->version != r->seen_version;
	r->seen_version = r->version;
	r->now = r->policy;
	r->site_now = r->site;
	wr_lock_release(&r->service->lock);
	if (!changed)
		return;
	free(r->seen);
	r->seen = NULL;
	r->seen_count = 0;
	r->is_scheduled = false;
	r->next_mono_ns = 0;
}

static void fail(struct wr_redrive *r, enum wr_code rc, const struct wr_err *err)
{
	int64_t wait_ms = r->now.every_ms < AGAIN_MS ? r->now.every_ms : AGAIN_MS;

	r->next_mono_ns = wr_clock_mono_ns(&wr_clock_real) + wait_ms * WR_NS_PER_MS;
	show(r, WR_REDRIVE_FAILED, err->text);
	if (rc == WR_ECLOSED)
		WR_LOG(WR_LOG_INFO, "another engine has taken the redrive over",
		       WR_STR("pipeline", r->pipeline));
	else
		WR_LOG(WR_LOG_WARN, "a redrive failed and is tried again",
		       WR_STR("pipeline", r->pipeline), WR_STR("reason", err->text));
}

/* As the owner. */
static void turn(struct wr_redrive *r)
{
	struct wr_err err = {.text = "out of memory"};
	enum wr_code rc = WR_OK;

	if (!r->is_scheduled) {
		show(r, WR_REDRIVE_RUNNING, "");
		rc = wr_redrive_take_over(r, &err);
		r->is_scheduled = rc == WR_OK;
	} else {
		int64_t began_ns = wr_clock_mono_ns(&wr_clock_real);

		show(r, WR_REDRIVE_RUNNING, "");
		rc = wr_redrive_round(r, &err);
		if (rc == WR_ENOTFOUND)
			rc = WR_OK;
		/* Whatever was left half-way is found again; and what is old is put away now and then. */
		r->is_scheduled = rc == WR_OK && !atomic_load(&r->stop) &&
				  ++r->rounds % WR_REDRIVE_KEEP_JOBS != 0;
		r->next_mono_ns = began_ns + r->now.every_ms * WR_NS_PER_MS;
	}
	if (rc == WR_OK)
		show(r, WR_REDRIVE_WAITING, "");
	else
		fail(r, rc, &err);
}

static void *run(void *arg)
{
	struct wr_redrive *r = arg;

	while (!is_stopping(r)) {
		take_settings(r);
		if (r->now.every_ms == 0) {
			show(r, WR_REDRIVE_OFF, "");
			wait(r, INT64_C(3600000));
			continue;
		}
		if (!wr_redrive_is_owner(r)) {
			r->is_scheduled = false;
			r->next_mono_ns = 0;
			show(r, WR_REDRIVE_ELSEWHERE, "");
		} else if (wr_clock_mono_ns(&wr_clock_real) >= r->next_mono_ns) {
			turn(r);
		}
		wait(r, POLL_MS);
	}
	return NULL;
}

/* Life. ------------------------------------------------------------------------------------------------------------ */

enum wr_code wr_redrive_start(struct wr_dlq_service *s)
{
	for (struct wr_redrive *r = s->redrives; r != NULL; r = r->next) {
		if (r->has_thread)
			continue;
		if (pthread_create(&r->thread, NULL, run, r) != 0)
			return WR_ENOMEM;
		r->has_thread = true;
	}
	return WR_OK;
}

void wr_redrive_stop(struct wr_dlq_service *s)
{
	WR_ASSERT(atomic_load(&s->is_stopping));
	wr_lock_take(&s->lock);
	for (struct wr_redrive *r = s->redrives; r != NULL; r = r->next) {
		atomic_store(&r->stop, true);
		pthread_cond_signal(&r->wake);
	}
	wr_lock_release(&s->lock);
	for (struct wr_redrive *r = s->redrives; r != NULL; r = r->next) {
		if (r->has_thread)
			pthread_join(r->thread, NULL);
		r->has_thread = false;
	}
}

void wr_redrive_destroy(struct wr_dlq_service *s)
{
	struct wr_redrive *r;

	while ((r = s->redrives) != NULL) {
		WR_ASSERT(!r->has_thread);
		s->redrives = r->next;
		wr_metrics_retire_cell(s->metrics, r->redriven);
		pthread_cond_destroy(&r->wake);
		free(r->pipeline);
		free(r->source);
		free(r->seen);
		free(r);
	}
}

/* What it says of itself. ------------------------------------------------------------------------------------------ */

static enum wr_code append_classes(unsigned classes, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, ",\"classes\":[");
	const char *comma = "";

	for (unsigned i = 0; classes >> i != 0 && rc == WR_OK; i++) {
		if ((classes >> i & 1) == 0)
			continue;
		rc = wr_buf_printf(out, "%s\"%s\"", comma, wr_class_name((enum wr_class)i));
		comma = ",";
	}
	return rc == WR_OK ? wr_buf_append_text(out, "]") : rc;
}

static enum wr_code append_locked(const struct wr_redrive *r, struct wr_buf *out)
{
	enum wr_code rc;

	if ((rc = wr_buf_append_text(out, "{\"pipeline\":")) != WR_OK ||
	    (rc = wr_buf_append_json_string(out, wr_bytes_of(r->pipeline))) != WR_OK ||
	    (rc = wr_buf_printf(
		 out,
		 ",\"state\":\"%s\",\"everyMs\":%" PRId64 ",\"max\":%" PRId64 ",\"rate\":%" PRId64,
		 states[r->state], r->policy.every_ms, r->policy.max, r->policy.rate)) != WR_OK ||
	    (rc = append_classes(r->policy.classes, out)) != WR_OK ||
	    (rc = wr_buf_printf(out, ",\"redriven\":%.0f", wr_metric_get(r->redriven))) != WR_OK)
		return rc;
	if (r->next_wall_ms > 0)
		rc = wr_buf_printf(out, ",\"nextAt\":%" PRId64, r->next_wall_ms);
	if (rc == WR_OK && r->job[0] != '\0')
		rc = wr_buf_printf(out, ",\"job\":\"%s\"", r->job);
	if (rc == WR_OK && r->reason[0] != '\0' &&
	    (rc = wr_buf_append_text(out, ",\"reason\":")) == WR_OK)
		rc = wr_buf_append_json_string(out, wr_bytes_of(r->reason));
	return rc == WR_OK ? wr_buf_append_text(out, "}") : rc;
}

enum wr_code wr_redrive_json(struct wr_dlq_service *s, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, "{\"redrives\":[");

	wr_lock_take(&s->lock);
	for (const struct wr_redrive *r = s->redrives; r != NULL && rc == WR_OK; r = r->next) {
		rc = append_locked(r, out);
		if (rc == WR_OK && r->next != NULL)
			rc = wr_buf_append_text(out, ",");
	}
	wr_lock_release(&s->lock);
	return rc == WR_OK ? wr_buf_append_text(out, "]}") : rc;
}
