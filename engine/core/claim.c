#include "config.h"

#include "core/claim.h"

#include "base/check.h"
#include "core/clause.h"

#include <inttypes.h>
#include <stdio.h>

#define OFFSET_DIGITS 20
#define HASH_DIGITS 16
#define TOPIC_BYTES_MAX 249

void wr_claim_prefix_init(struct wr_claim_prefix *prefix, uint32_t incarnation, const char *topic,
			  int32_t partition)
{
	int size = snprintf(prefix->text, sizeof(prefix->text), "C|%" PRIu32 "/%.249s/%" PRId32 "/",
			    incarnation, topic, partition);

	prefix->size = (size_t)size;
}

/* "<prefix><offset>" with room for `extra` bytes behind it. */
static char *make_value(const struct wr_claim_prefix *prefix, int64_t offset, size_t extra,
			struct wr_arena *arena, size_t *size_r)
{
	char digits[OFFSET_DIGITS], *text;
	uint64_t left = (uint64_t)offset;
	size_t count = 0;

	do {
		digits[OFFSET_DIGITS - ++count] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	*size_r = prefix->size + count;
	text = wr_arena_alloc(arena, *size_r + extra);
	if (text == NULL)
		return NULL;
	memcpy(text, prefix->text, prefix->size);
	memcpy(text + prefix->size, digits + OFFSET_DIGITS - count, count);
	return text;
}

struct wr_bytes wr_claim_value(const struct wr_claim_prefix *prefix, int64_t offset,
			       struct wr_arena *arena)
{
	size_t size;
	const char *text = make_value(prefix, offset, 0, arena, &size);

	return text != NULL ? wr_bytes(text, size) : wr_bytes(NULL, 0);
}

struct wr_bytes wr_claim_value_hashed(const struct wr_claim_prefix *prefix, int64_t offset,
				      uint64_t payload_hash, struct wr_arena *arena)
{
	size_t size;
	char *text = make_value(prefix, offset, 1 + HASH_DIGITS, arena, &size);

	if (text == NULL)
		return wr_bytes(NULL, 0);
	text[size++] = '|';
	for (int i = HASH_DIGITS; i > 0; i--)
		text[size++] = "0123456789abcdef"[payload_hash >> (4 * (i - 1)) & 0xf];
	return wr_bytes(text, size);
}

struct wr_bytes wr_claim_value_inherited(struct wr_bytes owner, struct wr_arena *arena)
{
	char *text = wr_arena_alloc(arena, owner.size + 2);

	if (text == NULL)
		return wr_bytes(NULL, 0);
	memcpy(text, "C|", 2);
	memcpy(text + 2, owner.data, owner.size);
	return wr_bytes(text, owner.size + 2);
}

struct wr_bytes wr_claim_failed(struct wr_bytes value, struct wr_arena *arena)
{
	char *text = wr_arena_alloc(arena, value.size);

	WR_ASSERT(value.size > 2 && ((const char *)value.data)[0] == 'C');
	if (text == NULL)
		return wr_bytes(NULL, 0);
	memcpy(text, value.data, value.size);
	text[0] = 'F';
	return wr_bytes(text, value.size);
}

/* A value in its parts. */
struct value {
	char state;
	struct wr_bytes owner;
	struct wr_bytes hash; /* absent: none */
};

/* Splits a value without looking into the owner. */
static bool split(struct wr_bytes text, struct value *value_r)
{
	const char *s = text.data, *bar;

	if (text.size <= 2 || (s[0] != 'C' && s[0] != 'F') || s[1] != '|')
		return false;
	bar = memchr(s + 2, '|', text.size - 2);
	value_r->state = s[0];
	value_r->owner = wr_bytes(s + 2, bar != NULL ? (size_t)(bar - s) - 2 : text.size - 2);
	value_r->hash = wr_bytes(NULL, 0);
	if (bar != NULL)
		value_r->hash = wr_bytes(bar + 1, text.size - (size_t)(bar - s) - 1);
	return true;
}

struct wr_bytes wr_claim_owner(struct wr_bytes value)
{
	struct value parts;
	bool is_value = split(value, &parts);

