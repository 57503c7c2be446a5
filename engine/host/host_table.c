/*
 * The functions that plugins call. Whatever they pass is checked: a wrong argument makes the function say no,
 * never the engine stop.
 */
#include "config.h"

#include "host/call.h"
#include "host/text.h"

#include <string.h>

_Static_assert((int)WEIR_JSON_OBJECT == (int)WR_JSON_OBJECT &&
		   (int)WEIR_JSON_STRING == (int)WR_JSON_STRING &&
		   (int)WEIR_JSON_INTEGER == (int)WR_JSON_INTEGER,
	       "the JSON types of plugin.h and of base/json.h are the same numbers");
_Static_assert((int)WEIR_LOG_ERROR == (int)WR_LOG_ERROR && (int)WEIR_LOG_DEBUG == (int)WR_LOG_DEBUG,
	       "the log levels of plugin.h and of base/log.h are the same numbers");

static struct wr_instance *instance_of(const struct weir_host *host)
{
	return host->engine;
}

static bool output(const struct weir_host *host, const char *name, weir_output *output_r)
{
	const struct wr_conf_pipeline *conf = instance_of(host)->pipeline->conf;

	if (output_r == NULL)
		return false;
	*output_r = WEIR_OUTPUT_DEFAULT;
	if (name == NULL)
		return false;
	for (size_t i = 0; i < conf->output_count; i++) {
		if (strcmp(conf->outputs[i].name, name) == 0) {
			*output_r = (weir_output)i;
			return true;
		}
	}
	return false;
}

static enum weir_json_type fill_json(struct wr_json_reader *reader, const char *pointer,
				     size_t pointer_size, struct weir_json *out)
{
	struct wr_json_value value = {.type = WR_JSON_MISSING};

	if (pointer == NULL)
		pointer_size = 0;
	wr_json_get(reader, wr_bytes(pointer != NULL ? pointer : "", pointer_size), &value);
	out->type = (enum weir_json_type)value.type;
	out->boolean = value.boolean;
	out->integer = value.integer;
	out->number = value.number;
	out->string = wr_bytes_to_public(value.string);
	out->count = value.count;
	return out->type;
}

static enum weir_json_type missing(struct weir_json *out)
{
	uint32_t size = out->size;

	*out = (struct weir_json){.size = size, .type = WEIR_JSON_MISSING};
	return WEIR_JSON_MISSING;
}

static enum weir_json_type config(const struct weir_host *host, const char *pointer,
				  size_t pointer_size, struct weir_json *out)
{
	struct wr_instance *instance = instance_of(host);

	if (out == NULL)
		return WEIR_JSON_MISSING;
	if (instance->config == NULL)
		return missing(out);
	return fill_json(instance->config, pointer, pointer_size, out);
}

static struct weir_metric *counter(const struct weir_host *host, const char *name, const char *help)
{
	return wr_plugin_metric_add(instance_of(host), WR_METRIC_COUNTER, name, help);
}

static struct weir_metric *gauge(const struct weir_host *host, const char *name, const char *help)
{
	return wr_plugin_metric_add(instance_of(host), WR_METRIC_GAUGE, name, help);
}

static void metric_add(struct weir_metric *metric, double delta)
{
	if (metric == NULL || !(metric->kind == WR_METRIC_GAUGE || delta >= 0))
		return;
	wr_metric_add(metric->cell, delta);
}

static void metric_set(struct weir_metric *metric, double value)
{
	if (metric != NULL && metric->kind == WR_METRIC_GAUGE)
		wr_metric_set(metric->cell, value);
}

static void log_text(const struct weir_host *host, enum weir_log_level level, const char *text)
{
	struct wr_instance *instance = instance_of(host);
	unsigned number = (unsigned)level > WEIR_LOG_DEBUG ? WEIR_LOG_DEBUG : (unsigned)level;
	char clean[WR_LOG_TEXT_BYTES];

	if (text == NULL || !wr_log_enabled((enum wr_log_level)number))
		return;
	wr_text_clean(clean, sizeof(clean), text);
	wr_log_write(&instance->log_sites[number], (enum wr_log_level)number, "plugin",
		     (const struct wr_log_field[]){WR_STR("pipeline", instance->host.pipeline),
						   WR_STR("stage", instance->host.stage),
						   WR_STR("plugin", instance->stage->plugin->id),
						   WR_INT("slot", instance->host.slot),
						   WR_STR("text", clean),
						   {.name = NULL}});
}

/* This version has no extensions yet; the lookup is part of the ABI from the start. */
static const void *get_extension(const struct weir_host *host, const char *id)
{
	(void)host;
	(void)id;
	return NULL;
}

static enum weir_json_type json(struct weir_call *call, const struct weir_event *event,
				const char *pointer, size_t pointer_size, struct weir_json *out)
{
	struct wr_call *c = wr_call_of(call);
	struct wr_event *ours;

	if (out == NULL)
		return WEIR_JSON_MISSING;
	ours = wr_call_event_of_public(c, event);
	if (ours == NULL || c->json == NULL ||
	    wr_json_cache_load(c->json, ours->pub.value, NULL) != WR_OK)
		return missing(out);
	return fill_json(c->json->reader, pointer, pointer_size, out);
}

void wr_host_table_fill(struct wr_instance *instance, uint32_t slot, uint32_t slot_count)
{
	instance->host = (struct weir_host){
	    .size = (uint32_t)sizeof(struct weir_host),
	    .abi_minor = WEIR_ABI_MINOR,
	    .engine = instance,
	    .slot = slot,
	    .slot_count = slot_count,
	    .pipeline = instance->pipeline->conf->name,
	    .stage = instance->stage->name,
	    .output = output,
	    .config = config,
	    .counter = counter,
	    .gauge = gauge,
	    .metric_add = metric_add,
	    .metric_set = metric_set,
	    .log = log_text,
	    .get_extension = get_extension,
	    .begin = wr_call_begin,
	    .alloc = wr_effects_alloc,
	    .set_value = wr_effects_set_value,
	    .set_key = wr_effects_set_key,
	    .set_header = wr_effects_set_header,
	    .set_error = wr_effects_set_error,
	    .emit = wr_effects_emit,
	    .json = json,
	};
	instance->call.pub =
	    (struct weir_call){.size = (uint32_t)sizeof(struct weir_call), .host = &instance->host};
}
