/*
 * Where a dead letter stands, which is also its name for people: "<partition>/<offset>". Pure.
 */
#ifndef WR_DLQ_PLACE_H
#define WR_DLQ_PLACE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_dlq_place {
	int32_t partition;
	int64_t offset;
};

#define WR_DLQ_PLACE_TEXT 40

/* False when the text is no such name; the place is then 0/0. [any] */
bool wr_dlq_place_parse(struct wr_bytes text, struct wr_dlq_place *place_r);

void wr_dlq_place_print(const struct wr_dlq_place *place, char text_r[WR_DLQ_PLACE_TEXT]);

/* By partition, then offset: less than, equal to or greater than 0. */
int wr_dlq_place_compare(const struct wr_dlq_place *a, const struct wr_dlq_place *b);

/* Reads decimal digits, up to `max`, and moves *text_p behind them. False without a digit or beyond max. */
bool wr_dlq_take_number(struct wr_bytes *text_p, int64_t max, int64_t *number_r);

/* Whether the text begins with `c`; moves behind it. */
bool wr_dlq_take_char(struct wr_bytes *text_p, char c);

#endif
