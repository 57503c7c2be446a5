#include "config.h"

#include "conf/conf.h"
#include "conf/nearest.h"

#include <string.h>

const struct wr_conf_pipeline *wr_conf_find_pipeline(const struct wr_conf *conf, const char *name)
{
	for (size_t i = 0; name != NULL && i < conf->pipeline_count; i++) {
		if (strcmp(conf->pipelines[i].name, name) == 0)
			return &conf->pipelines[i];
	}
	return NULL;
}

bool wr_conf_ingest_is_read(const struct wr_conf *conf, const char **meant_r)
{
	const char *topic = conf->ingest.topic;
	struct wr_nearest nearest;

	*meant_r = NULL;
	if (!conf->ingest.listener.configured || topic == NULL)
		return true;
	wr_nearest_init(&nearest, wr_bytes_of(topic));
	for (size_t i = 0; i < conf->pipeline_count; i++) {
		const struct wr_conf_strings *topics = &conf->pipelines[i].topics;

		for (size_t j = 0; j < topics->count; j++) {
			if (strcmp(topics->items[j], topic) == 0)
				return true;
			wr_nearest_try(&nearest, topics->items[j]);
		}
	}
	*meant_r = nearest.best;
	return false;
}
