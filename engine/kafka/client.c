#include "config.h"

#include "kafka/client.h"

#include "base/log.h"

#include <stdio.h>
#include <syslog.h>

static enum wr_log_level log_level_of(int syslog_level)
{
	if (syslog_level <= LOG_ERR)
		return WR_LOG_ERROR;
	if (syslog_level <= LOG_WARNING)
		return WR_LOG_WARN;
	return syslog_level <= LOG_INFO ? WR_LOG_INFO : WR_LOG_DEBUG;
}

/* librdkafka's own words: it logs no payloads, and passwords not at all. A broker that went away is its LOG_ERR,
 * and it mends that by itself: for us a warning. */
static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	enum wr_log_level ours = log_level_of(level);

	if (ours == WR_LOG_ERROR)
		ours = WR_LOG_WARN;
	WR_LOG(ours, "kafka client", WR_STR("client", rd_kafka_name(rk)),
	       WR_STR("facility", facility), WR_STR("text", text));
}

static enum wr_code set_one(rd_kafka_conf_t *conf, const char *name, const char *value,
			    struct wr_err *err)
{
	char text[512];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
		return WR_OK;
	return wr_err_set(err, WR_EINVAL, "kafka property %s: refused by librdkafka", name);
}

enum wr_code wr_kafka_conf_set(rd_kafka_conf_t *conf, const struct wr_kafka_setting *settings,
			       struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	for (; settings->name != NULL && rc == WR_OK; settings++)
		rc = set_one(conf, settings->name, settings->value, err);
	return rc;
}

static enum wr_code set_properties(rd_kafka_conf_t *conf,
				   const struct wr_conf_properties *properties, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	if (properties == NULL)
		return WR_OK;
	for (size_t i = 0; i < properties->count && rc == WR_OK; i++)
		rc = set_one(conf, properties->items[i].name, properties->items[i].value, err);
	return rc;
}

enum wr_code wr_kafka_conf_create(const struct wr_conf_kafka *kafka,
				  const struct wr_conf_properties *role,
				  const struct wr_kafka_setting *defaults,
				  const struct wr_kafka_name *name, rd_kafka_conf_t **conf_r,
				  struct wr_err *err)
{
	char client_id[256];
	const struct wr_kafka_setting ours[] = {
	    {"bootstrap.servers", kafka->brokers}, {"client.id", client_id},
	    {"socket.nagle.disable", "true"},      {"log.connection.close", "false"},
	    {"reconnect.backoff.max.ms", "1000"},  {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	enum wr_code rc;

	*conf_r = NULL;
	if (name->lane >= 0)
		snprintf(client_id, sizeof(client_id), "weir-%s-%s-%d", name->instance,
			 name->pipeline, name->lane);
	else
		snprintf(client_id, sizeof(client_id), "weir-%s-%s", name->instance,
			 name->pipeline);
	conf = rd_kafka_conf_new();
	if (conf == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a kafka configuration");
	rd_kafka_conf_set_log_cb(conf, log_line);
	rc = wr_kafka_conf_set(conf, ours, err);
	if (rc == WR_OK && defaults != NULL)
		rc = wr_kafka_conf_set(conf, defaults, err);
	if (rc == WR_OK)
		rc = set_properties(conf, &kafka->properties, err);
	if (rc == WR_OK)
		rc = set_properties(conf, role, err);
	if (rc != WR_OK) {
		rd_kafka_conf_destroy(conf);
		return rc;
	}
	*conf_r = conf;
	return WR_OK;
}

rd_kafka_t *wr_kafka_client_create(rd_kafka_type_t type, rd_kafka_conf_t **conf_p,
				   struct wr_err *err)
{
	char text[512];
	rd_kafka_t *rk = rd_kafka_new(type, *conf_p, text, sizeof(text));

	if (rk == NULL) {
		rd_kafka_conf_destroy(*conf_p);
		wr_err_set(err, WR_EINVAL, "kafka client: %s", text);
	}
	*conf_p = NULL;
	return rk;
}

bool wr_kafka_is_permanent(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
	       error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
	       error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	       error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP ||
	       error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	       error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
	       error == RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
}
