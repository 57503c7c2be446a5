/*
 * A claim for people and for programs: what `weir claims` prints.
 */
#ifndef WR_CLI_CLAIM_TEXT_H
#define WR_CLI_CLAIM_TEXT_H

#include "cli/pipeline_args.h"

struct wr_claim_view {
	const char *pipeline;
	struct wr_bytes id;
	struct wr_buf key;   /* in Redis */
	struct wr_buf value; /* as it is kept */
	int64_t ttl_ms;      /* -1: it has no end */
};

void wr_claim_view_init(struct wr_claim_view *view, const char *pipeline, const char *id);
void wr_claim_view_fini(struct wr_claim_view *view);

/* Reads it; what is wrong is said on stderr. WR_EXIT_OK or WR_EXIT_WRONG. */
int wr_claim_view_read(struct wr_claim_view *view, struct wr_redis_access *access,
		       const struct wr_command *command);

/* Append it: a table of names and values, or one JSON object; each with its newline. WR_OK or WR_ENOMEM. */
enum wr_code wr_claim_view_text(const struct wr_claim_view *view, struct wr_buf *out);
enum wr_code wr_claim_view_json(const struct wr_claim_view *view, struct wr_buf *out);

#endif
