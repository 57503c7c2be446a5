/*
 * Listing: a page of the dead letters that a filter means, newest or oldest first over all partitions, and where the
 * next page begins. A page costs what it reads, not what the topic holds: it begins at an offset, and a filter that
 * matches little ends with what it found so far and a cursor. No more than the page is held in memory.
 */
#ifndef WR_DLQ_PAGE_H
#define WR_DLQ_PAGE_H

#include "dlq/cursor.h"
#include "dlq/dlq.h"

#define WR_DLQ_PAGE_MAX 1000

struct wr_dlq_page_request {
	const struct wr_dlq_filter *filter;
	const struct wr_dlq_cursor *cursor; /* NULL: from the beginning; it says the order then */
	bool oldest_first;
	size_t limit;       /* 1 to WR_DLQ_PAGE_MAX */
	uint64_t scan_max;  /* records to look at */
	int64_t timeout_ms; /* time to spend, as far as Kafka answers */
};

struct wr_dlq_page {
	struct wr_dlq_letter **letters; /* owned */
	size_t count;
	struct wr_dlq_cursor next;
	bool is_last; /* nothing is left behind it */
	uint64_t scanned;
};

void wr_dlq_page_fini(struct wr_dlq_page *page);

/* WR_OK, WR_EINVAL (the cursor does not fit the topic), WR_EREFUSED, WR_EUNAVAILABLE, WR_ENOMEM. */
enum wr_code wr_dlq_page_read(struct wr_dlq *dlq, const struct wr_dlq_page_request *request,
			      struct wr_dlq_page *page_r, struct wr_err *err);

#endif
