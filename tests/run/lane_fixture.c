#include "config.h"

#include "tests/run/lane_fixture.h"

#include "host/plugin.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture *fixture_now;

/* ---- the source ---- */

/* What the group and the broker say. */
static void inform(struct fixture *f)
{
	for (size_t i = 0; i < f->assigned_count; i++) {
		struct fixture_partition *p = &f->partitions[f->assigned[i]->id];

		p->pub.committed = p->committed;
		p->pub.metadata =
		    wr_bytes(p->metadata_size > 0 ? p->metadata : NULL, p->metadata_size);
		p->pub.low = p->low;
		p->pub.high = p->count;
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
		struct fixture_partition *p =
		    (struct fixture_partition *)(void *)((char *)f->assigned[i] -
							 offsetof(struct fixture_partition, pub));
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

/* Splits the text of written headers. */
static size_t split_headers(const struct fixture_record *r, const struct weir_header **headers_r)
{
	static struct weir_header headers[32];
	static char text[1400];
	size_t count = 0;

	snprintf(text, sizeof(text), "%s", r->headers);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
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
	const struct fixture_record *r = record->ref;

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
	struct fixture_partition *p = &fixture_now->partitions[records[0].partition->id];

	assert_int_equal(records[0].offset + (int64_t)count, p->position);
	p->position = p->pub.position = records[0].offset;
	p->held_until_ns = until_mono_ns;
	for (size_t i = 0; i < count; i++)
		source_give_back(source, &records[i]);
	return WR_OK;
}

static void note_commits(const struct wr_source_commit *commits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fixture_partition *p = &fixture_now->partitions[commits[i].partition->id];

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
	note_commits(commits, count);
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
	return source_commit(source, commits, count, err);
}

static enum wr_code source_place(struct wr_source *source, struct wr_partition *partition,
				 int64_t offset, struct wr_err *err)
{
	struct fixture_partition *p = &fixture_now->partitions[partition->id];

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
	const struct fixture_partition *p = &fixture_now->partitions[partition->id];

	(void)source;
	return p->position >= p->count;
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
	return fixture_now->partitions[partition->id].count - next_offset;
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
    .is_at_end = source_is_at_end,
    .lag = source_lag,
    .queued_bytes = source_queued_bytes,
    .destroy = source_destroy,
};

static enum wr_code make_source(void *arg, const struct wr_lane *lane, int wake_fd,
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

/* ---- the sink ---- */

struct wr_sink_topic {
	const char *name;
};

static struct wr_sink_topic topics[] = {
    {"out"}, {"alerts"}, {"dlq"}, {"p.retry.5s"}, {"p.retry.1m"}};

static enum wr_code sink_topic(struct wr_sink *sink, const char *name,
			       struct wr_sink_topic **topic_r, struct wr_err *err)
{
	(void)sink;
	if (fixture_now->unresolved_left > 0) {
		fixture_now->unresolved_left--;
		return wr_err_set(err, WR_ENOMEM, "no memory for topic %s", name);
	}
	for (size_t i = 0; i < UNIT_COUNT_OF(topics); i++) {
		if (strcmp(topics[i].name, name) == 0) {
			*topic_r = &topics[i];
			return WR_OK;
		}
	}
	return wr_err_set(err, WR_EINVAL, "no topic %s", name);
}

static void copy_text(char *to, size_t capacity, struct wr_bytes from)
{
	if (from.data == NULL)
		snprintf(to, capacity, "(absent)");
	else
		snprintf(to, capacity, "%.*s", (int)from.size, (const char *)from.data);
}

static void copy_headers(struct fixture_write *write, const struct weir_header *headers,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(write->headers);

		snprintf(write->headers + used, sizeof(write->headers) - used, "%s=%.*s\n",
			 headers[i].name, (int)headers[i].value.size,
			 (const char *)headers[i].value.data);
	}
}

static enum wr_code sink_write(struct wr_sink *sink, const struct wr_sink_record *record,
			       void *token, struct wr_err *err)
{
	struct fixture *f = fixture_now;
	struct fixture_write *write;

	(void)sink;
	assert_true(f->conf.delivery == WR_AT_LEAST_ONCE || f->txn_open);
	if (f->refuses != NULL && strcmp(f->refuses, record->topic->name) == 0)
		return wr_err_set(err, WR_EREFUSED, "too large");
	if (f->unavailable != NULL && strcmp(f->unavailable, record->topic->name) == 0)
		return wr_err_set(err, WR_EUNAVAILABLE, "unknown topic");
	if (f->room == 0)
		return wr_err_set(err, WR_EFULL, "full");
	f->room--;
	if (f->write_count == f->write_capacity) {
		f->write_capacity = f->write_capacity > 0 ? f->write_capacity * 2 : 64;
		f->writes = realloc(f->writes, f->write_capacity * sizeof(*f->writes));
		assert_non_null(f->writes);
	}
	write = &f->writes[f->write_count++];
	*write = (struct fixture_write){.token = token};
	snprintf(write->topic, sizeof(write->topic), "%s", record->topic->name);
	copy_text(write->key, sizeof(write->key), record->key);
	copy_text(write->value, sizeof(write->value), record->value);
	copy_headers(write, record->headers, record->header_count);
	copy_headers(write, record->more_headers, record->more_header_count);
	return WR_OK;
}

void fixture_answer(struct fixture *f, size_t i, enum wr_code code, const char *reason)
{
	assert_true(i < f->write_count && !f->writes[i].answered);
	f->writes[i].answered = true;
	f->writes[i].answer = code;
	f->room++;
	f->done(f->done_arg, f->writes[i].token, code, reason);
}

static int answer_all(struct fixture *f, enum wr_code code)
{
	int answered = 0;

	for (size_t i = 0; i < f->write_count; i++) {
		if (f->writes[i].answered)
			continue;
		fixture_answer(f, i, code, code == WR_OK ? NULL : "purged");
		answered++;
	}
	return answered;
}

static int sink_poll(struct wr_sink *sink, int timeout_ms)
{
	(void)sink;
	(void)timeout_ms;
	return fixture_now->holds_acks || fixture_now->broken ? 0 : answer_all(fixture_now, WR_OK);
}

static enum wr_sink_state sink_state(struct wr_sink *sink)
{
	(void)sink;
	return fixture_now->broken ? WR_SINK_BROKEN : WR_SINK_UP;
}

static void sink_depth(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	(void)sink;
	*records_r = *bytes_r = 0;
}

static void sink_destroy(struct wr_sink *sink)
{
	answer_all(fixture_now, WR_EUNKNOWN);
	fixture_now->sink_exists = false;
	free(sink);
}

static enum wr_code sink_status(struct wr_sink *sink)
{
	(void)sink;
	return fixture_now->txn_holds ? WR_EFULL : fixture_now->txn_status;
}

static enum wr_code sink_begin(struct wr_sink *sink, struct wr_err *err)
{
	struct fixture *f = fixture_now;

	(void)sink;
	(void)err;
	assert_false(f->txn_open || f->txn_holds);
	assert_int_equal(f->txn_status, WR_OK);
	f->txn_open = true;
	f->txn_begun++;
	return WR_OK;
}

static void sink_commit(struct wr_sink *sink, struct wr_source *source,
			const struct wr_source_commit *commits, size_t count)
{
	struct fixture *f = fixture_now;

	(void)sink;
	(void)source;
	assert_true(f->txn_open);
	for (size_t i = 0; i < f->write_count; i++)
		assert_true(f->writes[i].answered);
	f->txn_status = f->txn_answer;
	f->txn_answer = WR_OK;
	f->txn_open = f->txn_status == WR_EREFUSED;
	if (f->txn_status == WR_EUNKNOWN)
		f->broken = true;
	if (f->txn_status == WR_OK || (f->txn_status == WR_EUNKNOWN && f->is_unsure)) {
		f->txn_committed++;
		note_commits(commits, count);
	}
}

static void sink_abort(struct wr_sink *sink)
{
	struct fixture *f = fixture_now;

	(void)sink;
	assert_true(f->txn_open);
	f->txn_open = false;
	f->txn_aborted++;
	f->txn_status = WR_OK;
	answer_all(f, WR_EUNKNOWN);
}

static const struct wr_sink_ops txn_sink_ops = {
    .topic = sink_topic,
    .write = sink_write,
    .poll = sink_poll,
    .state = sink_state,
    .transaction_status = sink_status,
    .begin = sink_begin,
    .commit = sink_commit,
    .abort = sink_abort,
    .depth = sink_depth,
    .destroy = sink_destroy,
};

static const struct wr_sink_ops sink_ops = {
    .topic = sink_topic,
    .write = sink_write,
    .poll = sink_poll,
    .state = sink_state,
    .depth = sink_depth,
    .destroy = sink_destroy,
};

static enum wr_code make_sink(void *arg, const struct wr_lane *lane, int wake_fd,
			      wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			      struct wr_err *err)
{
	struct fixture *f = arg;

	(void)lane;
	(void)wake_fd;
	(void)err;
	assert_false(f->sink_exists);
	f->sink_exists = true;
	f->broken = false;
	f->sinks_made++;
	f->done = done;
	f->done_arg = done_arg;
	*sink_r = calloc(1, sizeof(**sink_r));
	(*sink_r)->ops = f->conf.delivery == WR_EXACTLY_ONCE ? &txn_sink_ops : &sink_ops;
	f->txn_open = false;
	f->txn_status = WR_OK;
	return WR_OK;
}

/* ---- the claim store ---- */

static struct fixture_claim *claim_of(struct fixture *f, struct wr_bytes id)
{
	for (size_t i = 0; i < f->claim_count; i++) {
		if (strlen(f->claims[i].id) == id.size &&
		    memcmp(f->claims[i].id, id.data, id.size) == 0)
			return &f->claims[i];
	}
	return NULL;
}

static void claim_one(struct fixture *f, struct wr_claim_set *set, struct wr_claim *claim)
{
	struct fixture_claim *there = claim_of(f, claim->id);

	claim->found = wr_bytes(NULL, 0);
	if (f->unreadable_id != NULL && wr_bytes_equal(claim->id, wr_bytes_of(f->unreadable_id))) {
		claim->outcome = WR_CLAIM_UNREADABLE;
	} else if (there != NULL && wr_bytes_equal(claim->expect, wr_bytes_of(there->value))) {
		claim->outcome = WR_CLAIM_NOTHING;
		copy_text(there->value, sizeof(there->value), claim->value);
	} else if (there != NULL) {
		claim->outcome = WR_CLAIM_VALUE;
		claim->found.size = strlen(there->value);
		claim->found.data =
		    wr_arena_copy(&set->found_arena, there->value, claim->found.size);
	} else {
		claim->outcome = WR_CLAIM_NOTHING;
		if (f->claim_count == f->claim_capacity) {
			f->claim_capacity = f->claim_capacity > 0 ? f->claim_capacity * 2 : 64;
			f->claims = realloc(f->claims, f->claim_capacity * sizeof(*f->claims));
			assert_non_null(f->claims);
		}
		there = &f->claims[f->claim_count++];
		copy_text(there->id, sizeof(there->id), claim->id);
		copy_text(there->value, sizeof(there->value), claim->value);
	}
}

static void store_submit(struct wr_claim_store *store, struct wr_claim_set *set)
{
	(void)store;
	assert_false(set->submitted);
	assert_true(fixture_now->submitted_count < UNIT_COUNT_OF(fixture_now->submitted));
	set->submitted = true;
	set->done = false;
	fixture_now->submitted[fixture_now->submitted_count++] = set;
}

static void store_cancel(struct wr_claim_store *store, struct wr_claim_set *set)
{
	struct fixture *f = fixture_now;
	size_t kept = 0;

	(void)store;
	assert_true(set->submitted);
	for (size_t i = 0; i < f->submitted_count; i++) {
		if (f->submitted[i] != set)
			f->submitted[kept++] = f->submitted[i];
	}
	f->submitted_count = kept;
	set->submitted = false;
}

static void store_query_marks(struct wr_claim_store *store, struct wr_mark_query *query)
{
	struct fixture *f = fixture_now;

	(void)store;
	assert_false(query->submitted);
	assert_true(f->query_count < UNIT_COUNT_OF(f->queries));
	query->submitted = true;
	query->done = false;
	f->queries[f->query_count++] = query;
}

static void store_cancel_query(struct wr_claim_store *store, struct wr_mark_query *query)
{
	struct fixture *f = fixture_now;
	size_t kept = 0;

	(void)store;
	assert_true(query->submitted);
	for (size_t i = 0; i < f->query_count; i++) {
		if (f->queries[i] != query)
			f->queries[kept++] = f->queries[i];
	}
	f->query_count = kept;
	query->submitted = false;
}

static enum wr_code store_put_mark(struct wr_claim_store *store, const struct wr_mark_write *mark)
{
	(void)store;
	marks_put(&fixture_now->marks, mark);
	return WR_OK;
}

static void store_yield_mark(struct wr_claim_store *store, struct wr_bytes field)
{
	(void)store;
	(void)field;
}

static size_t store_marks_waiting(struct wr_claim_store *store)
{
	(void)store;
	return 0;
}

static void store_poll(struct wr_claim_store *store, int64_t now_mono_ns)
{
	struct fixture *f = fixture_now;

	(void)store;
	(void)now_mono_ns;
	if (f->store_down)
		return;
	for (size_t i = 0; i < f->submitted_count; i++) {
		struct wr_claim_set *set = f->submitted[i];

		wr_arena_reset(&set->found_arena);
		for (size_t j = 0; j < set->count; j++)
			claim_one(f, set, &set->claims[j]);
		set->submitted = false;
		set->done = true;
	}
	f->submitted_count = 0;
	for (size_t i = 0; i < f->query_count; i++)
		marks_answer(&f->marks, f->queries[i]);
	f->query_count = 0;
}

static int store_wait_on(struct wr_claim_store *store, short *events_r, int64_t *deadline_mono_ns_r)
{
	(void)store;
	*events_r = 0;
	*deadline_mono_ns_r = INT64_MAX;
	return -1;
}

static enum wr_claim_store_state store_state(struct wr_claim_store *store, const char **reason_r)
{
	(void)store;
	if (reason_r != NULL)
		*reason_r = fixture_now->store_down ? "the test says so" : NULL;
	return fixture_now->store_down ? WR_CLAIM_STORE_DOWN : WR_CLAIM_STORE_UP;
}

static void store_destroy(struct wr_claim_store *store)
{
	assert_int_equal(fixture_now->submitted_count, 0);
	assert_int_equal(fixture_now->query_count, 0);
	free(store);
}

static const struct wr_claim_store_ops store_ops = {
    .submit = store_submit,
    .cancel = store_cancel,
    .query_marks = store_query_marks,
    .cancel_query = store_cancel_query,
    .put_mark = store_put_mark,
    .yield_mark = store_yield_mark,
    .marks_waiting = store_marks_waiting,
    .poll = store_poll,
    .wait_on = store_wait_on,
    .state = store_state,
    .destroy = store_destroy,
};

static enum wr_code make_store(void *arg, const struct wr_lane *lane,
			       struct wr_claim_store **store_r, struct wr_err *err)
{
	(void)lane;
	(void)err;
	*store_r = NULL;
	if (((struct fixture *)arg)->conf.idempotency.store == WR_STORE_NONE)
		return WR_OK;
	*store_r = calloc(1, sizeof(**store_r));
	(*store_r)->ops = &store_ops;
	return WR_OK;
}

static struct wr_lane_budget budget_of(void *arg)
{
	return ((const struct fixture *)arg)->budget;
}

/* ---- the plugin ---- */

static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)config_json;
	(void)err;
	return (void *)(uintptr_t)host;
}

