#include "config.h"

#include "base/check.h"
#include "dlq/redrive.h"

#include <stdlib.h>
#include <string.h>

/* Topics and pipelines. ------------------------------------------------------------------------------------------- */

static struct wr_dlq_site *site_of_topic(struct wr_dlq_service *s, const char *topic)
{
	struct wr_dlq_site *site = s->sites;

	while (site != NULL && strcmp(site->topic, topic) != 0)
		site = site->next;
	return site;
}

struct wr_dlq_site *wr_dlq_site_locked(struct wr_dlq_service *s, const char *topic)
{
	wr_lock_assert_held(&s->lock);
	return site_of_topic(s, topic);
}

static struct wr_dlq_pipeline *find_pipeline(const struct wr_dlq_site *site, const char *name)
{
	for (size_t i = 0; i < site->pipeline_count; i++) {
		if (strcmp(site->pipelines[i].name, name) == 0)
			return &site->pipelines[i];
	}
	return NULL;
}

static bool has_pipeline(const struct wr_dlq_site *site, const char *name)
{
	return find_pipeline(site, name) != NULL;
}

/* The rule changes with the configuration. Nobody else holds its text: wr_dlq_site_pipelines() copies it. */
static enum wr_code set_rule(struct wr_dlq_pipeline *item, const struct wr_conf_pipeline *pipeline)
{
	struct wr_dlq_rule rule = wr_dlq_rule_of(pipeline);

	if (rule.id_name != NULL) {
		rule.id_name = strdup(rule.id_name);
		if (rule.id_name == NULL)
			return WR_ENOMEM;
	}
	free((char *)(uintptr_t)item->rule.id_name);
	item->rule = rule;
	return WR_OK;
}

static struct wr_dlq_site *need_site(struct wr_dlq_service *s, const char *topic)
{
	struct wr_dlq_site *site = site_of_topic(s, topic), **link;

	if (site != NULL)
		return site;
	site = calloc(1, sizeof(*site));
	if (site == NULL)
		return NULL;
	site->topic = strdup(topic);
	if (site->topic == NULL) {
		free(site);
		return NULL;
	}
	for (link = &s->sites; *link != NULL;)
		link = &(*link)->next;
	*link = site;
	return site;
}

static enum wr_code add_pipeline_locked(struct wr_dlq_service *s,
					const struct wr_conf_pipeline *pipeline)
{
	struct wr_dlq_site *site;
	struct wr_dlq_pipeline *list, *item;

	wr_lock_assert_held(&s->lock);
	site = need_site(s, pipeline->dlq_topic);
	if (site == NULL)
		return WR_ENOMEM;
	item = find_pipeline(site, pipeline->name);
	if (item != NULL)
		return set_rule(item, pipeline);
	list = realloc(site->pipelines, (site->pipeline_count + 1) * sizeof(*list));
	if (list == NULL)
		return WR_ENOMEM;
	site->pipelines = list;
	item = &list[site->pipeline_count];
	*item = (struct wr_dlq_pipeline){.name = strdup(pipeline->name),
					 .source = strdup(pipeline->topics.items[0])};
	site->pipeline_count++;
	if (item->name == NULL || item->source == NULL)
		return WR_ENOMEM;
	return set_rule(item, pipeline);
}

enum wr_code wr_dlq_service_add(struct wr_dlq_service *s, const struct wr_conf *conf)
{
	enum wr_code rc = WR_OK;

	WR_CHECK(s, WR_DLQ_SERVICE_MAGIC);
	wr_lock_take(&s->lock);
	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++)
		rc = add_pipeline_locked(s, &conf->pipelines[i]);
	pthread_cond_signal(&s->wake);
	wr_lock_release(&s->lock);
	if (rc == WR_OK)
		rc = wr_redrive_configure(s, conf);
	return rc == WR_OK && s->has_thread ? wr_redrive_start(s) : rc;
}

