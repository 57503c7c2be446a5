/*
 * The redrive of one pipeline: sends its dead letters round again on a schedule, on a thread of its own, while this
 * engine is the one that owns the pipeline's first partition. Each round that finds something is a job like a person's,
 * so it is recorded, survives a kill, and goes on in whichever engine is the owner then.
 *
 * Engines that disagree about who the owner is end each other by the name they write under (see start.c), and should
 * two replays of one letter come about all the same, the second is a duplicate by the rules of core/claim.h.
 */
#ifndef WR_DLQ_REDRIVE_H
#define WR_DLQ_REDRIVE_H

#include "dlq/service_private.h"

#define WR_REDRIVE_STATES(X)                                      \
	X(WR_REDRIVE_OFF, "off")             /* not configured */ \
	X(WR_REDRIVE_ELSEWHERE, "elsewhere") /* another's work */ \
	X(WR_REDRIVE_WAITING, "waiting")     /* for its time */   \
	X(WR_REDRIVE_RUNNING, "running")     /* a round */        \
	X(WR_REDRIVE_FAILED, "failed")       /* tried again soon */

enum wr_redrive_state {
#define X(name, text) name,
	WR_REDRIVE_STATES(X)
#undef X
};

/* What a pipeline's configuration says. */
struct wr_redrive_policy {
	int64_t every_ms; /* 0: off */
	int64_t max, rate;
	unsigned classes; /* a bit each */
};

struct wr_redrive {
	struct wr_redrive *next; /* of the service's list */
	struct wr_dlq_service *service;
	char *pipeline;
	pthread_t thread; /* [main, then reload] */
	bool has_thread;
	pthread_cond_t wake;
	struct wr_metric_cell *redriven; /* [redrive] */

	/* [lock] of the service */
	char *source; /* the topic whose partition 0 decides */
	struct wr_dlq_site *site;
	struct wr_redrive_policy policy;
	uint64_t version; /* of source, site and policy */
	enum wr_redrive_state state;
	int64_t next_wall_ms; /* 0: not known */
	char job[WR_DLQ_JOB_BYTES];
	char reason[256]; /* why it failed; empty */

	/* [redrive] */
	struct wr_redrive_policy now; /* a copy, as of `seen_version` */
	struct wr_dlq_site *site_now;
	uint64_t seen_version;
	bool
	    is_scheduled; /* as an owner: it is known what was under way and when the next round is */
	int64_t next_mono_ns; /* when is_scheduled */
	int64_t *seen;        /* by partition: all before it was looked through */
	size_t seen_count;
	_Atomic bool stop, cancel;
	uint64_t counted; /* of the job that runs: letters that the metric knows */
	unsigned rounds;
};

/* Takes over what a configuration says; a thread is made for the first pipeline that wants it. WR_OK or WR_ENOMEM. The
 * service's lock is not held. [main, reload] */
enum wr_code wr_redrive_configure(struct wr_dlq_service *service, const struct wr_conf *conf);

/* Starts the threads of those that are configured. WR_OK or WR_ENOMEM. [main, reload] */
enum wr_code wr_redrive_start(struct wr_dlq_service *service);

/* Ends the threads; is_stopping is set. [main] */
void wr_redrive_stop(struct wr_dlq_service *service);
void wr_redrive_destroy(struct wr_dlq_service *service);

/* Appends {"redrives":[...]}. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_redrive_json(struct wr_dlq_service *service, struct wr_buf *out);

/* Whether this engine is the one now. [redrive] */
bool wr_redrive_is_owner(struct wr_redrive *redrive);

/* Of the jobs of rounds that are over so many are kept, at least. */
#define WR_REDRIVE_KEEP_JOBS 20

/* Finds out when the last round began, and goes on with one that nobody ended. Codes as of a round. [redrive] */
enum wr_code wr_redrive_take_over(struct wr_redrive *redrive, struct wr_err *err);

/* One round. WR_OK; WR_ENOTFOUND: there was nothing to do; WR_ECLOSED: another engine has taken over; else what went
 * wrong. [redrive] */
enum wr_code wr_redrive_round(struct wr_redrive *redrive, struct wr_err *err);

#endif
