#include "config.h"

#include "core/claim.h"

#include <inttypes.h>
#include <stdio.h>

#define OFFSET_DIGITS 20

void wr_claim_prefix_init(struct wr_claim_prefix *prefix, uint32_t incarnation, const char *topic,
			  int32_t partition)
{
	int size = snprintf(prefix->text, sizeof(prefix->text), "C|%" PRIu32 "/%.249s/%" PRId32 "/",
			    incarnation, topic, partition);

	prefix->size = (size_t)size;
}

struct wr_bytes wr_claim_value(const struct wr_claim_prefix *prefix, int64_t offset,
			       struct wr_arena *arena)
{
	char digits[OFFSET_DIGITS], *text;
	uint64_t left = (uint64_t)offset;
	size_t count = 0;

	do {
		digits[OFFSET_DIGITS - ++count] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	text = wr_arena_alloc(arena, prefix->size + count);
	if (text == NULL)
		return wr_bytes(NULL, 0);
	memcpy(text, prefix->text, prefix->size);
	memcpy(text + prefix->size, digits + OFFSET_DIGITS - count, count);
	return wr_bytes(text, prefix->size + count);
}

struct wr_bytes wr_claim_owner(struct wr_bytes value)
{
	return wr_bytes((const char *)value.data + 2, value.size - 2);
}

static size_t skip_digits(const char *s, size_t i, size_t size)
{
	while (i < size && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

static bool is_topic_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* digits '/' topic '/' digits '/' digits */
static bool is_owner(const char *s, size_t size)
{
	size_t i, start;

	i = skip_digits(s, 0, size);
	if (i == 0 || i >= size || s[i++] != '/')
		return false;
	for (start = i; i < size && is_topic_char(s[i]);)
		i++;
	if (i == start || i >= size || s[i++] != '/')
		return false;
	start = i;
	i = skip_digits(s, i, size);
	if (i == start || i >= size || s[i++] != '/')
		return false;
	start = i;
	return skip_digits(s, i, size) == size && start < size;
}

enum wr_claim_decision wr_claim_decide(struct wr_bytes own, struct wr_bytes found)
{
	const char *s = found.data;

	if (s == NULL || wr_bytes_equal(own, found))
		return WR_CLAIM_PROCESS;
	if (found.size > 2 && s[0] == 'C' && s[1] == '|' && is_owner(s + 2, found.size - 2))
		return WR_CLAIM_DUPLICATE;
	return WR_CLAIM_NOT_A_CLAIM;
}
