/* The source of the lane's fixture. */
#include "config.h"

#include "tests/run/lane_fixture_private.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture_partition *fixture_of(const struct wr_partition *partition)
{
	return WR_CONTAINER_OF((uintptr_t)partition, struct fixture_partition, pub);
}

/* What the group and the broker say. */
static void inform(struct fixture *f)
{
	for (size_t i = 0; i < f->assigned_count; i++) {
		struct fixture_partition *p = fixture_of(f->assigned[i]);

		p->pub.committed = p->committed;
		p->pub.metadata =
		    wr_bytes(p->metadata_size > 0 ? p->metadata : NULL, p->metadata_size);
		p->pub.low = p->low;
		p->pub.high = p->stale_high > 0 ? p->stale_high : p->count;
		p->stale_high = 0;
		p->pub.position = -1;
	}
}

static enum wr_source_event source_poll(struct wr_source *source)
{
	struct fixture *f = fixture_now;
	enum wr_source_event event = f->next_event;

	(void)source;
	f->next_event = WR_SOURCE_NONE;
	if (event == WR_SOURCE_ASSIGNED)
		inform(f);
	if (event == WR_SOURCE_REVOKING || event == WR_SOURCE_LOST)
		f->awaits_release = true;
	return event;
}

static size_t source_take(struct wr_source *source, struct wr_source_record *records,
			  size_t max_records, size_t max_bytes)
{
	struct fixture *f = fixture_now;

	(void)source;
	(void)max_bytes;
	if (f->awaits_release)
		return 0;
	for (size_t i = 0; i < f->assigned_count; i++) {
		struct fixture_partition *p = fixture_of(f->assigned[i]);
		size_t n = 0;

		if (wr_clock_mono_ns(&f->clock.clock) < p->held_until_ns)
			continue;
		while (n < max_records && p->pub.position >= 0 && p->position < p->count) {
			struct fixture_record *r = &p->records[p->position];

			records[n] = (struct wr_source_record){
			    .partition = &p->pub,
			    .offset = p->position,
			    .timestamp_ms =
				r->timestamp_ms != 0 ? r->timestamp_ms : 1000 + p->position,
			    .key = {r->keyless ? NULL : r->key, r->keyless ? 0 : strlen(r->key)},
			    .value = {r->tombstone ? NULL : r->value,
				      r->tombstone ? 0 : strlen(r->value)},
			    .ref = r,
			};
			p->position++;
			p->pub.position = p->position;
			f->out++;
			n++;
		}
		if (n > 0)
			return n;
	}
	return 0;
}

/* Splits the text of written headers; what they point to lives as long as the record. */
static size_t split_headers(struct fixture_record *r, const struct weir_header **headers_r)
{
	static struct weir_header headers[32];
	size_t count = 0;

	if (r->split == NULL)
		r->split = malloc(strlen(r->headers) + 1);
	assert_non_null(r->split);
	memcpy(r->split, r->headers, strlen(r->headers) + 1);
	for (char *line = strtok(r->split, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *value = strchr(line, '=');

		assert_non_null(value);
		*value++ = '\0';
		assert_true(count < UNIT_COUNT_OF(headers));
		headers[count++] = (struct weir_header){line, {value, strlen(value)}};
	}
	*headers_r = headers;
	return count;
}

static size_t source_headers(struct wr_source *source, const struct wr_source_record *record,
			     const struct weir_header **headers_r)
{
	static struct weir_header headers[2];
	struct fixture_record *r = record->ref;

	(void)source;
	*headers_r = headers;
	if (r->headers != NULL)
		return split_headers(r, headers_r);
	if (r->header_name == NULL)
		return 0;
	headers[0] =
	    (struct weir_header){r->header_name, {r->header_value, strlen(r->header_value)}};
	headers[1] = (struct weir_header){"weir-owner", {"forged", 6}};
	return 2;
}

static void source_give_back(struct wr_source *source, struct wr_source_record *record)
{
	(void)source;
	assert_non_null(record->ref);
	record->ref = NULL;
	fixture_now->out--;
}

static enum wr_code source_put_back(struct wr_source *source, struct wr_source_record *records,
				    size_t count, int64_t until_mono_ns)
{
	struct fixture_partition *p = fixture_of(records[0].partition);

	assert_int_equal(records[0].offset + (int64_t)count, p->position);
	p->position = p->pub.position = records[0].offset;
	p->held_until_ns = until_mono_ns;
	for (size_t i = 0; i < count; i++)
		source_give_back(source, &records[i]);
	return WR_OK;
}

void fixture_note_commits(const struct wr_source_commit *commits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fixture_partition *p = fixture_of(commits[i].partition);

		assert_true(commits[i].offset > p->committed || fixture_now->offsets_fall);
		assert_true(commits[i].offset <= p->count);
		p->committed = commits[i].offset;
		assert_true(commits[i].metadata.size <= sizeof(p->metadata));
		p->metadata_size = commits[i].metadata.size;
		if (p->metadata_size > 0)
			memcpy(p->metadata, commits[i].metadata.data, p->metadata_size);
	}
	fixture_now->commits++;
}

