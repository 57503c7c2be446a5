#include "config.h"

#include "dlq/marks.h"

#include "base/check.h"
#include "base/map.h"
#include "dlq/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (WR_DLQ_CHUNK / 64)
#define KEY_PREFIX "letter/"

/* One record of the topic. */
struct chunk {
	struct chunk *next; /* of the same offsets, by another job */
	enum wr_dlq_state state;
	int64_t at_ms;
	uint64_t bits[WORDS];
	char job[WR_DLQ_JOB_BYTES];
};

struct wr_dlq_marks {
	struct wr_map *chunks; /* by partition and number: the first of a list */
};

struct chunk_key {
	int64_t partition, number;
};

static struct wr_bytes bytes_of(const struct chunk_key *key)
{
	return wr_bytes(key, sizeof(*key));
}

static struct chunk_key key_of(const struct wr_dlq_place *place)
{
	return (struct chunk_key){place->partition, place->offset / WR_DLQ_CHUNK};
}

enum wr_code wr_dlq_marks_create(struct wr_dlq_marks **marks_r)
{
	struct wr_dlq_marks *m = calloc(1, sizeof(*m));
	enum wr_code rc;

	*marks_r = NULL;
	if (m == NULL)
		return WR_ENOMEM;
	rc = wr_map_create(&m->chunks);
	if (rc != WR_OK) {
		free(m);
		return rc;
	}
	*marks_r = m;
	return WR_OK;
}

void wr_dlq_marks_destroy(struct wr_dlq_marks *m)
{
	size_t cursor = 0;
	struct wr_bytes key;
	void *value;

	if (m == NULL)
		return;
	while (wr_map_next(m->chunks, &cursor, &key, &value)) {
		for (struct chunk *c = value, *next; c != NULL; c = next) {
			next = c->next;
			free(c);
		}
	}
	wr_map_destroy(m->chunks);
	free(m);
}

bool wr_dlq_job_id_is_good(struct wr_bytes id)
{
	const char *s = id.data;

	for (size_t i = 0; i < id.size; i++) {
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
			return false;
	}
	return id.size > 0 && id.size < WR_DLQ_JOB_BYTES;
}

static struct chunk *find(const struct wr_dlq_marks *m, const struct chunk_key *key,
			  struct wr_bytes job)
{
	struct chunk *c = wr_map_get(m->chunks, bytes_of(key));

	while (c != NULL && !wr_bytes_equal(wr_bytes_of(c->job), job))
		c = c->next;
	return c;
}

/* That of the job, made when it is not there. NULL without memory. */
static struct chunk *need(struct wr_dlq_marks *m, const struct chunk_key *key, struct wr_bytes job)
{
	struct chunk *c = find(m, key, job), *first;

	if (c != NULL)
		return c;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	memcpy(c->job, job.data, job.size);
	first = wr_map_get(m->chunks, bytes_of(key));
	if (first != NULL) {
		c->next = first->next;
		first->next = c;
	} else if (wr_map_put(m->chunks, bytes_of(key), c, NULL) != WR_OK) {
		free(c);
		return NULL;
	}
	return c;
}

static void drop(struct wr_dlq_marks *m, const struct chunk_key *key, struct wr_bytes job)
{
	struct chunk *first = wr_map_get(m->chunks, bytes_of(key)), *c = find(m, key, job);

	if (c == NULL)
		return;
	/* The first stays where the map has it: an empty one marks nothing. */
	if (c == first) {
		memset(c->bits, 0, sizeof(c->bits));
		return;
	}
	while (first->next != c)
		first = first->next;
	first->next = c->next;
	free(c);
}

static bool parse_key(struct wr_bytes text, struct chunk_key *key_r, struct wr_bytes *job_r)
{
	memset(key_r, 0, sizeof(*key_r));
	text = wr_bytes((const char *)text.data + sizeof(KEY_PREFIX) - 1,
			text.size - (sizeof(KEY_PREFIX) - 1));
	if (!wr_dlq_take_number(&text, INT32_MAX, &key_r->partition) ||
	    !wr_dlq_take_char(&text, '/') ||
	    !wr_dlq_take_number(&text, INT64_MAX / WR_DLQ_CHUNK, &key_r->number) ||
	    !wr_dlq_take_char(&text, '/'))
		return false;
	*job_r = text;
	return wr_dlq_job_id_is_good(text);
}

/* "0-511,600" */
static bool parse_offsets(struct wr_bytes text, uint64_t bits_r[WORDS])
{
	int64_t first, last;

	memset(bits_r, 0, WORDS * sizeof(*bits_r));
	do {
		if (!wr_dlq_take_number(&text, WR_DLQ_CHUNK - 1, &first))
			return false;
		last = first;
		if (wr_dlq_take_char(&text, '-') &&
		    !wr_dlq_take_number(&text, WR_DLQ_CHUNK - 1, &last))
			return false;
		if (last < first)
			return false;
		for (int64_t i = first; i <= last; i++)
			bits_r[i / 64] |= UINT64_C(1) << (i % 64);
	} while (wr_dlq_take_char(&text, ','));
	return text.size == 0;
}

static bool parse_value(struct wr_bytes value, struct chunk *parsed_r)
{
	char *state = wr_dlq_json_text(value, "state"),
	     *offsets = wr_dlq_json_text(value, "offsets");
	bool ok = state != NULL && offsets != NULL;

	*parsed_r = (struct chunk){.at_ms = wr_dlq_json_integer(value, "at", -1)};
	if (ok && strcmp(state, "purged") == 0)
		parsed_r->state = WR_DLQ_PURGED;
	else if (ok && strcmp(state, "replayed") == 0)
		parsed_r->state = WR_DLQ_REPLAYED;
	else
		ok = false;
	ok = ok && parsed_r->at_ms >= 0 && parse_offsets(wr_bytes_of(offsets), parsed_r->bits);
	free(state);
	free(offsets);
	return ok;
}

