/*
 * Generations, pipelines and lanes as JSON, for admin.c. Each writes one member of the object that is open.
 */
#ifndef WR_RUN_ADMIN_SHOW_H
#define WR_RUN_ADMIN_SHOW_H

#include "base/json_out.h"
#include "host/generation.h"
#include "run/board.h"

/* "pipelines": as configured, and what their lanes published. The board's locks are taken. */
void wr_admin_show_pipelines(struct wr_json_out *out, const struct wr_generation *generation,
			     struct wr_board *board);

/* "plugins": each once, with the stages that use it. */
void wr_admin_show_plugins(struct wr_json_out *out, const struct wr_generation *generation);

#endif
