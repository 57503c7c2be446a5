/*
 * What the source, the sink and the admin client share: building a librdkafka configuration from ours, its log
 * lines into our log, and its error codes into ours.
 */
#ifndef WR_KAFKA_CLIENT_H
#define WR_KAFKA_CLIENT_H

#include "base/err.h"
#include "conf/conf.h"

#include <librdkafka/rdkafka.h>

/* Who a client is: the `client.id` and the fields of its log lines. Borrowed while the client lives. */
struct wr_kafka_name {
	const char *instance;
	const char *pipeline; /* or "http", "admin" */
	int lane;             /* -1: none */
};

struct wr_kafka_setting {
	const char *name;
	const char *value;
};

/* A configuration with the brokers, the client's name, the logging, `defaults` (ending at a NULL name; may be
 * NULL), and over them the user's `properties` and those of `role` (may be NULL). The caller owns *conf_r until
 * wr_kafka_client_create() takes it. WR_OK, WR_EINVAL (a property that librdkafka refuses: err names it),
 * WR_ENOMEM. */
enum wr_code wr_kafka_conf_create(const struct wr_conf_kafka *kafka,
				  const struct wr_conf_properties *role,
				  const struct wr_kafka_setting *defaults,
				  const struct wr_kafka_name *name, rd_kafka_conf_t **conf_r,
				  struct wr_err *err);

/* Sets what the engine owns, over everything; the list ends at a NULL name. WR_OK or WR_EINVAL. */
enum wr_code wr_kafka_conf_set(rd_kafka_conf_t *conf, const struct wr_kafka_setting *settings,
			       struct wr_err *err);

/* rd_kafka_new() that takes *conf_p in any case. NULL on failure. */
rd_kafka_t *wr_kafka_client_create(rd_kafka_type_t type, rd_kafka_conf_t **conf_p,
				   struct wr_err *err);

/* True for an error of one record that no retry can heal: too large, not authorised, invalid. */
bool wr_kafka_is_permanent(rd_kafka_resp_err_t error);

#endif
