/*
 * What became of a reload, and what has run, as JSON: members of the object that is open. [any]
 */
#ifndef WR_RUN_RELOAD_SHOW_H
#define WR_RUN_RELOAD_SHOW_H

#include "base/json_out.h"
#include "run/reload.h"

void wr_reload_show_answer(struct wr_json_out *out, const struct wr_reload_answer *answer);
void wr_reload_show_entry(struct wr_json_out *out, const struct wr_reload_entry *entry);

#endif
