/*
 * Whether events of a pipeline wait on its retry topics, which nobody reads once a reload has removed it.
 */
#ifndef WR_CLI_PARKED_H
#define WR_CLI_PARKED_H

#include "base/err.h"
#include "conf/conf.h"

/* Asks Kafka, which takes seconds at most. WR_OK: nothing waits. WR_EREFUSED: something does, or it may not be asked;
 * WR_EUNAVAILABLE: nobody answers; err is then a sentence about it. WR_EINVAL, WR_ENOMEM. [reload] */
enum wr_code wr_parked_look(const struct wr_conf_kafka *kafka, const char *instance,
			    const struct wr_conf_pipeline *pipeline, struct wr_err *err);

#endif
