/*
 * Reloads asked for by the admin API: waits for what the reload thread answers. For admin.c.
 */
#ifndef WR_RUN_ADMIN_RELOAD_H
#define WR_RUN_ADMIN_RELOAD_H

#include "base/lock.h"
#include "port/admin.h"
#include "run/reload.h"

/* Who waits for answers. Embedded. */
struct wr_admin_reloads {
	struct wr_lock lock;
	pthread_cond_t answered;
	struct wr_reload *reload; /* [lock]; NULL: not yet, or not any more */
	bool is_closed;           /* [lock] nobody answers any more */
};

void wr_admin_reloads_init(struct wr_admin_reloads *reloads);
void wr_admin_reloads_fini(struct wr_admin_reloads *reloads);

/* From now on it may be asked. Borrowed until close(). [main] */
void wr_admin_reloads_open(struct wr_admin_reloads *reloads, struct wr_reload *reload);

/* The reload thread has ended: whoever waits is told that the engine stops. [main] */
void wr_admin_reloads_close(struct wr_admin_reloads *reloads);

/* The functions of port/admin.h. */
enum wr_code wr_admin_reloads_ask(struct wr_admin_reloads *reloads,
				  const struct wr_admin_order *order, wr_admin_begin_fn begin,
				  void *arg, struct wr_err *err);
/* Whether something else runs than the file says, since the start. */
bool wr_admin_reloads_has_drifted(struct wr_admin_reloads *reloads);

/* "canary": the generation that is tried, and its path; or null. */
void wr_admin_reloads_canary(struct wr_admin_reloads *reloads, struct wr_json_out *out);

void wr_admin_reloads_list(struct wr_admin_reloads *reloads, struct wr_json_out *out);
enum wr_code wr_admin_reloads_one(struct wr_admin_reloads *reloads, uint64_t number,
				  struct wr_json_out *out);

#endif