static int process(void *self, struct weir_call *call, const struct weir_event *const *events,
		   struct weir_result *const *results, size_t n)
{
	const struct weir_host *host = self;
	int stage = strcmp(host->stage, "second") == 0;

	for (size_t i = 0; i < n; i++) {
		if (!fixture_now->batch_plugin && !call->host->begin(call, i))
			continue;
		results[i]->verdict = fixture_now->handler(call, events[i], results[i], stage);
	}
	return 0;
}

static const struct weir_plugin entry = {
    .magic = WEIR_MAGIC,
    .struct_size = (uint32_t)sizeof(struct weir_plugin),
    .abi_major = WEIR_ABI_MAJOR,
    .id = "scripted",
    .version = "7",
    .create = create,
    .process = process,
};

static enum weir_verdict say_ok(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res, int stage)
{
	(void)call;
	(void)ev;
	(void)res;
	(void)stage;
	return WEIR_OK;
}

/* ---- the lane ---- */

static struct wr_conf_output outputs[] = {
    {.name = (char *)(uintptr_t) "default", .topic = (char *)(uintptr_t) "out"},
    {.name = (char *)(uintptr_t) "alerts", .topic = (char *)(uintptr_t) "alerts"}};

void fixture_init(struct fixture *f)
{
	static const struct wr_conf_retry retry = {.attempts = 3,
						   .initial_ms = 100,
						   .factor = 2,
						   .max_ms = 1000,
						   .jitter = WR_JITTER_NONE};

	memset(f, 0, sizeof(*f));
	fixture_now = f;
	wr_clock_fake_init(&f->clock, 1700000000000);
	f->conf = (struct wr_conf_pipeline){
	    .name = (char *)(uintptr_t) "p",
	    .format = WR_FORMAT_JSON,
	    .event_id = {.source = WR_ID_JSON, .pointer_or_name = (char *)(uintptr_t) "/id"},
	    .idempotency = {.store = WR_STORE_REDIS, .ttl_ms = 1000},
	    .transaction = {.interval_ms = 100},
	    .lanes = 1,
	    .batch = {.max_events = 4, .max_bytes = 1 << 20, .linger_ms = 5, .in_flight = 3},
	    .retry = retry,
	    .dlq_topic = (char *)(uintptr_t) "dlq",
	    .outputs = outputs,
	    .output_count = 2,
	    .stages = f->stages,
	    .stage_count = FIXTURE_STAGES,
	};
	for (int i = 0; i < FIXTURE_STAGES; i++)
		f->stages[i] =
		    (struct wr_conf_stage){.config_json = (char *)(uintptr_t) "{}", .retry = retry};
	for (int i = 0; i < FIXTURE_PARTITIONS; i++) {
		f->partitions[i].committed = -1;
		f->partitions[i].pub = (struct wr_partition){.topic = "in", .id = i};
	}
	f->assigned[0] = &f->partitions[0].pub;
	f->assigned_count = 1;
	f->next_event = WR_SOURCE_ASSIGNED;
	f->handler = say_ok;
	f->room = SIZE_MAX / 2;
}

