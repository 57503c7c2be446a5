/*
 * The topics that a consumer reads, by name and by pattern, as the cluster has them now: those too of which it holds
 * nothing, because another member has not heard of them yet. Used by kafka/enquiry.c and kafka/source.c.
 */
#ifndef WR_KAFKA_TOPICS_H
#define WR_KAFKA_TOPICS_H

#include "conf/conf.h"
#include "port/source.h"

#include <librdkafka/rdkafka.h>
#include <regex.h>

/* Which ones. */
struct wr_topic_filter {
	char **names;
	size_t name_count;
	regex_t pattern;
	bool has_pattern;
	bool aligns; /* topics of the pattern get as many partitions as the one that is named */
};

/* `pattern` as librdkafka has it, beginning with ^; NULL: none. WR_OK, WR_EINVAL (the pattern), WR_ENOMEM. */
enum wr_code wr_topic_filter_init(struct wr_topic_filter *filter,
				  const struct wr_conf_strings *names, const char *pattern,
				  bool aligns, struct wr_err *err);

/* A zeroed one is fine. */
void wr_topic_filter_fini(struct wr_topic_filter *filter);

struct wr_topic_list {
	struct wr_source_topic *items; /* names are owned */
	size_t count;
};

/* Asks the cluster; timeout_ms is for all of it, however many topics get partitions. librdkafka hears of new topics by
 * it, and joins its group anew when some fit. Where partitions were added it is an error: ask again, until they are
 * there. */
rd_kafka_resp_err_t wr_topic_list_ask(const struct wr_topic_filter *filter, rd_kafka_t *rk,
				      int timeout_ms, struct wr_topic_list *list_r);

/* The list is empty then. */
void wr_topic_list_fini(struct wr_topic_list *list);

/* Adds partitions to a topic until it has so many. WR_OK also when it has them already; WR_EREFUSED, WR_EUNAVAILABLE. */
enum wr_code wr_kafka_add_partitions(rd_kafka_t *rk, const char *topic, int partitions,
				     int timeout_ms, struct wr_err *err);

#endif
