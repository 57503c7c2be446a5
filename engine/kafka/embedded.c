#include "config.h"

#include "kafka/embedded.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#define PARTITIONS 4

struct wr_embedded {
	rd_kafka_t *rk; /* the mock cluster lives in a client's threads */
	rd_kafka_mock_cluster_t *cluster;
};

enum wr_code wr_embedded_start(struct wr_embedded **embedded_r, struct wr_err *err)
{
	struct wr_embedded *e = calloc(1, sizeof(*e));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	*embedded_r = NULL;
	if (e == NULL || conf == NULL) {
		free(e);
		return wr_err_set(err, WR_EIO, "embedded broker: no memory");
	}
	/* It has no brokers to connect to, and need not say so: our log is one JSON object a line. */
	rd_kafka_conf_set(conf, "log_level", "3", text, sizeof(text));
	e->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (e->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		free(e);
		return wr_err_set(err, WR_EIO, "embedded broker: %s", text);
	}
	e->cluster = rd_kafka_mock_cluster_new(e->rk, 1);
	if (e->cluster == NULL) {
		wr_embedded_stop(e);
		return wr_err_set(err, WR_EIO, "embedded broker: it does not start");
	}
	*embedded_r = e;
	return WR_OK;
}

void wr_embedded_stop(struct wr_embedded *e)
{
	if (e == NULL)
		return;
	if (e->cluster != NULL)
		rd_kafka_mock_cluster_destroy(e->cluster);
	rd_kafka_destroy(e->rk);
	free(e);
}

const char *wr_embedded_brokers(const struct wr_embedded *e)
{
	return rd_kafka_mock_cluster_bootstraps(e->cluster);
}

enum wr_code wr_embedded_create_topic(struct wr_embedded *e, const char *topic, struct wr_err *err)
{
	rd_kafka_resp_err_t error = rd_kafka_mock_topic_create(e->cluster, topic, PARTITIONS, 1);

	if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return WR_OK;
	return wr_err_set(err, WR_EIO, "embedded broker: topic %s: %s", topic,
			  rd_kafka_err2str(error));
}
