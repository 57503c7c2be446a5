#include "config.h"

#include "cli/check_kafka.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

/* librdkafka alone knows its properties: each is tried on a scratch configuration. Its own error text quotes the
 * value, which may be a secret, so the sentence is ours. */
static void check_properties(const struct wr_conf *conf,
			     const struct wr_conf_properties *properties, const char *section,
			     struct wr_problems *problems)
{
	rd_kafka_conf_t *scratch = rd_kafka_conf_new();
	const struct wr_conf_property *property;
	rd_kafka_conf_res_t result;
	char path[256], text[512];
	size_t i;

	for (i = 0; scratch != NULL && i < properties->count; i++) {
		property = &properties->items[i];
		if (property->name == NULL || property->value == NULL)
			continue; /* that is wrong in itself */
		result =
		    rd_kafka_conf_set(scratch, property->name, property->value, text, sizeof(text));
		snprintf(path, sizeof(path), "kafka.%s.%s", section, property->name);
		if (result == RD_KAFKA_CONF_UNKNOWN)
			wr_problems_add(problems, conf->file, property->mark, path,
					"librdkafka %s has no such property",
					rd_kafka_version_str());
		else if (result == RD_KAFKA_CONF_INVALID)
			wr_problems_add(problems, conf->file, property->mark, path,
					"librdkafka %s does not take this value",
					rd_kafka_version_str());
	}
	if (scratch != NULL)
		rd_kafka_conf_destroy(scratch);
}

void wr_check_kafka(const struct wr_conf *conf, struct wr_problems *problems)
{
	check_properties(conf, &conf->kafka.properties, "properties", problems);
	check_properties(conf, &conf->kafka.consumer_properties, "consumer_properties", problems);
	check_properties(conf, &conf->kafka.producer_properties, "producer_properties", problems);
}
