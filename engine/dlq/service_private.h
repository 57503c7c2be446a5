/* What service.c, service_jobs.c and service_ask.c share. */
#ifndef WR_DLQ_SERVICE_PRIVATE_H
#define WR_DLQ_SERVICE_PRIVATE_H

#include "base/lock.h"
#include "dlq/run.h"
#include "dlq/service.h"

#include <pthread.h>

/* A dead-letter topic with the pipelines that write to it. Sites live as long as the service. */
struct wr_dlq_site {
	struct wr_dlq_site *next;
	char *topic;
	struct wr_dlq_pipeline *pipelines; /* [lock] names and sources stay, rules change */
	size_t pipeline_count;             /* [lock] */
	struct wr_dlq *idle;               /* [lock] an open topic that nobody uses now */
	struct wr_metric_cell *cells[WR_DLQ_STATES]; /* [service] */
	bool is_looked_for;                          /* [service] its unfinished jobs are known */
};

/* A job that is to be run. */
struct wr_dlq_task {
	struct wr_dlq_task *next;
	struct wr_dlq_site *site;
	char id[WR_DLQ_JOB_BYTES];
	char *who;             /* wants it resumed, and is not on record yet; NULL: nobody */
	int64_t since_mono_ns; /* when it was queued first */
};

struct wr_dlq_service {
	struct wr_dlq_port port;
	uint32_t magic;
	const struct wr_conf_kafka *kafka;
	struct wr_metrics *metrics;
	char *instance;
	struct wr_lock lock;
	pthread_cond_t wake;
	struct wr_dlq_site *sites;        /* [lock] the list */
	struct wr_dlq_task *first, *last; /* [lock] */
	struct wr_redrive *redrives;      /* [main, then reload]; read by others under the lock */
	wr_dlq_owns_fn *owns;             /* NULL: nothing is ours */
	void *owns_arg;
	_Atomic bool is_stopping;
	pthread_t thread; /* [main] */
	bool has_thread;  /* [main] */
};

#define WR_DLQ_SERVICE_MAGIC 0x57525344u

/* Opens the topic, or takes the open one, with its state as it is now. Give it back, and whether it failed. [any] */
enum wr_code wr_dlq_site_take(struct wr_dlq_service *service, struct wr_dlq_site *site,
			      struct wr_dlq **dlq_r, struct wr_err *err);
void wr_dlq_site_give(struct wr_dlq_service *service, struct wr_dlq_site *site, struct wr_dlq *dlq,
		      bool failed);

/* The site of a topic that was added; NULL: none. The lock is held. */
struct wr_dlq_site *wr_dlq_site_locked(struct wr_dlq_service *service, const char *topic);

/* The pipelines of a site, in an array of the caller's; NULL without memory. */
struct wr_dlq_pipeline *wr_dlq_site_pipelines(struct wr_dlq_service *service,
					      struct wr_dlq_site *site, size_t *count_r);

/* The site of a pipeline; NULL name: the only one. WR_OK, WR_EINVAL (there are several), WR_ENOTFOUND. */
enum wr_code wr_dlq_site_find(struct wr_dlq_service *service, const char *pipeline,
			      struct wr_dlq_site **site_r, struct wr_err *err);

/* Has the thread run a job, which is known since `since_mono_ns`. `who` resumes it; NULL: nobody in particular. WR_OK or
 * WR_ENOMEM. [any] */
enum wr_code wr_dlq_service_queue(struct wr_dlq_service *service, struct wr_dlq_site *site,
				  const char *id, const char *who, int64_t since_mono_ns);
void wr_dlq_task_free(struct wr_dlq_task *task);

/* The thread. */
void *wr_dlq_service_run(void *service);

extern const struct wr_dlq_ops wr_dlq_service_ops;

#endif