static struct wr_plugin *plugin;
static struct wr_stage stages[FIXTURE_STAGES];
static struct wr_pipeline pipeline;
static struct wr_lane_adapters adapters;

static void note_change(void *arg)
{
	((struct fixture *)arg)->changes++;
}

void fixture_start(struct fixture *f)
{
	static const char *const names[] = {"first", "second"};
	struct wr_lane_options options;
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_plugin_open_entry(&entry, &plugin, &err), WR_OK);
	for (uint32_t i = 0; i < FIXTURE_STAGES; i++)
		stages[i] = (struct wr_stage){&f->stages[i], plugin, names[i], i};
	pipeline = (struct wr_pipeline){&f->conf, stages, (uint32_t)f->conf.stage_count, 42};
	adapters = (struct wr_lane_adapters){f, make_source, make_sink, make_store, budget_of};
	assert_int_equal(wr_metrics_create(&f->metrics), WR_OK);
	assert_int_equal(wr_health_create(&f->clock.clock, &f->health), WR_OK);
	assert_int_equal(wr_board_create(&f->board), WR_OK);
	options = (struct wr_lane_options){.pipeline = &pipeline,
					   .lane_count = 1,
					   .adapters = &adapters,
					   .clock = &f->clock.clock,
					   .metrics = f->metrics,
					   .health = f->health,
					   .board = f->board,
					   .seed = 7,
					   .changed = note_change,
					   .changed_arg = f};
	if (wr_lane_create(&options, &f->lane, &err) != WR_OK)
		fail_msg("%s", err.text);
}

