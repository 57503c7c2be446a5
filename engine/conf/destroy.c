#include "config.h"

#include "base/secret.h"
#include "conf/config_json.h"
#include "conf/load.h"

#include <stdlib.h>

static void free_strings(struct wr_conf_strings *strings)
{
	size_t i;

	for (i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
}

static void free_properties(struct wr_conf_properties *properties)
{
	size_t i;

	for (i = 0; i < properties->count; i++) {
		free(properties->items[i].name);
		wr_secret_free(&properties->items[i].value);
	}
	free(properties->items);
}

static void free_listener(struct wr_conf_listener *listener)
{
	free(listener->host);
	wr_secret_free(&listener->token);
	free(listener->tls.cert_file);
	free(listener->tls.key_file);
}

static void free_redis(struct wr_conf_redis *redis)
{
	free(redis->host);
	free(redis->username);
	wr_secret_free(&redis->password);
	free(redis->display);
}

/* What a stage inherited is the pipeline's. */
static void free_stage(struct wr_conf_stage *stage, const struct wr_conf_pipeline *pipeline)
{
	if (stage->retry.permanent.items != pipeline->retry.permanent.items)
		free_strings(&stage->retry.permanent);
	if (stage->retry.tier_names.items != pipeline->retry.tier_names.items)
		free_strings(&stage->retry.tier_names);
	free(stage->name);
	free(stage->was);
	free(stage->plugin);
	wr_secret_free(&stage->config_json); /* plugins are told secrets too */
	free(stage->config_shown);
	wr_conf_places_destroy(stage->config_places);
}

static void free_pipeline(struct wr_conf_pipeline *pipeline)
{
	size_t i;

	free(pipeline->name);
	free_strings(&pipeline->topics);
	free(pipeline->group);
	free(pipeline->event_id.pointer_or_name);
	free(pipeline->dlq_topic);
	for (i = 0; i < pipeline->stage_count; i++)
		free_stage(&pipeline->stages[i], pipeline);
	free(pipeline->stages);
	free_strings(&pipeline->retry.permanent);
	free_strings(&pipeline->retry.tier_names);
	free_strings(&pipeline->redrive.classes);
	for (i = 0; i < pipeline->output_count; i++) {
		free(pipeline->outputs[i].name);
		free(pipeline->outputs[i].topic);
	}
	free(pipeline->outputs);
}

void wr_conf_destroy(struct wr_conf *conf)
{
	size_t i;

	if (conf == NULL)
		return;
	free(conf->file);
	wr_conf_places_destroy(conf->places);
	free(conf->instance);
	free(conf->state_dir);
	free(conf->kafka.brokers);
	free_properties(&conf->kafka.properties);
	free_properties(&conf->kafka.consumer_properties);
	free_properties(&conf->kafka.producer_properties);
	free_redis(&conf->redis);
	free_listener(&conf->ingest.listener);
	free(conf->ingest.topic);
	free_listener(&conf->admin);
	free_strings(&conf->plugin_path);
	for (i = 0; i < conf->pipeline_count; i++)
		free_pipeline(&conf->pipelines[i]);
	free(conf->pipelines);
	free(conf);
}
