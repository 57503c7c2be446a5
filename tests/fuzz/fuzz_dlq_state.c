/*
 * Any text in the state topic of a dead-letter topic, where whoever may write can write anything: marks, jobs; and as the
 * cursor of a listing, which comes from outside too. What is taken can be written again and is then the same; what is
 * not is refused. The first byte chooses the kind. Of marks there is a record a line, the key and the value with a tab
 * between them; the value "(null)" removes.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "base/check.h"
#include "dlq/cursor.h"
#include "dlq/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const fuzz_corpus[] = {"tests/fuzz/corpus/dlq_state", NULL};
const char *const fuzz_words[] = {"letter/",
				  "/",
				  "\t",
				  "\n",
				  "(null)",
				  "2147483647",
				  "2147483648",
				  "9007199254740991",
				  "9223372036854775807",
				  "9223372036854775808",
				  "0-1023",
				  "1024",
				  ",",
				  "-",
				  "{\"state\":\"purged\",\"at\":1,\"offsets\":\"0\"}",
				  "\"state\":\"running\"",
				  "\"kind\":\"redrive\",\"max\":3",
				  "\"ids\":[\"0/9\"],\"nextId\":1",
				  "\"ranges\":[[0,1,2]]",
				  "\"filter\":{\"class\":\"poison\",\"until\":\"90m\"}",
				  "\"rate\":-1",
				  "\\u0000",
				  "\\ud800",
				  "\x1b[31m",
				  "\xFF",
				  "[[[[",
				  NULL};

static bool is_same(const struct wr_buf *a, const struct wr_buf *b)
{
	return wr_bytes_equal(wr_bytes(a->data, a->size), wr_bytes(b->data, b->size));
}

/* The record of a mark as this engine would write it. */
static bool encode(const struct wr_dlq_marks *marks, const char *key, struct wr_buf *key_r,
		   struct wr_buf *value_r)
{
	int partition = 0, at = 0;
	long long chunk = 0;
	struct wr_dlq_place place;

	WR_ASSERT(sscanf(key, "letter/%d/%lld/%n", &partition, &chunk, &at) == 2 && at > 0);
	place = (struct wr_dlq_place){partition, chunk * WR_DLQ_CHUNK};
	wr_dlq_marks_get(marks, &place, 1);
	for (int state = 0; state < WR_DLQ_STATES; state++)
		wr_dlq_marks_count(marks, partition, place.offset, (enum wr_dlq_state)state);
	return wr_dlq_marks_encode(marks, &place, key + at, key_r, value_r) == WR_OK;
}

static void must_read(const char *key, const struct wr_buf *written_key,
		      const struct wr_buf *written)
{
	struct wr_buf again_key = WR_BUF_INIT, again = WR_BUF_INIT;
	struct wr_dlq_marks *marks;

	WR_ASSERT(wr_dlq_marks_create(&marks) == WR_OK);
	WR_ASSERT(wr_dlq_marks_apply(marks, wr_bytes(written_key->data, written_key->size),
				     wr_bytes(written->data, written->size)) == WR_OK);
	WR_ASSERT(encode(marks, key, &again_key, &again));
	WR_ASSERT(is_same(written_key, &again_key) && is_same(written, &again));
	wr_dlq_marks_destroy(marks);
	wr_buf_fini(&again_key);
	wr_buf_fini(&again);
}

static void check_mark(struct wr_dlq_marks *marks, const char *key, const char *value)
{
	struct wr_buf key_buf = WR_BUF_INIT, value_buf = WR_BUF_INIT;
	bool is_removed = strcmp(value, "(null)") == 0;
	enum wr_code rc = wr_dlq_marks_apply(marks, wr_bytes_of(key),
					     is_removed ? wr_bytes(NULL, 0) : wr_bytes_of(value));

	WR_ASSERT(rc == WR_OK || rc == WR_EINVAL || rc == WR_ENOTFOUND);
	WR_ASSERT((rc == WR_ENOTFOUND) == (strncmp(key, "letter/", 7) != 0));
	if (rc == WR_OK && encode(marks, key, &key_buf, &value_buf) && !is_removed)
		must_read(key, &key_buf, &value_buf);
	wr_buf_fini(&key_buf);
	wr_buf_fini(&value_buf);
}

static void check_marks(char *text)
{
	struct wr_dlq_marks *marks;
	char *line, *value;

	WR_ASSERT(wr_dlq_marks_create(&marks) == WR_OK);
	while ((line = strsep(&text, "\n")) != NULL) {
		value = strchr(line, '\t');
		if (value == NULL)
			continue;
		*value = '\0';
		check_mark(marks, line, value + 1);
	}
	wr_dlq_marks_destroy(marks);
}

static void check_bounds(const struct wr_dlq_job *job)
{
	WR_ASSERT(wr_dlq_job_id_is_good(wr_bytes_of(job->id)));
	WR_ASSERT(wr_dlq_kind_name(job->kind) != NULL);
	WR_ASSERT(wr_dlq_job_state_name(job->state) != NULL && wr_dlq_to_name(job->to) != NULL);
	WR_ASSERT(job->next_id <= job->id_count && job->id_count <= WR_DLQ_IDS_MAX);
	WR_ASSERT(job->rate >= 0);
	for (size_t i = 0; i < job->range_count; i++)
		WR_ASSERT(job->ranges[i].partition >= 0 && job->ranges[i].next >= 0 &&
			  job->ranges[i].next <= job->ranges[i].end);
	wr_dlq_job_left(job);
}

static void check_job(struct wr_bytes text)
{
	struct wr_buf first = WR_BUF_INIT, again = WR_BUF_INIT;
	struct wr_dlq_job job, back;
	enum wr_code rc = wr_dlq_job_parse(text, &job);

	WR_ASSERT(rc == WR_OK || rc == WR_EINVAL);
	if (rc == WR_OK) {
		check_bounds(&job);
		WR_ASSERT(wr_dlq_job_json(&job, &first) == WR_OK);
		WR_ASSERT(wr_dlq_job_parse(wr_bytes(first.data, first.size), &back) == WR_OK);
		WR_ASSERT(wr_dlq_job_json(&back, &again) == WR_OK);
		WR_ASSERT(is_same(&first, &again));
		wr_dlq_job_fini(&back);
	}
	wr_dlq_job_fini(&job);
	wr_buf_fini(&first);
	wr_buf_fini(&again);
}

static void check_cursor(struct wr_bytes text)
{
	struct wr_buf first = WR_BUF_INIT, again = WR_BUF_INIT;
	struct wr_dlq_cursor cursor, back;
	enum wr_code rc = wr_dlq_cursor_parse(text, &cursor, NULL);

	WR_ASSERT(rc == WR_OK || rc == WR_EINVAL);
	if (rc == WR_OK) {
		WR_ASSERT(wr_dlq_cursor_print(&cursor, &first) == WR_OK);
		WR_ASSERT(wr_dlq_cursor_parse(wr_bytes(first.data, first.size), &back, NULL) ==
			  WR_OK);
		WR_ASSERT(wr_dlq_cursor_print(&back, &again) == WR_OK);
		WR_ASSERT(is_same(&first, &again));
		wr_dlq_cursor_fini(&back);
	}
	wr_dlq_cursor_fini(&cursor);
	wr_buf_fini(&first);
	wr_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size == 0)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	switch (data[0] % 3) {
	case 'm' % 3: /* 1 */
		check_marks(copy);
		break;
	case 'k' % 3: /* 2 */
		check_job(wr_bytes(copy, size - 1));
		break;
	default:
		check_cursor(wr_bytes(copy, size - 1));
	}
	free(copy);
	return 0;
}
