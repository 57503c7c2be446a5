/*
 * The marks of one pipeline in this process's memory. Shared by the lanes.
 */
#ifndef WR_MEMORY_MARKS_H
#define WR_MEMORY_MARKS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/code.h"
#include "base/lock.h"
#include "port/claim_store.h"

struct wr_memory_mark;

struct wr_memory_marks {
	struct wr_lock lock;
	struct wr_memory_mark *first; /* [lock] in no order: there are as many as partitions */
};

void wr_memory_marks_init(struct wr_memory_marks *marks);
void wr_memory_marks_fini(struct wr_memory_marks *marks);

/* As put_mark() of a claim store. WR_OK, or WR_ENOMEM: nothing has changed. [any] */
enum wr_code wr_memory_marks_put(struct wr_memory_marks *marks, const struct wr_mark_write *write);

/* The field's text, copied into `arena`; absent when there is none. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_memory_marks_get(struct wr_memory_marks *marks, struct wr_bytes field,
				 struct wr_arena *arena, struct wr_bytes *text_r);

#endif
