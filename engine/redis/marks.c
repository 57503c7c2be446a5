#include "config.h"

#include "redis/marks.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static struct wr_redis_mark *copy(const struct wr_mark_write *write)
{
	struct wr_redis_mark *mark = malloc(sizeof(*mark) + write->field.size + write->text.size);
	char *bytes = (char *)(mark + 1);

	if (mark == NULL)
		return NULL;
	*mark = (struct wr_redis_mark){
	    .request = {.kind = WR_REQUEST_MARK, .replies = 1},
	    .incarnation = write->incarnation,
	    .next = write->next,
	    .anyway = write->anyway,
	    .field = wr_bytes(bytes, write->field.size),
	    .text = wr_bytes(bytes + write->field.size, write->text.size),
	};
	if (write->field.size > 0)
		memcpy(bytes, write->field.data, write->field.size);
	if (write->text.size > 0)
		memcpy(bytes + write->field.size, write->text.data, write->text.size);
	return mark;
}

/* The one of the field that waits, and the one before it; NULL when there is none. */
static struct wr_redis_mark *find(const struct wr_redis_marks *marks, struct wr_bytes field,
				  struct wr_claim_store_request **before_r)
{
	struct wr_claim_store_request *at;

	*before_r = NULL;
	for (at = marks->first; at != NULL; at = at->next) {
		if (wr_bytes_equal(wr_redis_mark_of(at)->field, field))
			return wr_redis_mark_of(at);
		*before_r = at;
	}
	return NULL;
}

static void append(struct wr_redis_marks *marks, struct wr_redis_mark *mark)
{
	mark->request.next = NULL;
	if (marks->last != NULL)
		marks->last->next = &mark->request;
	else
		marks->first = &mark->request;
	marks->last = &mark->request;
}

static void unlink_mark(struct wr_redis_marks *marks, struct wr_claim_store_request *before,
			struct wr_redis_mark *mark)
{
	if (before != NULL)
		before->next = mark->request.next;
	else
		marks->first = mark->request.next;
	if (marks->last == &mark->request)
		marks->last = before;
	mark->request.next = NULL;
}

static bool is_behind(const struct wr_redis_mark *older, uint32_t incarnation, int64_t next)
{
	return older->incarnation != incarnation ? older->incarnation < incarnation
						 : older->next <= next;
}

enum wr_code wr_redis_marks_put(struct wr_redis_marks *marks, const struct wr_mark_write *write)
{
	struct wr_claim_store_request *before;
	struct wr_redis_mark *older = find(marks, write->field, &before), *mark;

	WR_ASSERT(write->text.size <= WR_CLAIM_STORE_MARK_BYTES && write->next >= 0);
	if (older != NULL && !write->anyway && !is_behind(older, write->incarnation, write->next))
		return WR_OK;
	mark = copy(write);
	if (mark == NULL)
		return WR_ENOMEM;
	marks->count++;
	if (older != NULL) {
		mark->anyway = write->anyway || older->anyway;
		unlink_mark(marks, before, older);
		wr_redis_marks_drop(marks, older);
	}
	append(marks, mark);
	return WR_OK;
}

struct wr_redis_mark *wr_redis_marks_take(struct wr_redis_marks *marks)
{
	struct wr_redis_mark *mark;

	if (marks->first == NULL)
		return NULL;
	mark = wr_redis_mark_of(marks->first);
	unlink_mark(marks, NULL, mark);
	return mark;
}

void wr_redis_marks_give_back(struct wr_redis_marks *marks, struct wr_redis_mark *mark)
{
	struct wr_claim_store_request *before;
	struct wr_redis_mark *newer = find(marks, mark->field, &before);

	mark->request.answered = mark->request.skip_after = 0;
	if (newer == NULL) {
		append(marks, mark);
		return;
	}
	if (newer->anyway || is_behind(mark, newer->incarnation, newer->next)) {
		newer->anyway = newer->anyway || mark->anyway;
		wr_redis_marks_drop(marks, mark);
		return;
	}
	unlink_mark(marks, before, newer);
	wr_redis_marks_drop(marks, newer);
	append(marks, mark);
}

void wr_redis_marks_drop(struct wr_redis_marks *marks, struct wr_redis_mark *mark)
{
	WR_ASSERT(marks->count > 0);
	marks->count--;
	free(mark);
}

void wr_redis_marks_yield(struct wr_redis_marks *marks, struct wr_bytes field)
{
	struct wr_claim_store_request *before;
	struct wr_redis_mark *mark = find(marks, field, &before);

	if (mark != NULL)
		mark->anyway = false;
}

void wr_redis_marks_fini(struct wr_redis_marks *marks)
{
	struct wr_redis_mark *mark;

	while ((mark = wr_redis_marks_take(marks)) != NULL)
		wr_redis_marks_drop(marks, mark);
}