	WR_ASSERT(is_value);
	return parts.owner;
}

/* Decimal as we write it: no sign, no zero in front. */
static bool take_number(const char **at, const char *end, uint64_t max, uint64_t *number_r)
{
	const char *first = *at;
	uint64_t number = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
		uint64_t digit = (uint64_t)(**at - '0');

		if (number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*number_r = number;
	return *at > first && (*first != '0' || *at == first + 1);
}

static bool take_slash(const char **at, const char *end)
{
	return *at < end && *(*at)++ == '/';
}

static bool is_topic_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static bool take_topic(const char **at, const char *end, struct wr_bytes *topic_r)
{
	const char *first = *at;

	while (*at < end && is_topic_char(**at))
		(*at)++;
	*topic_r = wr_bytes(first, (size_t)(*at - first));
	return topic_r->size > 0 && topic_r->size <= TOPIC_BYTES_MAX;
}

bool wr_claim_owner_parse(struct wr_bytes text, struct wr_owner *owner_r)
{
	const char *at = text.data, *end = at != NULL ? at + text.size : NULL;
	uint64_t incarnation, partition, offset;

	*owner_r = (struct wr_owner){.offset = 0};
	if (at == NULL || !take_number(&at, end, UINT32_MAX, &incarnation) ||
	    !take_slash(&at, end) || !take_topic(&at, end, &owner_r->topic) ||
	    !take_slash(&at, end) || !take_number(&at, end, INT32_MAX, &partition) ||
	    !take_slash(&at, end) || !take_number(&at, end, INT64_MAX, &offset) || at != end)
		return false;
	owner_r->incarnation = (uint32_t)incarnation;
	owner_r->partition = (int32_t)partition;
	owner_r->offset = (int64_t)offset;
	return true;
}

static bool is_hash(struct wr_bytes hash)
{
	const char *s = hash.data;

	for (size_t i = 0; i < hash.size; i++) {
		if ((s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f'))
			return false;
	}
	return hash.size == HASH_DIGITS;
}

static bool parse(struct wr_bytes text, struct value *value_r, struct wr_owner *owner_r)
{
	return split(text, value_r) && (value_r->hash.data == NULL || is_hash(value_r->hash)) &&
	       wr_claim_owner_parse(value_r->owner, owner_r);
}

bool wr_claim_parse(struct wr_bytes value, enum wr_claim_state *state_r, struct wr_owner *owner_r,
		    struct wr_bytes *hash_r)
{
	struct value parts = {.state = 'C'};
	bool is_value = parse(value, &parts, owner_r);

	*state_r = parts.state == 'F' ? WR_CLAIM_FAILED : WR_CLAIM_CLAIMED;
	*hash_r = parts.hash;
	return is_value;
}

bool wr_claim_payload_differs(struct wr_bytes own, struct wr_bytes found)
{
	struct value a, b;

	return split(own, &a) && split(found, &b) && a.hash.data != NULL && b.hash.data != NULL &&
	       !wr_bytes_equal(a.hash, b.hash);
}

static inline enum wr_claim_decision of_own(char state)
{
	if (state == 'C')
		return WR_CLAUSE(OWN_CLAIM_IS_PROCESSED) ? WR_CLAIM_PROCESS : WR_CLAIM_DUPLICATE;
	return WR_CLAUSE(OWN_DEAD_LETTER_IS_SKIPPED) ? WR_CLAIM_DEAD : WR_CLAIM_PROCESS;
}

static enum wr_claim_decision of_replay(const struct value *found, struct wr_bytes replay_of)
{
	if (wr_bytes_equal(replay_of, found->owner))
		return WR_CLAUSE(REPLAY_TAKES_OVER) ? WR_CLAIM_TAKE_OVER : WR_CLAIM_REPLAY_LOSER;
	if (!WR_CLAUSE(LATE_REPLAY_IS_SKIPPED))
		return WR_CLAIM_TAKE_OVER;
	return found->state == 'F' ? WR_CLAIM_REPLAY_LOSER : WR_CLAIM_ASK;
}

enum wr_claim_decision wr_claim_decide(struct wr_bytes own, struct wr_bytes found,
				       struct wr_bytes replay_of, struct wr_owner *owner_r)
{
	struct value mine, theirs;

	if (found.data == NULL)
		return WR_CLAIM_PROCESS;
	if (wr_bytes_equal(own, found))
		return of_own('C');
	if (!split(own, &mine) || !parse(found, &theirs, owner_r))
		return WR_CLAIM_NOT_A_CLAIM;
	if (wr_bytes_equal(mine.owner, theirs.owner))
		return of_own(theirs.state);
	if (replay_of.data != NULL)
		return of_replay(&theirs, replay_of);
	if (theirs.state == 'F')
		return WR_CLAUSE(DEAD_LETTER_IS_TAKEN_OVER) ? WR_CLAIM_TAKE_OVER
							    : WR_CLAIM_DUPLICATE;
	return WR_CLAUSE(OTHERS_CLAIM_IS_SKIPPED) ? WR_CLAIM_ASK : WR_CLAIM_PROCESS;
}

enum wr_claim_decision wr_claim_decide_owner(const struct wr_owner *owner,
					     const struct wr_mark *mark, bool fresh, bool is_replay)
{
	enum wr_claim_decision duplicate = is_replay ? WR_CLAIM_REPLAY_LOSER : WR_CLAIM_DUPLICATE;

	if (!WR_CLAUSE(ABANDONED_IS_TAKEN_OVER))
		return duplicate;
	if (mark != NULL && owner->incarnation <= mark->incarnation)
		return wr_mark_abandons(mark, owner->incarnation, owner->offset)
			   ? WR_CLAIM_TAKE_OVER
			   : duplicate;
	if (!fresh && WR_CLAUSE(MARK_IS_ASKED_FRESH))
		return WR_CLAIM_ASK;
	/* Without a mark nobody ever gave up an offset there. One that is older than its claims was lost. */
	return mark != NULL ? WR_CLAIM_TAKE_OVER : duplicate;
}
