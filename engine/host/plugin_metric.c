#include "config.h"

#include "host/call.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 100

/* weir_plugin_<name>, and _total behind a counter unless its author wrote that himself. */
static bool family_name(enum wr_metric_kind kind, const char *name, char *out, size_t size)
{
	size_t length = name != NULL ? strnlen(name, NAME_BYTES_MAX + 1) : 0;
	bool has_total = length >= 6 && strcmp(name + length - 6, "_total") == 0;

	if (length == 0 || length > NAME_BYTES_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
		return false;
	snprintf(out, size, "weir_plugin_%s%s", name,
		 kind == WR_METRIC_COUNTER && !has_total ? "_total" : "");
	return true;
}

struct weir_metric *wr_plugin_metric_add(struct wr_instance *instance, enum wr_metric_kind kind,
					 const char *name, const char *help)
{
	char text[NAME_BYTES_MAX + 32];
	struct wr_metric_family family = {
	    .name = text, .help = help != NULL ? help : "", .kind = kind};
	const struct wr_metric_label labels[] = {{"pipeline", instance->host.pipeline},
						 {"stage", instance->host.stage},
						 {"plugin", instance->stage->plugin->id}};
	struct weir_metric *metric;

	if (instance->config == NULL || instance->metrics == NULL ||
	    instance->plugin_metric_count >= WR_PLUGIN_METRICS_MAX ||
	    !family_name(kind, name, text, sizeof(text)))
		return NULL;
	metric = &instance->plugin_metrics[instance->plugin_metric_count];
	metric->kind = kind;
	metric->cell = wr_metrics_cell(instance->metrics, &family, labels, WR_COUNT_OF(labels));
	if (metric->cell == NULL)
		return NULL;
	instance->plugin_metric_count++;
	return metric;
}

void wr_plugin_metrics_retire(struct wr_instance *instance)
{
	while (instance->plugin_metric_count > 0)
		wr_metrics_retire_cell(
		    instance->metrics,
		    instance->plugin_metrics[--instance->plugin_metric_count].cell);
}
