#include "config.h"

#include "conf/check.h"
#include "base/check.h"

#include <string.h>

/* What the engine decides itself, and why it can't be set. A name that ends with * stands for all that begin so. */
struct owned {
	const char *name;
	const char *why;
};

#define BROKERS "`kafka.brokers` says it"
#define GROUP "`source.group` of the pipeline says it"
#define INSTANCE "`instance` says it"
#define COMMITS "the engine commits an offset once all that its event wrote is acknowledged"
#define DELIVERY "`delivery` of the pipeline decides it"
#define ACKS "the engine waits for all in-sync replicas"
#define RETRIES "the engine writes again until it succeeds or is refused for good"
#define MEMORY "it follows from `memory`"
#define EMBEDDED "`brokers: embedded` is the way to it"
#define CALLBACK "the engine registers its own"

static const struct owned owned_names[] = {
    {"bootstrap.servers", BROKERS},
    {"metadata.broker.list", BROKERS},
    {"group.id", GROUP},
    {"group.instance.id", INSTANCE},
    {"enable.auto.commit", COMMITS},
    {"enable.auto.offset.store", COMMITS},
    {"auto.commit.enable", COMMITS},
    {"auto.commit.interval.ms", COMMITS},
    {"offset.store.*", COMMITS},
    {"enable.partition.eof", COMMITS},
    {"isolation.level", "the engine reads what is committed"},
    {"transactional.id", DELIVERY},
    {"transaction.timeout.ms", DELIVERY},
    {"enable.idempotence", ACKS " and writes idempotently"},
    {"enable.gapless.guarantee", ACKS " and writes idempotently"},
    {"acks", ACKS},
    {"request.required.acks", ACKS},
    {"delivery.report.only.error", "the engine counts every acknowledgement"},
    {"message.timeout.ms", RETRIES},
    {"delivery.timeout.ms", RETRIES},
    {"retries", RETRIES},
    {"message.send.max.retries", RETRIES},
    {"max.in.flight", "an idempotent producer decides it"},
    {"max.in.flight.requests.per.connection", "an idempotent producer decides it"},
    {"queued.min.messages", MEMORY},
    {"queued.max.messages.kbytes", MEMORY},
    {"queue.buffering.max.messages", MEMORY},
    {"queue.buffering.max.kbytes", MEMORY},
    {"test.mock.*", EMBEDDED},
    {"enabled_events", CALLBACK},
    {"log.queue", CALLBACK},
    {"opaque", CALLBACK},
    {"default_topic_conf", CALLBACK},
    {"interceptors", CALLBACK},
    {"*_cb", CALLBACK},
};

static bool matches(const char *pattern, const char *name)
{
	size_t size = strlen(pattern), length = strlen(name);

	if (pattern[0] == '*')
		return length >= size - 1 && strcmp(name + length - (size - 1), pattern + 1) == 0;
	if (pattern[size - 1] == '*')
		return strncmp(name, pattern, size - 1) == 0;
	return strcmp(name, pattern) == 0;
}

static const struct owned *find_owned(const char *name)
{
	size_t i;

	for (i = 0; i < WR_COUNT_OF(owned_names); i++) {
		if (matches(owned_names[i].name, name))
			return &owned_names[i];
	}
	return NULL;
}

static void check_property(struct wr_checker *c, const struct wr_conf_property *property)
{
	const struct owned *owned = find_owned(property->name);

	if (owned != NULL)
		wr_report_add(c->report, property->mark,
			      "the engine owns this property: %s; expected it to be left out",
			      owned->why);
	else if (strcmp(property->name, "partition.assignment.strategy") == 0 &&
		 strstr(property->value, "cooperative") != NULL)
		wr_report_add(c->report, property->mark,
			      "cooperative assignment is not safe with the librdkafka that weir "
			      "is built for; expected `range`, `roundrobin` or both");
}

static void check_map(struct wr_checker *c, const char *name,
		      const struct wr_conf_properties *properties)
{
	size_t i, outer, inner, top;

	top = wr_report_push_key(c->report, wr_bytes_of("kafka"));
	outer = wr_report_push_key(c->report, wr_bytes_of(name));
	for (i = 0; i < properties->count; i++) {
		inner = wr_report_push_key(c->report, wr_bytes_of(properties->items[i].name));
		check_property(c, &properties->items[i]);
		wr_report_pop(c->report, inner);
	}
	wr_report_pop(c->report, outer);
	wr_report_pop(c->report, top);
}

void wr_check_properties(struct wr_checker *c)
{
	const struct wr_conf_kafka *kafka = &c->conf->kafka;

	check_map(c, "properties", &kafka->properties);
	check_map(c, "consumer_properties", &kafka->consumer_properties);
	check_map(c, "producer_properties", &kafka->producer_properties);
}
