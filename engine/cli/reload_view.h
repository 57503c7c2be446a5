/*
 * What a reload has answered, for people: the last answer of a client as text. Without memory there is less of it.
 */
#ifndef WR_CLI_RELOAD_VIEW_H
#define WR_CLI_RELOAD_VIEW_H

#include "cli/admin_client.h"

/* Whether the configuration that was asked for runs, or would. */
bool wr_reload_view_succeeded(struct wr_admin_client *client);

/* How it ended, what changed, what was wrong, and how long it took. */
void wr_reload_view(struct wr_admin_client *client, struct wr_buf *out);

/* A line a generation. */
void wr_reload_view_list(struct wr_admin_client *client, struct wr_buf *out);

#endif
