#include "config.h"

#include "conf/conf.h"

#include <string.h>

const struct wr_conf_pipeline *wr_conf_find_pipeline(const struct wr_conf *conf, const char *name)
{
	for (size_t i = 0; name != NULL && i < conf->pipeline_count; i++) {
		if (strcmp(conf->pipelines[i].name, name) == 0)
			return &conf->pipelines[i];
	}
	return NULL;
}