struct wr_program *fixture_program(struct fixture *f, uint64_t generation,
				   const struct wr_conf_pipeline *conf)
{
	static struct wr_pipeline pipelines[8];
	struct wr_pipeline *p = &pipelines[generation % 8];
	const struct wr_program_options options = {p, 0, 1, f->metrics};
	struct wr_program *program;
	struct wr_err err;

	*p = pipeline;
	p->generation = generation;
	if (conf != NULL)
		p->conf = conf;
	if (wr_program_create(&options, &program, &err) != WR_OK)
		fail_msg("%s", err.text);
	return program;
}

void fixture_fini(struct fixture *f)
{
	wr_lane_destroy(f->lane);
	wr_board_destroy(f->board);
	wr_health_destroy(f->health);
	wr_metrics_destroy(f->metrics);
	wr_plugin_unref(plugin);
	for (int i = 0; i < FIXTURE_PARTITIONS; i++) {
		for (int64_t j = 0; j < f->partitions[i].count; j++)
			free(f->partitions[i].records[j].headers);
	}
	free(f->writes);
	free(f->claims);
}

int64_t fixture_send(struct fixture *f, int partition, const char *id, const char *key)
{
	struct fixture_partition *p = &f->partitions[partition];
	struct fixture_record *r = &p->records[p->count];

	assert_true(p->count < FIXTURE_RECORDS);
	*r = (struct fixture_record){.keyless = key == NULL};
	snprintf(r->key, sizeof(r->key), "%s", key != NULL ? key : "");
	snprintf(r->value, sizeof(r->value), "{\"id\":\"%s\"}", id);
	return p->count++;
}