void wr_dlq_service_set_owner(struct wr_dlq_service *s, wr_dlq_owns_fn *owns, void *arg)
{
	WR_CHECK(s, WR_DLQ_SERVICE_MAGIC);
	WR_ASSERT(!s->has_thread);
	s->owns = owns;
	s->owns_arg = arg;
}

enum wr_code wr_dlq_site_find(struct wr_dlq_service *s, const char *pipeline,
			      struct wr_dlq_site **site_r, struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	struct wr_dlq_site *site;

	wr_lock_take(&s->lock);
	site = s->sites;
	if (pipeline != NULL) {
		while (site != NULL && !has_pipeline(site, pipeline))
			site = site->next;
	} else if (site != NULL && site->next != NULL) {
		rc = wr_err_set(err, WR_EINVAL,
				"pipeline: there are several dead-letter topics, so it must be "
				"said which pipeline's is meant");
	}
	wr_lock_release(&s->lock);
	*site_r = rc == WR_OK ? site : NULL;
	if (rc == WR_OK && site == NULL)
		rc = wr_err_set(err, WR_ENOTFOUND,
				pipeline != NULL ? "there is no pipeline of this name"
						 : "there are no pipelines");
	return rc;
}

/* One block of memory. Names and sources stay, the texts of the rules don't. */
static struct wr_dlq_pipeline *copy_pipelines(const struct wr_dlq_pipeline *pipelines, size_t count)
{
	size_t bytes = (count + 1) * sizeof(*pipelines);
	struct wr_dlq_pipeline *copy;
	char *text;

	for (size_t i = 0; i < count; i++)
		bytes +=
		    pipelines[i].rule.id_name != NULL ? strlen(pipelines[i].rule.id_name) + 1 : 0;
	copy = calloc(1, bytes);
	if (copy == NULL)
		return NULL;
	text = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		copy[i] = pipelines[i];
		if (copy[i].rule.id_name == NULL)
			continue;
		copy[i].rule.id_name = text;
		text = stpcpy(text, pipelines[i].rule.id_name) + 1;
	}
	return copy;
}

struct wr_dlq_pipeline *wr_dlq_site_pipelines(struct wr_dlq_service *s, struct wr_dlq_site *site,
					      size_t *count_r)
{
	struct wr_dlq_pipeline *copy;

	wr_lock_take(&s->lock);
	*count_r = site->pipeline_count;
	copy = copy_pipelines(site->pipelines, *count_r);
	wr_lock_release(&s->lock);
	return copy;
}

/* Open topics. ---------------------------------------------------------------------------------------------------- */

enum wr_code wr_dlq_site_take(struct wr_dlq_service *s, struct wr_dlq_site *site,
			      struct wr_dlq **dlq_r, struct wr_err *err)
{
	enum wr_code rc;

	wr_lock_take(&s->lock);
	*dlq_r = site->idle;
	site->idle = NULL;
	wr_lock_release(&s->lock);
	if (*dlq_r == NULL)
		return wr_dlq_open(s->kafka, s->instance, site->topic, dlq_r, err);
	rc = wr_dlq_refresh(*dlq_r, err);
	if (rc != WR_OK) {
		wr_dlq_close(*dlq_r);
		*dlq_r = NULL;
	}
	return rc;
}

void wr_dlq_site_give(struct wr_dlq_service *s, struct wr_dlq_site *site, struct wr_dlq *dlq,
		      bool failed)
{
	wr_lock_take(&s->lock);
	if (!failed && site->idle == NULL) {
		site->idle = dlq;
		dlq = NULL;
	}
	wr_lock_release(&s->lock);
	wr_dlq_close(dlq);
}

/* Life. ----------------------------------------------------------------------------------------------------------- */

enum wr_code wr_dlq_service_create(const struct wr_conf_kafka *kafka, const struct wr_conf *conf,
				   struct wr_metrics *metrics, struct wr_dlq_service **service_r)
{
	struct wr_dlq_service *s = calloc(1, sizeof(*s));
	enum wr_code rc;

