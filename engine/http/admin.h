/*
 * The handlers of the admin API. What they show and do is behind port/admin.h.
 */
#ifndef WR_HTTP_ADMIN_H
#define WR_HTTP_ADMIN_H

struct wr_http_call;

void wr_http_admin_status(struct wr_http_call *call);
void wr_http_admin_pipelines(struct wr_http_call *call);
void wr_http_admin_plugins(struct wr_http_call *call);
void wr_http_admin_config(struct wr_http_call *call);
void wr_http_admin_pause(struct wr_http_call *call);
void wr_http_admin_resume(struct wr_http_call *call);
void wr_http_admin_log_level(struct wr_http_call *call);
void wr_http_admin_set_log_level(struct wr_http_call *call);

/* admin_reload.c; the first two block. */
void wr_http_admin_reload(struct wr_http_call *call);
void wr_http_admin_rollback(struct wr_http_call *call);
void wr_http_admin_generations(struct wr_http_call *call);
void wr_http_admin_generation(struct wr_http_call *call);

#endif