int64_t fixture_send_value(struct fixture *f, int partition, const char *value)
{
	int64_t offset = fixture_send(f, partition, "", NULL);
	struct fixture_record *r = &f->partitions[partition].records[offset];

	snprintf(r->value, sizeof(r->value), "%s", value);
	return offset;
}

const char *fixture_claim_of(struct fixture *f, const char *id)
{
	const struct fixture_claim *claim = claim_of(f, wr_bytes_of(id));

	return claim != NULL ? claim->value : NULL;
}

int64_t fixture_redeliver(struct fixture *f, int partition, const struct fixture_write *write)
{
	struct fixture_partition *p = &f->partitions[partition];
	struct fixture_record *r = &p->records[p->count];

	assert_true(p->count < FIXTURE_RECORDS);
	*r = (struct fixture_record){.keyless = write->key[0] == '\0',
				     .headers = strdup(write->headers),
				     .timestamp_ms = wr_clock_wall_ms(&f->clock.clock)};
	assert_non_null(r->headers);
	snprintf(r->key, sizeof(r->key), "%s", write->key);
	snprintf(r->value, sizeof(r->value), "%s", write->value);
	return p->count++;
}

void fixture_settle(struct fixture *f)
{
	int steps = 0, still = 0;

	/* Two quiet turns: what the last one set free may only show in the next. */
	while (still < 2) {
		still = wr_lane_step(f->lane) ? 0 : still + 1;
		assert_true(++steps < 100000);
	}
}