	*service_r = NULL;
	if (s == NULL)
		return WR_ENOMEM;
	s->magic = WR_DLQ_SERVICE_MAGIC;
	s->port.ops = &wr_dlq_service_ops;
	s->kafka = kafka;
	s->metrics = metrics;
	wr_lock_init(&s->lock);
	wr_lock_init_condition(&s->wake);
	s->instance = strdup(conf->instance);
	rc = s->instance != NULL ? wr_dlq_service_add(s, conf) : WR_ENOMEM;
	if (rc != WR_OK) {
		wr_dlq_service_destroy(s);
		return rc;
	}
	*service_r = s;
	return WR_OK;
}

enum wr_code wr_dlq_service_start(struct wr_dlq_service *s, struct wr_err *err)
{
	WR_CHECK(s, WR_DLQ_SERVICE_MAGIC);
	if (pthread_create(&s->thread, NULL, wr_dlq_service_run, s) != 0)
		return wr_err_set(err, WR_ENOMEM, "no thread for the jobs of dead letters");
	s->has_thread = true;
	if (wr_redrive_start(s) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "no thread for the redrive of dead letters");
	return WR_OK;
}

void wr_dlq_task_free(struct wr_dlq_task *task)
{
	free(task->who);
	free(task);
}

enum wr_code wr_dlq_service_queue(struct wr_dlq_service *s, struct wr_dlq_site *site,
				  const char *id, const char *who, int64_t since_mono_ns)
{
	struct wr_dlq_task *task = calloc(1, sizeof(*task));

	if (task == NULL || (who != NULL && (task->who = strdup(who)) == NULL)) {
		free(task);
		return WR_ENOMEM;
	}
	task->site = site;
	task->since_mono_ns = since_mono_ns;
	strncpy(task->id, id, sizeof(task->id) - 1);
	wr_lock_take(&s->lock);
	if (s->last != NULL)
		s->last->next = task;
	else
		s->first = task;
	s->last = task;
	pthread_cond_signal(&s->wake);
	wr_lock_release(&s->lock);
	return WR_OK;
}

void wr_dlq_service_stop(struct wr_dlq_service *s)
{
	if (s == NULL || !s->has_thread)
		return;
	atomic_store(&s->is_stopping, true);
	wr_lock_take(&s->lock);
	pthread_cond_signal(&s->wake);
	wr_lock_release(&s->lock);
	pthread_join(s->thread, NULL);
	s->has_thread = false;
	wr_redrive_stop(s);
}

static void destroy_site(struct wr_dlq_service *s, struct wr_dlq_site *site)
{
	for (size_t i = 0; i < site->pipeline_count; i++) {
		free((char *)(uintptr_t)site->pipelines[i].name);
		free((char *)(uintptr_t)site->pipelines[i].source);
		free((char *)(uintptr_t)site->pipelines[i].rule.id_name);
	}
	for (size_t i = 0; i < WR_DLQ_STATES; i++)
		wr_metrics_retire_cell(s->metrics, site->cells[i]);
	wr_dlq_close(site->idle);
	free(site->pipelines);
	free(site->topic);
	free(site);
}

void wr_dlq_service_destroy(struct wr_dlq_service *s)
{
	struct wr_dlq_site *next_site;
	struct wr_dlq_task *next_task;

	if (s == NULL)
		return;
	WR_CHECK(s, WR_DLQ_SERVICE_MAGIC);
	WR_ASSERT(!s->has_thread);
	wr_redrive_destroy(s);
	for (struct wr_dlq_site *site = s->sites; site != NULL; site = next_site) {
		next_site = site->next;
		destroy_site(s, site);
	}
	for (struct wr_dlq_task *task = s->first; task != NULL; task = next_task) {
		next_task = task->next;
		wr_dlq_task_free(task);
	}
	pthread_cond_destroy(&s->wake);
	wr_lock_fini(&s->lock);
	free(s->instance);
	s->magic = 0;
	free(s);
}

struct wr_dlq_port *wr_dlq_service_port(struct wr_dlq_service *s)
{
	return s != NULL ? &s->port : NULL;
}
