/*
 * What is asked of Kafka and of the claim stores before the lanes start: are the topics there, does the DLQ take the
 * largest record, will Redis keep the claims. Answers that need a person are warnings with what to do; only what
 * can't work is refused.
 */
#ifndef WR_CLI_PREFLIGHT_H
#define WR_CLI_PREFLIGHT_H

#include "cli/wiring.h"
#include "kafka/admin.h"

/* Looks at every topic that a configuration names (the wiring was told of its pipelines), creates those that are missing (`kafka.create_topics`), and
 * learns how large records may be (into the wiring). WR_OK; WR_EUNAVAILABLE: Kafka does not answer,
 * call again; WR_EREFUSED: it can't work, err says why and what to do. [main] */
enum wr_code wr_preflight_topics(struct wr_wiring *wiring, struct wr_kafka_admin *admin,
				 const struct wr_conf *conf, struct wr_err *err);

/* Asks each pipeline's claim store, once in the process's life, and logs its warnings. WR_OK, also when it does not answer (the lanes wait for
 * it); WR_EREFUSED when it can't work: too old, wrong password. [main] */
enum wr_code wr_preflight_stores(struct wr_wiring *wiring, const struct wr_conf *conf,
				 struct wr_err *err);

#endif
