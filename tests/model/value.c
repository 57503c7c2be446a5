#include "config.h"

#include "tests/model/value.h"

#include "base/check.h"

/* 1 + state (1 bit), incarnation (4), partition (1), offset (3). */
#define VALUES (1 + (1 << 9))

static struct wr_bytes texts[VALUES];
static struct wr_arena arena;

static void make_texts(void)
{
	struct wr_claim_prefix prefix;

	wr_arena_init(&arena, 65536);
	for (value_t value = 1; value < VALUES; value++) {
		wr_claim_prefix_init(&prefix, value_incarnation(value), "t",
				     (int32_t)value_partition(value));
		texts[value] = wr_claim_value(&prefix, (int64_t)value_offset(value), &arena);
		if (value_is_failed(value))
			texts[value] = wr_claim_failed(texts[value], &arena);
		WR_ASSERT(texts[value].data != NULL);
	}
}

value_t value_of(uint32_t incarnation, unsigned partition, unsigned offset)
{
	WR_ASSERT(incarnation < 16 && partition < 2 && offset < 8);
	return (value_t)(1 + (incarnation << 4 | partition << 3 | offset));
}

value_t value_of_owner(struct wr_bytes text)
{
	struct wr_owner owner;
	bool parsed = wr_claim_owner_parse(text, &owner);

	WR_ASSERT(parsed);
	return value_of(owner.incarnation, (unsigned)owner.partition, (unsigned)owner.offset);
}

value_t value_failed(value_t value)
{
	return (value_t)(1 + ((value - 1) | 1 << 8));
}

bool value_is_failed(value_t value)
{
	return value != 0 && ((value - 1) & 1 << 8) != 0;
}

uint32_t value_incarnation(value_t value)
{
	return (uint32_t)(value - 1) >> 4 & 15;
}

unsigned value_partition(value_t value)
{
	return (unsigned)(value - 1) >> 3 & 1;
}

unsigned value_offset(value_t value)
{
	return (unsigned)(value - 1) & 7;
}

struct wr_bytes value_text(value_t value)
{
	if (value == 0)
		return wr_bytes(NULL, 0);
	if (texts[1].data == NULL)
		make_texts();
	return texts[value];
}

struct wr_bytes value_owner_text(value_t value)
{
	return value != 0 ? wr_claim_owner(value_text(value)) : wr_bytes(NULL, 0);
}
