/*
 * What /admin/status said, for people: the last answer of a client as text. Functions append to a buffer; without memory
 * they append less.
 */
#ifndef WR_CLI_ENGINE_VIEW_H
#define WR_CLI_ENGINE_VIEW_H

#include "cli/admin_client.h"

/* Who it is, since when, why it is not ready, and which circuits are open. */
void wr_engine_view_head(struct wr_admin_client *client, struct wr_buf *out);

/* A line a pipeline; a line a partition; a line a plugin. */
void wr_engine_view_pipelines(struct wr_admin_client *client, struct wr_buf *out);
void wr_engine_view_partitions(struct wr_admin_client *client, struct wr_buf *out);
void wr_engine_view_plugins(struct wr_admin_client *client, struct wr_buf *out);

/* What pipelines and lanes did since the last look. */
struct wr_engine_rates {
	struct wr_engine_count *counts; /* of the last look */
	size_t count;
	double uptime_s; /* of the last look; 0: there was none */
};

/* A line a pipeline and a lane, with what they do a second; and remembers the counts for the next time. */
void wr_engine_view_rates(struct wr_admin_client *client, struct wr_engine_rates *rates,
			  struct wr_buf *out);
void wr_engine_rates_fini(struct wr_engine_rates *rates); /* zeroed is fine */

#endif
