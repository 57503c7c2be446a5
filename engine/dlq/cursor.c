#include "config.h"

#include "dlq/cursor.h"

#include "dlq/place.h"

#include <inttypes.h>
#include <stdlib.h>

#define PARTITIONS_MAX 100000

/* "n-0.1234-1.88": the letter is the order, then partition and offset. Nothing in it needs quoting in a URL. */

void wr_dlq_cursor_fini(struct wr_dlq_cursor *cursor)
{
	free(cursor->positions);
	*cursor = (struct wr_dlq_cursor){.positions = NULL};
}

enum wr_code wr_dlq_cursor_print(const struct wr_dlq_cursor *cursor, struct wr_buf *out)
{
	enum wr_code rc = wr_buf_append_text(out, cursor->oldest_first ? "o" : "n");

	for (size_t i = 0; i < cursor->count && rc == WR_OK; i++)
		rc = wr_buf_printf(out, "-%" PRId32 ".%" PRId64, cursor->positions[i].partition,
				   cursor->positions[i].offset);
	return rc;
}

static size_t count_of(struct wr_bytes text)
{
	const char *s = text.data;
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += s[i] == '-';
	return count;
}

static bool take_position(struct wr_bytes *text_p, struct wr_dlq_position *position_r)
{
	int64_t partition = 0, offset = 0;

	if (!wr_dlq_take_char(text_p, '-') || !wr_dlq_take_number(text_p, INT32_MAX, &partition) ||
	    !wr_dlq_take_char(text_p, '.') || !wr_dlq_take_number(text_p, INT64_MAX, &offset))
		return false;
	*position_r = (struct wr_dlq_position){(int32_t)partition, offset};
	return true;
}

enum wr_code wr_dlq_cursor_parse(struct wr_bytes text, struct wr_dlq_cursor *cursor_r,
				 struct wr_err *err)
{
	size_t count = count_of(text), i;

	*cursor_r = (struct wr_dlq_cursor){.positions = NULL};
	cursor_r->oldest_first = wr_dlq_take_char(&text, 'o');
	if ((!cursor_r->oldest_first && !wr_dlq_take_char(&text, 'n')) || count > PARTITIONS_MAX)
		return wr_err_set(err, WR_EINVAL, "cursor: it is not one that a listing gave");
	cursor_r->positions = calloc(count + 1, sizeof(*cursor_r->positions));
	if (cursor_r->positions == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a cursor");
	for (i = 0; i < count; i++) {
		struct wr_dlq_position *now = &cursor_r->positions[i];

		if (!take_position(&text, now) || (i > 0 && now[-1].partition >= now->partition))
			break;
	}
	cursor_r->count = i;
	if (i == count && text.size == 0)
		return WR_OK;
	wr_dlq_cursor_fini(cursor_r);
	return wr_err_set(err, WR_EINVAL, "cursor: it is not one that a listing gave");
}
