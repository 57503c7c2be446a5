#include "config.h"

#include "memory/marks.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

struct wr_memory_mark {
	struct wr_memory_mark *next;
	uint32_t incarnation;
	int64_t position;
	struct wr_bytes field, text; /* behind the struct */
};

void wr_memory_marks_init(struct wr_memory_marks *marks)
{
	wr_lock_init(&marks->lock);
	marks->first = NULL;
}

void wr_memory_marks_fini(struct wr_memory_marks *marks)
{
	struct wr_memory_mark *mark;

	while ((mark = marks->first) != NULL) {
		marks->first = mark->next;
		free(mark);
	}
	wr_lock_fini(&marks->lock);
}

static struct wr_memory_mark *copy(const struct wr_mark_write *write)
{
	struct wr_memory_mark *mark = malloc(sizeof(*mark) + write->field.size + write->text.size);
	char *bytes = (char *)(mark + 1);

	if (mark == NULL)
		return NULL;
	*mark = (struct wr_memory_mark){
	    .incarnation = write->incarnation,
	    .position = write->next,
	    .field = wr_bytes(bytes, write->field.size),
	    .text = wr_bytes(bytes + write->field.size, write->text.size),
	};
	if (write->field.size > 0)
		memcpy(bytes, write->field.data, write->field.size);
	if (write->text.size > 0)
		memcpy(bytes + write->field.size, write->text.data, write->text.size);
	return mark;
}

/* Where the field's mark hangs, or where one is to be hung. */
static struct wr_memory_mark **find_locked(struct wr_memory_marks *marks, struct wr_bytes field)
{
	struct wr_memory_mark **link_p = &marks->first;

	wr_lock_assert_held(&marks->lock);
	while (*link_p != NULL && !wr_bytes_equal((*link_p)->field, field))
		link_p = &(*link_p)->next;
	return link_p;
}

static bool is_behind(const struct wr_memory_mark *there, const struct wr_mark_write *write)
{
	return there->incarnation != write->incarnation ? there->incarnation < write->incarnation
							: there->position <= write->next;
}

enum wr_code wr_memory_marks_put(struct wr_memory_marks *marks, const struct wr_mark_write *write)
{
	struct wr_memory_mark *mark = copy(write), **link_p, *unused = mark;

	WR_ASSERT(write->text.size <= WR_CLAIM_STORE_MARK_BYTES && write->next >= 0);
	if (mark == NULL)
		return WR_ENOMEM;
	wr_lock_take(&marks->lock);
	link_p = find_locked(marks, write->field);
	if (*link_p == NULL || write->anyway || is_behind(*link_p, write)) {
		unused = *link_p;
		mark->next = unused != NULL ? unused->next : NULL;
		*link_p = mark;
	}
	wr_lock_release(&marks->lock);
	free(unused);
	return WR_OK;
}

enum wr_code wr_memory_marks_get(struct wr_memory_marks *marks, struct wr_bytes field,
				 struct wr_arena *arena, struct wr_bytes *text_r)
{
	const struct wr_memory_mark *mark;
	enum wr_code rc = WR_OK;
	void *text;

	*text_r = wr_bytes(NULL, 0);
	wr_lock_take(&marks->lock);
	mark = *find_locked(marks, field);
	if (mark != NULL) {
		text = wr_arena_copy(arena, mark->text.data, mark->text.size);
		*text_r = wr_bytes(text, text != NULL ? mark->text.size : 0);
		rc = text != NULL ? WR_OK : WR_ENOMEM;
	}
	wr_lock_release(&marks->lock);
	return rc;
}
