#include "config.h"

#include "tests/run/marks.h"

#include "tests/unit.h"

#include <stdio.h>

struct mark *marks_find(struct marks *marks, struct wr_bytes field)
{
	size_t i;

	for (i = 0; i < marks->count; i++) {
		if (wr_bytes_equal(field, wr_bytes_of(marks->items[i].field)))
			return &marks->items[i];
	}
	return NULL;
}

static bool goes_forward(const struct mark *mark, const struct wr_mark_write *write)
{
	return mark->incarnation != write->incarnation ? mark->incarnation < write->incarnation
						       : mark->next <= write->next;
}

void marks_put(struct marks *marks, const struct wr_mark_write *write)
{
	struct mark *mark = marks_find(marks, write->field);

	assert_true(write->text.size <= sizeof(mark->text));
	if (mark != NULL && !write->anyway && !goes_forward(mark, write))
		return;
	if (mark == NULL) {
		assert_true(marks->count < MARKS_MAX);
		mark = &marks->items[marks->count++];
		snprintf(mark->field, sizeof(mark->field), "%.*s", (int)write->field.size,
			 (const char *)write->field.data);
	}
	memcpy(mark->text, write->text.data, write->text.size);
	mark->text_size = write->text.size;
	mark->incarnation = write->incarnation;
	mark->next = write->next;
}

void marks_answer(struct marks *marks, struct wr_mark_query *query)
{
	const struct mark *mark;
	size_t i;

	wr_arena_reset(&query->arena);
	for (i = 0; i < query->count; i++) {
		mark = marks_find(marks, query->fields[i]);
		query->texts[i] = wr_bytes(NULL, 0);
		if (mark == NULL)
			continue;
		query->texts[i] = wr_bytes(
		    wr_arena_copy(&query->arena, mark->text, mark->text_size), mark->text_size);
		assert_non_null(query->texts[i].data);
	}
	query->submitted = false;
	query->done = true;
}