void fixture_pass_ms(struct fixture *f, int64_t ms)
{
	wr_clock_fake_advance_ms(&f->clock, ms);
	fixture_settle(f);
}

void fixture_ack(struct fixture *f)
{
	answer_all(f, WR_OK);
	fixture_settle(f);
}

size_t fixture_written(const struct fixture *f, const char *topic)
{
	size_t count = 0;

	for (size_t i = 0; i < f->write_count; i++)
		count += strcmp(f->writes[i].topic, topic) == 0;
	return count;
}

struct fixture_write *fixture_write_to(struct fixture *f, const char *topic, size_t n)
{
	for (size_t i = 0; i < f->write_count; i++) {
		if (strcmp(f->writes[i].topic, topic) == 0 && n-- == 0)
			return &f->writes[i];
	}
	fail_msg("no such write to %s", topic);
	return NULL;
}

bool fixture_has_header(const struct fixture_write *write, const char *name, const char *value)
{
	char line[256];
	const char *found;

	snprintf(line, sizeof(line), "%s=%s\n", name, value);
	found = strstr(write->headers, line);
	return found != NULL && (found == write->headers || found[-1] == '\n');
}

double fixture_metric(struct fixture *f, const char *line)
{
	struct wr_buf text = WR_BUF_INIT;
	const char *found;
	double value;

	assert_int_equal(wr_metrics_render(f->metrics, &text), WR_OK);
	found = strstr(wr_buf_text(&text), line);
	assert_non_null(found);
	value = strtod(found + strlen(line), NULL);
	wr_buf_fini(&text);
	return value;
}

double fixture_outcome(struct fixture *f, const char *outcome)
{
	char line[128];

	snprintf(line, sizeof(line), "weir_events_total{outcome=\"%s\",pipeline=\"p\"} ", outcome);
	return fixture_metric(f, line);
}
