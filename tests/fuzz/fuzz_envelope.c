/*
 * Any headers as the envelope of a dead letter or a retry record: what is good is believed and can be written again as
 * it was; what is not is refused by name; sending it round again makes a record that reads, and never a larger one.
 * A header a line, "name: value"; the value "(null)" is null. The first byte chooses the kind.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "base/check.h"
#include "core/envelope.h"
#include "core/event_id.h"
#include "core/parked.h"
#include "core/retried.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HEADERS 64
#define ROUNDS 3

const char *const fuzz_corpus[] = {"tests/fuzz/corpus/envelope", NULL};
const char *const fuzz_words[] = {"\n",
				  ": ",
				  "weir-",
				  "weir-origin-topic: events\n",
				  "weir-origin-partition: 2147483647\n",
				  "weir-origin-partition: 2147483648\n",
				  "weir-origin-offset: 9223372036854775807\n",
				  "weir-origin-offset: 9223372036854775808\n",
				  "weir-origin-timestamp: -1\n",
				  "weir-owner: 0/events/3/17\n",
				  "weir-owner: 0/../3/17\n",
				  "weir-owner: 4294967295/events/2147483647/9223372036854775807\n",
				  "weir-owner: 0/events/3/17|0123456789abcdef\n",
				  "weir-event-id: e1\n",
				  "weir-event-id: (null)\n",
				  "weir-pipeline: payments\n",
				  "weir-stage: fraud\n",
				  "weir-class: poison\n",
				  "weir-class: Poison\n",
				  "weir-attempts: 4294967295\n",
				  "weir-attempts: 4294967296\n",
				  "weir-first-failed-at: 1700000000000\n",
				  "weir-last-failed-at: 1700000000000\n",
				  "weir-replays: 3\n",
				  "weir-generation: 18446744073709551615\n",
				  "weir-resume: stage\n",
				  "weir-stage-value: {}\n",
				  "weir-source-key: k\n",
				  "weir-source-value: {}\n",
				  "weir-order: first\n",
				  "weir-order: behind\n",
				  "weir-order: last\n",
				  "weir-original-value: {}\n",
				  "weir-due-at: 0\n",
				  "weir-replay: j1\n",
				  "weir-replayed-from: events-dlq/0/7\n",
				  "__connect.errors.topic: x\n",
				  "\xFF",
				  "\xC3\xA9",
				  "\x1b[31m",
				  "00",
				  "-",
				  "+1",
				  NULL};

static struct wr_arena arena;

/* Cuts the text, which it changes, into headers. */
static size_t split(char *text, struct weir_header headers[MAX_HEADERS])
{
	size_t count = 0;
	char *line, *value, *rest = text;

	while (count < MAX_HEADERS && (line = strsep(&rest, "\n")) != NULL) {
		value = strstr(line, ": ");
		if (value == NULL)
			continue;
		*value = '\0';
		value += 2;
		headers[count++] = (struct weir_header){line, {value, strlen(value)}};
		if (strcmp(value, "(null)") == 0)
			headers[count - 1].value = (struct weir_bytes){NULL, 0};
	}
	return count;
}

static bool is_ours_only(const struct weir_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!wr_header_is_ours(headers[i].name) || headers[i].value.data == NULL)
			return false;
	}
	return true;
}

static size_t size_of(const struct weir_header *headers, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += strlen(headers[i].name) + headers[i].value.size;
	return size;
}

static void check_bounds(const struct wr_envelope *e)
{
	WR_ASSERT(e->message.size <= WR_ENVELOPE_MESSAGE_BYTES);
	WR_ASSERT(e->event_id.size <= WR_EVENT_ID_BYTES_MAX);
	WR_ASSERT(e->origin_partition >= 0 && e->origin_offset >= 0 && e->origin_timestamp_ms >= 0);
	WR_ASSERT(wr_class_name(e->failure_class) != NULL);
	WR_ASSERT(wr_envelope_has(e, WR_FIELD_OWNER) == (e->owner.data != NULL));
	WR_ASSERT(wr_envelope_has(e, WR_FIELD_STAGE) == (e->stage.data != NULL));
}

static size_t write_and_read(const struct wr_envelope *e, enum wr_envelope_kind kind,
			     struct wr_envelope *back_r)
{
	struct weir_header *headers = wr_arena_alloc(&arena, WR_FIELD_COUNT * sizeof(*headers));
	size_t count;

