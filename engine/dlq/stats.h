/*
 * How many dead letters there are of what kind, and what became of them. Counting reads the topic, so it goes by parts:
 * each call counts on for a while. Memory is bounded by the kinds, of which there are few; beyond a thousand they are
 * counted together.
 */
#ifndef WR_DLQ_STATS_H
#define WR_DLQ_STATS_H

#include "base/map.h"
#include "dlq/cursor.h"
#include "dlq/dlq.h"

#define WR_DLQ_GROUPS_MAX 1000

/* One kind: the same pipeline, stage, class and code. Texts are "" where the letters say nothing. */
struct wr_dlq_group {
	const char *pipeline, *stage, *class_name, *code;
	uint64_t counts[WR_DLQ_STATES];
	int64_t oldest_ms, newest_ms; /* of the open ones, if there are any */
};

struct wr_dlq_stats {
	struct wr_map *groups; /* struct wr_dlq_group, by its texts */
	struct wr_dlq_group others;
	uint64_t counts[WR_DLQ_STATES];
	uint64_t broken; /* of them, those whose envelope can't be trusted */
	uint64_t scanned;
	struct wr_dlq_cursor next;
	bool is_complete;
};

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_stats_init(struct wr_dlq_stats *stats);
void wr_dlq_stats_fini(struct wr_dlq_stats *stats);

/* Goes on from stats->next (NULL positions: from the beginning) for up to timeout_ms, over what the filter means
 * whatever became of it. WR_OK, WR_ENOTFOUND (the cursor is no such), WR_EREFUSED, WR_EUNAVAILABLE, WR_ENOMEM. */
enum wr_code wr_dlq_stats_read(struct wr_dlq *dlq, const struct wr_dlq_filter *filter,
			       int64_t timeout_ms, struct wr_dlq_stats *stats, struct wr_err *err);

/* The groups, the largest first, in an array of the caller's; NULL without memory. */
struct wr_dlq_group **wr_dlq_stats_sorted(const struct wr_dlq_stats *stats, size_t *count_r);

/* Appends {"open":...,"groups":[...],...}. WR_OK or WR_ENOMEM. */
enum wr_code wr_dlq_stats_json(const struct wr_dlq_stats *stats, struct wr_buf *out);

#endif
