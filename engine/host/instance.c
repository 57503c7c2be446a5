#include "config.h"

#include "host/call.h"
#include "host/extensions.h"
#include "host/text.h"

#include <stdlib.h>
#include <string.h>

/* create() of the plugin, with the config parsed for host->config() meanwhile. */
static enum wr_code call_create(struct wr_instance *instance, struct wr_err *err)
{
	const struct wr_plugin *plugin = instance->stage->plugin;
	const char *config = instance->stage->conf->config_json;
	struct weir_error error = {.size = (uint32_t)sizeof(error)};
	char text[sizeof(error.text)];
	enum wr_code rc;

	rc = wr_json_reader_create(&instance->config);
	if (rc != WR_OK)
		return wr_err_set(err, rc, "%s", wr_code_text(rc));
	rc = wr_json_read(instance->config, wr_bytes_of(config), NULL, err);
	if (rc == WR_OK)
		instance->self = plugin->entry->create(&instance->host, config, &error);
	wr_json_reader_destroy(instance->config);
	instance->config = NULL;
	if (rc != WR_OK)
		return rc;
	if (instance->self != NULL)
		return WR_OK;
	error.text[sizeof(error.text) - 1] = '\0';
	wr_text_clean(text, sizeof(text), error.text);
	return wr_err_set(err, WR_EREFUSED,
			  "stage \"%s\": the plugin %s %s could not be created: %s",
			  instance->stage->name, plugin->id, plugin->version,
			  text[0] != '\0' ? text : "its create() returned NULL and gave no reason");
}

static enum wr_code create_instance(struct wr_instances *all, const struct wr_pipeline *pipeline,
				    uint32_t index, uint32_t lane, uint32_t lane_count,
				    struct wr_metrics *metrics, struct wr_err *err)
{
	struct wr_instance *instance = &all->items[index];

	instance->pipeline = pipeline;
	instance->stage = &pipeline->stages[index];
	instance->metrics = metrics;
	wr_host_table_fill(instance, lane, lane_count);
	wr_plugin_ref(instance->stage->plugin);
	all->count = index + 1;
	return call_create(instance, err);
}

static void destroy_instance(struct wr_instances *all, uint32_t index)
{
	struct wr_instance *instance = &all->items[index];
	struct wr_plugin *plugin = instance->stage->plugin;

	wr_instances_deactivate(all, index);
	if (instance->self != NULL && plugin->entry->destroy != NULL)
		plugin->entry->destroy(instance->self);
	wr_plugin_metrics_retire(instance);
	wr_plugin_unref(plugin);
}

/* The memory of every call to come. */
static enum wr_code reserve(struct wr_instances *all, const struct wr_pipeline *pipeline)
{
	all->capacity = (size_t)pipeline->conf->batch.max_events;
	all->items =
	    calloc(pipeline->stage_count > 0 ? pipeline->stage_count : 1, sizeof(*all->items));
	all->public_events = calloc(all->capacity, sizeof(*all->public_events));
	all->results = calloc(all->capacity, sizeof(*all->results));
	all->waiting = calloc(all->capacity, sizeof(*all->waiting));
	all->waiting_for = calloc(all->capacity, sizeof(*all->waiting_for));
	if (all->items == NULL || all->public_events == NULL || all->results == NULL ||
	    all->waiting == NULL || all->waiting_for == NULL)
		return WR_ENOMEM;
	return WR_OK;
}

enum wr_code wr_instances_create(const struct wr_pipeline *pipeline, uint32_t lane,
				 uint32_t lane_count, struct wr_metrics *metrics,
				 struct wr_instances **instances_r, struct wr_err *err)
{
	struct wr_instances *all;
	enum wr_code rc;

	*instances_r = NULL;
	all = calloc(1, sizeof(*all));
	if (all == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the instances of a pipeline");
	all->magic = WR_INSTANCES_MAGIC;
	rc = reserve(all, pipeline);
	if (rc != WR_OK)
		wr_err_set(err, rc, "no memory for the instances of a pipeline");
	for (uint32_t i = 0; rc == WR_OK && i < pipeline->stage_count; i++)
		rc = create_instance(all, pipeline, i, lane, lane_count, metrics, err);
	if (rc != WR_OK) {
		wr_instances_destroy(all);
		return rc;
	}
	*instances_r = all;
	return WR_OK;
}

void wr_instances_destroy(struct wr_instances *all)
{
	if (all == NULL)
		return;
	WR_CHECK(all, WR_INSTANCES_MAGIC);
	for (; all->count > 0; all->count--)
		destroy_instance(all, all->count - 1);
	free(all->items);
	free(all->public_events);
	free(all->results);
	free(all->waiting);
	free(all->waiting_for);
	all->magic = 0;
	free(all);
}
