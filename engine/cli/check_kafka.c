#include "config.h"

#include "cli/check_kafka.h"
#include "conf/nearest.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEANT_BYTES 128

/* librdkafka prints a table with a name at the beginning of each line; "" when none of them is near. */
static void find_meant(const char *name, char meant[MEANT_BYTES])
{
	char *table = NULL, *line, *rest;
	struct wr_nearest nearest;
	size_t size = 0;
	FILE *out = open_memstream(&table, &size);

	meant[0] = '\0';
	if (out == NULL)
		return;
	rd_kafka_conf_properties_show(out);
	if (fclose(out) != 0) {
		free(table);
		return;
	}
	wr_nearest_init(&nearest, wr_bytes_of(name));
	for (rest = table; (line = strsep(&rest, "\n")) != NULL;) {
		if (strstr(line, " | ") == NULL)
			continue;
		line[strcspn(line, " |")] = '\0';
		if (line[0] >= 'a' && line[0] <= 'z')
			wr_nearest_try(&nearest, line);
	}
	if (nearest.best != NULL)
		snprintf(meant, MEANT_BYTES, "; did you mean `%s`?", nearest.best);
	free(table);
}

/* librdkafka alone knows its properties: each is tried on a scratch configuration. Its own error text quotes the
 * value, which may be a secret, so the sentence is ours. */
static void check_properties(const struct wr_conf *conf,
			     const struct wr_conf_properties *properties, const char *section,
			     struct wr_problems *problems)
{
	rd_kafka_conf_t *scratch = rd_kafka_conf_new();
	const struct wr_conf_property *property;
	rd_kafka_conf_res_t result;
	char path[256], text[512], meant[MEANT_BYTES];
	size_t i;

	for (i = 0; scratch != NULL && i < properties->count; i++) {
		property = &properties->items[i];
		if (property->name == NULL || property->value == NULL)
			continue; /* that is wrong in itself */
		result =
		    rd_kafka_conf_set(scratch, property->name, property->value, text, sizeof(text));
		snprintf(path, sizeof(path), "kafka.%s.%s", section, property->name);
		if (result == RD_KAFKA_CONF_UNKNOWN) {
			find_meant(property->name, meant);
			wr_problems_add(problems, conf->file, property->mark, path,
					"librdkafka %s has no such property%s",
					rd_kafka_version_str(), meant);
		}
		if (result == RD_KAFKA_CONF_INVALID)
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
