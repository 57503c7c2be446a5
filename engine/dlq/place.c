#include "config.h"

#include "dlq/place.h"

#include <inttypes.h>
#include <stdio.h>

bool wr_dlq_take_number(struct wr_bytes *text_p, int64_t max, int64_t *number_r)
{
	const char *s = text_p->data;
	size_t i = 0;

	*number_r = 0;
	for (; i < text_p->size && s[i] >= '0' && s[i] <= '9'; i++) {
		int64_t digit = s[i] - '0';

		if (*number_r > (max - digit) / 10)
			return false;
		*number_r = *number_r * 10 + digit;
	}
	if (i == 0)
		return false;
	*text_p = wr_bytes(s + i, text_p->size - i);
	return true;
}

bool wr_dlq_take_char(struct wr_bytes *text_p, char c)
{
	const char *s = text_p->data;

	if (text_p->size == 0 || s[0] != c)
		return false;
	*text_p = wr_bytes(s + 1, text_p->size - 1);
	return true;
}

bool wr_dlq_place_parse(struct wr_bytes text, struct wr_dlq_place *place_r)
{
	int64_t partition = 0, offset = 0;
	bool ok = wr_dlq_take_number(&text, INT32_MAX, &partition) &&
		  wr_dlq_take_char(&text, '/') && wr_dlq_take_number(&text, INT64_MAX, &offset) &&
		  text.size == 0;

	*place_r = (struct wr_dlq_place){0, 0};
	if (ok)
		*place_r = (struct wr_dlq_place){(int32_t)partition, offset};
	return ok;
}

void wr_dlq_place_print(const struct wr_dlq_place *place, char text_r[WR_DLQ_PLACE_TEXT])
{
	snprintf(text_r, WR_DLQ_PLACE_TEXT, "%" PRId32 "/%" PRId64, place->partition,
		 place->offset);
}

int wr_dlq_place_compare(const struct wr_dlq_place *a, const struct wr_dlq_place *b)
{
	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}