static enum wr_code source_commit(struct wr_source *source, const struct wr_source_commit *commits,
				  size_t count, struct wr_err *err)
{
	(void)source;
	if (fixture_now->commit_failures_left > 0) {
		fixture_now->commit_failures_left--;
		return wr_err_set(err, WR_EUNAVAILABLE, "no coordinator");
	}
	fixture_note_commits(commits, count);
	return WR_OK;
}

static enum wr_code source_commit_status(struct wr_source *source)
{
	(void)source;
	return fixture_now->commit_waits ? WR_EFULL : WR_OK;
}

static enum wr_code source_commit_sync(struct wr_source *source,
				       const struct wr_source_commit *commits, size_t count,
				       int timeout_ms, struct wr_err *err)
{
	fixture_now->commit_timeout_ms = timeout_ms;
	if (fixture_now->commit_times_out) {
		wr_clock_fake_advance_ms(&fixture_now->clock, timeout_ms);
		return wr_err_set(err, WR_ETIMEDOUT, "the coordinator does not answer");
	}
	for (size_t i = 0; i < count; i++) {
		if ((fixture_now->commit_refused & 1u << commits[i].partition->id) != 0)
			return wr_err_set(err, WR_EUNAVAILABLE, "no such partition");
	}
	return source_commit(source, commits, count, err);
}

static enum wr_code source_place(struct wr_source *source, struct wr_partition *partition,
				 int64_t offset, struct wr_err *err)
{
	struct fixture_partition *p = fixture_of(partition);

	(void)source;
	(void)err;
	p->position = p->pub.position = offset;
	p->held_until_ns = 0;
	return WR_OK;
}

static void source_refresh(struct wr_source *source)
{
	(void)source;
	fixture_now->refreshes++;
	fixture_now->next_event = WR_SOURCE_ASSIGNED;
}

static bool source_from_latest(struct wr_source *source)
{
	(void)source;
	return fixture_now->from_latest;
}

static const char *source_trouble(struct wr_source *source)
{
	(void)source;
	return fixture_now->source_trouble;
}

static void source_release(struct wr_source *source)
{
	(void)source;
	if (!fixture_now->awaits_release)
		return;
	fixture_now->awaits_release = false;
	fixture_now->released++;
	fixture_now->assigned_count = 0;
}

static size_t source_partitions(struct wr_source *source, struct wr_partition *const **partitions_r)
{
	(void)source;
	*partitions_r = fixture_now->assigned;
	return fixture_now->assigned_count;
}

static bool source_is_at_end(struct wr_source *source, const struct wr_partition *partition)
{
	const struct fixture_partition *p = fixture_of(partition);

	(void)source;
	return p->position >= p->count;
}

static size_t source_topics(struct wr_source *source, const struct wr_source_topic **topics_r)
{
	(void)source;
	*topics_r = fixture_now->topics;
	return fixture_now->topic_count;
}

static bool source_is_undecided(struct wr_source *source, const struct wr_partition *partition)
{
	(void)source;
	return fixture_of(partition)->undecided;
}

static size_t source_queued_bytes(struct wr_source *source)
{
	(void)source;
	return 0;
}

static int64_t source_lag(struct wr_source *source, struct wr_partition *partition,
			  int64_t next_offset)
{
	(void)source;
	return fixture_of(partition)->count - next_offset;
}

static void source_destroy(struct wr_source *source, int timeout_ms)
{
	(void)timeout_ms;
	assert_int_equal(fixture_now->out, 0);
	free(source);
}

static const struct wr_source_ops source_ops = {
    .poll = source_poll,
    .take = source_take,
    .headers = source_headers,
    .give_back = source_give_back,
    .put_back = source_put_back,
    .commit = source_commit,
    .commit_status = source_commit_status,
    .commit_sync = source_commit_sync,
    .place = source_place,
    .refresh = source_refresh,
    .from_latest = source_from_latest,
    .trouble = source_trouble,
    .release = source_release,
    .partitions = source_partitions,
    .topics = source_topics,
    .is_at_end = source_is_at_end,
    .is_undecided = source_is_undecided,
    .lag = source_lag,
    .queued_bytes = source_queued_bytes,
    .destroy = source_destroy,
};

enum wr_code fixture_make_source(void *arg, const struct wr_lane *lane, int wake_fd,
				 struct wr_source **source_r, struct wr_err *err)
{
	(void)arg;
	(void)lane;
	(void)wake_fd;
	(void)err;
	*source_r = calloc(1, sizeof(**source_r));
	(*source_r)->ops = &source_ops;
	return WR_OK;
}
