/*
 * Any text as what the engine keeps of itself outside: a claim and a done mark in the claim store, and the metadata of
 * an offset commit. What no engine wrote is refused; what is read can be written again as it was; and wherever it
 * leads, reading begins at an offset that is there. The first byte chooses what it is, the second where the group is.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "base/check.h"
#include "core/claim.h"

#include <string.h>

const char *const fuzz_corpus[] = {"tests/fuzz/corpus/state", NULL};
const char *const fuzz_words[] = {"C|",         "F|",         "|",
				  "/",          ";",          ",",
				  "-",          "0",          "9223372036854775807",
				  "4294967295", "4294967296", "0123456789abcdef",
				  " ",          NULL};

static bool is_text(struct wr_bytes text, const char *written, size_t size)
{
	return wr_bytes_equal(text, wr_bytes(written, size));
}

static void must_read(const struct wr_mark *mark)
{
	char text[WR_MARK_TEXT_BYTES], again[WR_MARK_TEXT_BYTES];
	size_t size = wr_mark_encode(mark, text);
	struct wr_mark read;

	WR_ASSERT(wr_mark_decode(wr_bytes(text, size), &read, NULL) == WR_OK);
	WR_ASSERT(is_text(wr_bytes(text, size), again, wr_mark_encode(&read, again)));
}

/* As a lane does when it is assigned the partition. */
static void place(struct wr_placing placing, const struct wr_fingerprint *found)
{
	struct wr_plan plan;

	wr_mark_place(&placing, &plan);
	if (plan.place == WR_PLACE_AGAIN) {
		placing.before = plan.reach;
		wr_mark_place(&placing, &plan);
	}
	if (plan.place == WR_PLACE_VERIFY) {
		WR_ASSERT(plan.verify_at >= placing.low && plan.verify_at < placing.high);
		wr_mark_verified(&placing, found, &plan);
	}
	WR_ASSERT(plan.place == WR_PLACE_READ);
	WR_ASSERT(plan.position >= placing.low);
	WR_ASSERT(!wr_mark_covers(&plan.mark, plan.position));
	must_read(&plan.mark);
}

static void place_everywhere(const struct wr_mark *mark, bool is_metadata, int64_t committed)
{
	static const int64_t highs[] = {0, 10, 100, INT64_MAX - 1};
	const struct wr_fingerprint other = {.timestamp_ms = -7};

	for (size_t i = 0; i < WR_COUNT_OF(highs); i++) {
		struct wr_placing placing = {
		    .stored = is_metadata ? NULL : mark,
		    .committed = is_metadata ? mark : NULL,
		    .committed_offset = is_metadata ? mark->next : committed,
		    .low = highs[i] / 2,
		    .high = highs[i],
		};

		place(placing, &mark->last);
		place(placing, &other);
		place(placing, NULL);
		placing.reprocess = true;
		place(placing, &mark->last);
	}
}

static void check_mark(struct wr_bytes text, int64_t committed)
{
	char again[WR_MARK_TEXT_BYTES];
	struct wr_err err = {.text = ""};
	struct wr_mark mark;
	enum wr_code rc = wr_mark_decode(text, &mark, &err);

	WR_ASSERT(rc == WR_OK || (rc == WR_EINVAL && err.text[0] != '\0'));
	if (rc != WR_OK)
		return;
	WR_ASSERT(is_text(text, again, wr_mark_encode(&mark, again)));
	place_everywhere(&mark, false, committed);
}

static void check_metadata(struct wr_bytes text)
{
	char again[WR_MARK_METADATA_BYTES];
	struct wr_err err = {.text = ""};
	struct wr_mark mark;
	enum wr_code rc = wr_mark_metadata_decode(text, &mark, &err);
	size_t size;

	WR_ASSERT(rc == WR_OK || (rc == WR_EINVAL && err.text[0] != '\0'));
	if (rc != WR_OK)
		return;
	size = wr_mark_metadata_encode(&mark, again);
	if (wr_mark_metadata_is_parked(text))
		size = wr_mark_metadata_add_parked(again, size);
	WR_ASSERT(is_text(text, again, size));
	place_everywhere(&mark, true, mark.next);
}

static void must_lie_within(struct wr_bytes part, struct wr_bytes text)
{
	const char *from = part.data, *first = text.data;

	WR_ASSERT(part.size > 0 && from >= first && from + part.size <= first + text.size);
}

static void check_claim(struct wr_bytes text)
{
	const struct wr_bytes own = wr_bytes_of("C|1/events/3/17");
	const struct wr_bytes replayed = wr_bytes_of("0/events/3/16");
	struct wr_owner owner, parsed;
	enum wr_claim_state state;
	struct wr_bytes hash;
	bool is_claim = wr_claim_parse(text, &state, &parsed, &hash);

	for (int i = 0; i < 2; i++) {
		enum wr_claim_decision decision =
		    wr_claim_decide(own, text, i == 0 ? wr_bytes(NULL, 0) : replayed, &owner);

		WR_ASSERT(is_claim == (decision != WR_CLAIM_NOT_A_CLAIM));
		if (decision == WR_CLAIM_ASK)
			must_lie_within(owner.topic, text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wr_bytes text;

	if (size < 2)
		return 0;
	text = wr_bytes((const char *)data + 2, size - 2);
	switch (data[0] % 3) {
	case 0:
		check_mark(text, (int64_t)data[1] - 1);
		break;
	case 1:
		check_metadata(text);
		break;
	default:
		check_claim(text);
	}
	return 0;
}
