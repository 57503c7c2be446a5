/*
 * The calls of the admin API about dead letters. What they show and do is behind port/dlq.h.
 */
#ifndef WR_HTTP_DLQ_H
#define WR_HTTP_DLQ_H

struct wr_http_call;

/* The parameters that they take; end at NULL. */
extern const char *const wr_http_dlq_list_query[];
extern const char *const wr_http_dlq_stats_query[];
extern const char *const wr_http_dlq_query[];

void wr_http_dlq_list(struct wr_http_call *call);
void wr_http_dlq_stats(struct wr_http_call *call);
void wr_http_dlq_show(struct wr_http_call *call);
void wr_http_dlq_jobs(struct wr_http_call *call);
void wr_http_dlq_job(struct wr_http_call *call);
void wr_http_dlq_redrives(struct wr_http_call *call);
void wr_http_dlq_create(struct wr_http_call *call);
void wr_http_dlq_cancel(struct wr_http_call *call);
void wr_http_dlq_resume(struct wr_http_call *call);

#endif
