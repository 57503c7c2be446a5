#include "config.h"

#include "cli/parked.h"

#include "base/clock.h"
#include "core/tier.h"
#include "dlq/reader.h"
#include "kafka/group.h"

#include <inttypes.h>
#include <stdio.h>

#define CALL_MS 5000
#define READ_NS (5 * WR_NS_PER_S)

/* The first record will do. */
static bool see(void *arg, const struct wr_dlq_record *record)
{
	int64_t *seen_r = arg;

	*seen_r = record->offset;
	return false;
}

static int64_t first_open(const struct wr_kafka_place *place)
{
	return place->committed > place->low ? place->committed : place->low;
}

/* Between what is committed and the end there may be nothing but marks of transactions, so it is read. */
static enum wr_code look_at(struct wr_dlq_reader *reader, const struct wr_conf_pipeline *pipeline,
			    const struct wr_kafka_place *place, struct wr_err *err)
{
	int64_t deadline = wr_clock_mono_ns(&wr_clock_real) + READ_NS;
	int64_t from = first_open(place), seen = -1, next = from, delay_ms;
	struct wr_dlq_topic *topic;
	enum wr_code rc;

	if (from >= place->high || !wr_retry_topic_parse(pipeline->name, place->topic, &delay_ms))
		return WR_OK;
	rc = wr_dlq_reader_topic(reader, place->topic, &topic, err);
	if (rc == WR_OK)
		rc = wr_dlq_topic_read(topic, place->partition, from, place->high, deadline, see,
				       &seen, &next, err);
	if (rc != WR_OK)
		return rc;
	if (seen >= 0)
		return wr_err_set(err, WR_EREFUSED,
				  "events of it wait to be retried, on %s/%" PRId32
				  " from offset %" PRId64 " on",
				  place->topic, place->partition, seen);
	return next >= place->high
		   ? WR_OK
		   : wr_err_set(err, WR_EUNAVAILABLE, "%s could not be read in time", place->topic);
}

static enum wr_code look_at_all(const struct wr_conf_kafka *kafka, const char *instance,
				const struct wr_conf_pipeline *pipeline,
				const struct wr_kafka_places *places, struct wr_err *err)
{
	struct wr_dlq_reader *reader;
	enum wr_code rc = wr_dlq_reader_create(kafka, instance, &reader, err);

	for (size_t i = 0; i < places->count && rc == WR_OK; i++)
		rc = look_at(reader, pipeline, &places->items[i], err);
	wr_dlq_reader_destroy(reader);
	return rc;
}

enum wr_code wr_parked_look(const struct wr_conf_kafka *kafka, const char *instance,
			    const struct wr_conf_pipeline *pipeline, struct wr_err *err)
{
	struct wr_kafka_places places = {.count = 0};
	struct wr_kafka_group *group = NULL;
	char prefix[WR_TOPIC_BYTES];
	enum wr_code rc;

	snprintf(prefix, sizeof(prefix), "%.230s.retry.", pipeline->name);
	rc = wr_kafka_group_open(kafka, instance, pipeline->group, CALL_MS, &group, err);
	if (rc == WR_OK)
		rc = wr_kafka_group_places(group, NULL, 0, prefix, &places, err);
	if (rc == WR_OK && places.count > 0)
		rc = look_at_all(kafka, instance, pipeline, &places, err);
	wr_kafka_places_fini(&places);
	wr_kafka_group_close(group);
	return rc;
}
