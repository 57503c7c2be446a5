/*
 * Dead letters behind the admin API: implements port/dlq.h for the pipelines of an engine. Questions are answered on the
 * thread that asks; jobs run one after another on a thread of the service's own, which also goes on with those that this
 * instance had begun when it ended, and keeps the gauges. Redrives have a thread for each pipeline that is configured so.
 */
#ifndef WR_DLQ_SERVICE_H
#define WR_DLQ_SERVICE_H

#include "base/metrics.h"
#include "conf/conf.h"
#include "port/dlq.h"

struct wr_dlq_service;

/* Whether this engine has partition 0 of a pipeline's source topic now. [any] */
typedef bool wr_dlq_owns_fn(void *arg, const char *pipeline, const char *topic);

/* `kafka` (with the address of an embedded broker, if that is used) and `metrics` are borrowed for its life. WR_OK or
 * WR_ENOMEM. [main] */
enum wr_code wr_dlq_service_create(const struct wr_conf_kafka *kafka, const struct wr_conf *conf,
				   struct wr_metrics *metrics, struct wr_dlq_service **service_r);

/* How to know whether a pipeline's redrive is this engine's work; without it none is. Before start(). [main] */
void wr_dlq_service_set_owner(struct wr_dlq_service *service, wr_dlq_owns_fn *owns, void *arg);

/* WR_OK or WR_ENOMEM; then stop() is due all the same. [main] */
enum wr_code wr_dlq_service_start(struct wr_dlq_service *service, struct wr_err *err);

/* The pipelines of another configuration are known from now on, too, and redrives go by it. WR_OK or WR_ENOMEM.
 * [main, reload] */
enum wr_code wr_dlq_service_add(struct wr_dlq_service *service, const struct wr_conf *conf);

/* Ends the thread when the transaction that is under way is over; its job goes on at the next start. Nobody may ask any
 * more. NULL does nothing. [main] */
void wr_dlq_service_stop(struct wr_dlq_service *service);
void wr_dlq_service_destroy(struct wr_dlq_service *service);

/* Borrowed; NULL for NULL. */
struct wr_dlq_port *wr_dlq_service_port(struct wr_dlq_service *service);

#endif