	WR_ASSERT(headers != NULL);
	count = wr_envelope_write(e, &arena, headers);
	WR_ASSERT(count > 0 && is_ours_only(headers, count));
	WR_ASSERT(wr_envelope_read(headers, count, kind, back_r, NULL) == WR_OK);
	WR_ASSERT(back_r->fields == e->fields);
	return size_of(headers, count);
}

/* Dead letter, replay, failure, dead letter ... */
static void go_round(const struct wr_envelope *dead)
{
	struct weir_header *headers = wr_arena_alloc(&arena, WR_FIELD_COUNT * sizeof(*headers));
	struct wr_envelope now = *dead, sent, came;
	size_t first = 0, size, count;
	struct weir_bytes value;

	WR_ASSERT(headers != NULL);
	for (int round = 0; round < ROUNDS; round++) {
		wr_envelope_replay(&(struct wr_replay){.letter = &now,
						       .value = {"{}", 2},
						       .to_stage = now.resume == WR_RESUME_STAGE,
						       .job = "job",
						       .from = "dlq/0/1"},
				   &sent, &value);
		write_and_read(&sent, WR_ENVELOPE_RETRY, &came);
		count = wr_envelope_dead_letter(
		    &(struct wr_dead_letter){.event =
						 &(struct wr_event){.pub = {.id = came.event_id},
								    .class = WR_CLASS_PERMANENT},
					     .past = &came,
					     .pipeline = "p",
					     .stage = "s",
					     .plugin = "s",
					     .plugin_version = "1",
					     .generation = {"1", 1}},
		    &arena, headers);
		WR_ASSERT(count > 0);
		size = size_of(headers, count);
		WR_ASSERT(round == 0 || size <= first + 10); /* a digit more */
		if (round == 0)
			first = size;
		WR_ASSERT(wr_envelope_read(headers, count, WR_ENVELOPE_DEAD_LETTER, &now, NULL) ==
			  WR_OK);
	}
}

/* What is believed of a retry record: a claim that can be read, an attempt, a place in its key's line. */
static void go_on(const struct wr_envelope *e)
{
	const struct wr_bytes key = wr_bytes_of("k");
	struct wr_claim_prefix prefix;
	struct wr_claimant claimant;
	enum wr_claim_state state;
	struct wr_bytes hash;
	struct wr_owner owner;

	wr_claim_prefix_init(&prefix, 1, "payments.retry.0", 3);
	WR_ASSERT(wr_retried_claim(e, &prefix, 5, &arena, &claimant));
	WR_ASSERT(wr_claim_parse(claimant.claim, &state, &owner, &hash));
	WR_ASSERT(state == WR_CLAIM_CLAIMED && hash.data == NULL);
	WR_ASSERT(claimant.replay_of.data == NULL ||
		  wr_claim_owner_parse(claimant.replay_of, &owner));
	WR_ASSERT((claimant.replay_of.data != NULL) ==
		  (wr_envelope_has(e, WR_FIELD_REPLAY) && wr_envelope_has(e, WR_FIELD_OWNER)));
	WR_ASSERT(wr_retried_attempt(e) > 0);
	WR_ASSERT(!wr_parked_counts(e, key, "events", 3) ||
		  (wr_envelope_has(e, WR_FIELD_ORDER) && !wr_envelope_has(e, WR_FIELD_REPLAY) &&
		   e->origin_partition == 3));
	WR_ASSERT(!wr_parked_counts(e, key, NULL, 3));
}

static void check(const struct weir_header *headers, size_t count, enum wr_envelope_kind kind)
{
	struct wr_envelope e, back;
	struct wr_err err = {.text = ""};
	enum wr_code rc = wr_envelope_read(headers, count, kind, &e, &err);

	check_bounds(&e);
	WR_ASSERT(rc == WR_OK || rc == WR_EINVAL || rc == WR_ENOTFOUND);
	WR_ASSERT(rc == WR_OK || err.text[0] != '\0');
	WR_ASSERT(rc != WR_EINVAL || strstr(err.text, WR_HEADER_PREFIX) != NULL);
	WR_ASSERT(rc != WR_ENOTFOUND || e.fields == 0);
	if (rc != WR_OK)
		return;
	write_and_read(&e, kind, &back);
	if (kind == WR_ENVELOPE_DEAD_LETTER)
		go_round(&e);
	else
		go_on(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_header headers[MAX_HEADERS];
	char *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	wr_arena_init(&arena, 0);
	check(headers, split(copy, headers),
	      (data[0] & 1) != 0 ? WR_ENVELOPE_RETRY : WR_ENVELOPE_DEAD_LETTER);
	wr_arena_fini(&arena);
	free(copy);
	return 0;
}
