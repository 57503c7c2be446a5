/*
 * What became of a reload, and what has run, as JSON: members of the object that is open. [any]
 */
#ifndef WR_RUN_RELOAD_SHOW_H
#define WR_RUN_RELOAD_SHOW_H

#include "base/json_out.h"
#include "run/reload.h"

#define WR_RELOAD_PATH_BYTES 48

/* Where a generation can be asked for: "/admin/generations/7". */
void wr_reload_show_path(uint64_t number, char path[WR_RELOAD_PATH_BYTES]);
void wr_reload_show_answer(struct wr_json_out *out, const struct wr_reload_answer *answer);
void wr_reload_show_entry(struct wr_json_out *out, const struct wr_reload_entry *entry);

#endif