enum wr_code wr_dlq_marks_apply(struct wr_dlq_marks *m, struct wr_bytes key, struct wr_bytes value)
{
	struct chunk_key parsed_key;
	struct chunk parsed, *c;
	struct wr_bytes job;

	if (key.size < sizeof(KEY_PREFIX) - 1 ||
	    memcmp(key.data, KEY_PREFIX, sizeof(KEY_PREFIX) - 1) != 0)
		return WR_ENOTFOUND;
	if (!parse_key(key, &parsed_key, &job))
		return WR_EINVAL;
	if (value.data == NULL) {
		drop(m, &parsed_key, job);
		return WR_OK;
	}
	if (!parse_value(value, &parsed))
		return WR_EINVAL;
	c = need(m, &parsed_key, job);
	if (c == NULL)
		return WR_ENOMEM;
	c->state = parsed.state;
	c->at_ms = parsed.at_ms;
	memcpy(c->bits, parsed.bits, sizeof(c->bits));
	return WR_OK;
}

enum wr_code wr_dlq_marks_put(struct wr_dlq_marks *m, const struct wr_dlq_place *place,
			      int64_t timestamp_ms, enum wr_dlq_state state, const char *job,
			      int64_t now_ms)
{
	struct chunk_key key = key_of(place);
	struct chunk *c = need(m, &key, wr_bytes_of(job));
	int64_t bit = place->offset % WR_DLQ_CHUNK;

	WR_ASSERT(state != WR_DLQ_OPEN);
	if (c == NULL)
		return WR_ENOMEM;
	c->state = state;
	/* The clock of whoever wrote the dead letter may be ahead of ours. */
	if (c->at_ms < now_ms)
		c->at_ms = now_ms;
	if (c->at_ms < timestamp_ms)
		c->at_ms = timestamp_ms;
	c->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
	return WR_OK;
}

void wr_dlq_marks_take_back(struct wr_dlq_marks *m, const struct wr_dlq_place *place,
			    const char *job)
{
	struct chunk_key key = key_of(place);
	struct chunk *c = find(m, &key, wr_bytes_of(job));
	int64_t bit = place->offset % WR_DLQ_CHUNK;

	if (c != NULL)
		c->bits[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

static bool has_bit(const struct chunk *c, int64_t bit)
{
	return (c->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

static enum wr_code append_offsets(const struct chunk *c, struct wr_buf *out)
{
	const char *separator = "";
	enum wr_code rc = WR_OK;
	int64_t first, last;

	for (first = 0; first < WR_DLQ_CHUNK && rc == WR_OK; first = last + 1) {
		last = first;
		if (!has_bit(c, first))
			continue;
		while (last + 1 < WR_DLQ_CHUNK && has_bit(c, last + 1))
			last++;
		rc = first == last
			 ? wr_buf_printf(out, "%s%" PRId64, separator, first)
			 : wr_buf_printf(out, "%s%" PRId64 "-%" PRId64, separator, first, last);
		separator = ",";
	}
	return rc;
}

enum wr_code wr_dlq_marks_encode(const struct wr_dlq_marks *m, const struct wr_dlq_place *place,
				 const char *job, struct wr_buf *key, struct wr_buf *value)
{
	struct chunk_key chunk_key = key_of(place);
	const struct chunk *c = find(m, &chunk_key, wr_bytes_of(job));
	enum wr_code rc;

	if (c == NULL)
		return WR_ENOTFOUND;
	if ((rc = wr_buf_printf(key, KEY_PREFIX "%" PRId64 "/%" PRId64 "/%s", chunk_key.partition,
				chunk_key.number, job)) != WR_OK ||
	    (rc = wr_buf_printf(value, "{\"state\":\"%s\",\"at\":%" PRId64 ",\"offsets\":\"",
				wr_dlq_state_name(c->state), c->at_ms)) != WR_OK ||
	    (rc = append_offsets(c, value)) != WR_OK)
		return rc;
	return wr_buf_append_text(value, "\"}");
}

struct wr_dlq_mark wr_dlq_marks_get(const struct wr_dlq_marks *m, const struct wr_dlq_place *place,
				    int64_t timestamp_ms)
{
	struct chunk_key key = key_of(place);
	const struct chunk *c = wr_map_get(m->chunks, bytes_of(&key));
	struct wr_dlq_mark found = {.state = WR_DLQ_OPEN};

	for (; c != NULL; c = c->next) {
		if (has_bit(c, place->offset % WR_DLQ_CHUNK) && timestamp_ms <= c->at_ms &&
		    c->at_ms > found.at_ms)
			found = (struct wr_dlq_mark){c->state, c->at_ms, c->job};
	}
	return found;
}

uint64_t wr_dlq_marks_count(const struct wr_dlq_marks *m, int32_t partition, int64_t low,
			    enum wr_dlq_state state)
{
	struct chunk_key chunk_key;
	uint64_t count = 0;
	size_t cursor = 0;
	struct wr_bytes key;
	void *value;

	while (wr_map_next(m->chunks, &cursor, &key, &value)) {
		memcpy(&chunk_key, key.data, sizeof(chunk_key));
		if (chunk_key.partition != partition || chunk_key.number < low / WR_DLQ_CHUNK)
			continue;
		for (const struct chunk *c = value; c != NULL; c = c->next) {
			for (size_t i = 0; c->state == state && i < WORDS; i++)
				count += (uint64_t)__builtin_popcountll(c->bits[i]);
		}
	}
	return count;
}
