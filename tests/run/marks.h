/*
 * The marks of a fake claim store.
 */
#ifndef WR_TESTS_RUN_MARKS_H
#define WR_TESTS_RUN_MARKS_H

#include "port/claim_store.h"

#define MARKS_MAX 16

struct marks {
	struct mark {
		char field[64];
		char text[WR_CLAIM_STORE_MARK_BYTES];
		size_t text_size;
		uint32_t incarnation;
		int64_t next;
	} items[MARKS_MAX];
	size_t count;
};

/* As put_mark() of a claim store. */
void marks_put(struct marks *marks, const struct wr_mark_write *write);

/* NULL when there is none. */
struct mark *marks_find(struct marks *marks, struct wr_bytes field);

/* Answers a query and completes it. */
void marks_answer(struct marks *marks, struct wr_mark_query *query);

#endif
