#include "config.h"

#include "http/ingest_impl.h"

#include "base/check.h"
#include "base/log.h"

#include <stdlib.h>
#include <time.h>

#define COMPONENT "http/kafka"
#define POLL_MS 50
#define REOPEN_NS WR_NS_PER_S

static void set_fate(struct wr_event_item *item, enum wr_event_fate fate)
{
	int pending = WR_FATE_PENDING;

	/* Whoever answered without waiting longer has settled it already. */
	atomic_compare_exchange_strong_explicit(&item->fate, &pending, (int)fate,
						memory_order_release, memory_order_relaxed);
}

/* Of an event that the sink took: whatever is neither an ack nor a refusal may have been written all the same. */
static enum wr_event_fate fate_of_write(enum wr_code code)
{
	if (code == WR_OK)
		return WR_FATE_ACCEPTED;
	return code == WR_EREFUSED ? WR_FATE_REFUSED : WR_FATE_UNKNOWN;
}

/* Of one that it did not take. */
static enum wr_event_fate fate_of_refusal(enum wr_code code)
{
	if (code == WR_EREFUSED)
		return WR_FATE_REFUSED;
	return code == WR_EUNAVAILABLE || code == WR_EFULL ? WR_FATE_NOT_STORED : WR_FATE_UNKNOWN;
}

static void completed(void *arg, void *token, enum wr_code code, const char *reason)
{
	struct wr_ingest *ingest = arg;
	struct wr_event_item *item = token;
	struct wr_http_request *req = item->owner;
	struct wr_ingest_job *job = req->job;
	enum wr_event_fate fate = fate_of_write(code);

	if (fate != WR_FATE_ACCEPTED)
		WR_LOG(WR_LOG_WARN, "an event from http was not stored",
		       WR_STR("code", wr_code_text(code)), WR_STR("reason", reason));
	set_fate(item, fate);
	if (atomic_fetch_sub_explicit(&job->pending, 1, memory_order_acq_rel) > 1)
		return;
	req->next_finished = ingest->finished;
	ingest->finished = req;
}

void wr_ingest_release(struct wr_ingest *ingest, struct wr_http_request *req)
{
	struct wr_ingest_job *job = req->job;

	if (atomic_fetch_sub_explicit(&job->pending, 1, memory_order_acq_rel) > 1)
		return;
	req->next_finished = NULL;
	wr_http_waits_finish(wr_ingest_waits(ingest), req);
}

static enum wr_code write_item(struct wr_ingest *ingest, const struct wr_ingest_job *job,
			       struct wr_event_item *item)
{
	const struct wr_sink_record record = {
	    .topic = ingest->topic,
	    .key = item->key,
	    .value = item->value,
	    .headers = job->headers,
	    .header_count = job->header_count,
	};

	wr_lock_assert_held(&ingest->lock);
	if (ingest->sink == NULL)
		return WR_EUNAVAILABLE;
	return ingest->sink->ops->write(ingest->sink, &record, item, NULL);
}

void wr_ingest_write(struct wr_ingest *ingest, struct wr_http_request *req)
{
	struct wr_ingest_job *job = req->job;
	struct wr_event_item *item;
	enum wr_code rc = WR_OK;
	size_t i;

	wr_lock_take(&ingest->lock);
	for (i = 0; i < job->body.count; i++) {
		item = &job->body.items[i];
		if (atomic_load_explicit(&item->fate, memory_order_relaxed) != WR_FATE_PENDING)
			continue;
		/* Once one found no room the rest is not tried: order within the request. */
		if (rc == WR_EFULL || rc == WR_EUNAVAILABLE) {
			set_fate(item, WR_FATE_NOT_STORED);
			continue;
		}
		item->owner = req;
		atomic_fetch_add_explicit(&job->pending, 1, memory_order_relaxed);
		rc = write_item(ingest, job, item);
		if (rc == WR_OK)
			continue;
		atomic_fetch_sub_explicit(&job->pending, 1, memory_order_relaxed);
		set_fate(item, fate_of_refusal(rc));
	}
	wr_lock_release(&ingest->lock);
}

/* Resumes what was finished, in the order in which it was: once for all, so that the lock is taken once. */
static void flush_finished(struct wr_ingest *ingest)
{
	struct wr_http_request *req = ingest->finished, *next, *ordered = NULL;

	if (req == NULL)
		return;
	ingest->finished = NULL;
	for (; req != NULL; req = next) {
		next = req->next_finished;
		req->next_finished = ordered;
		ordered = req;
	}
	wr_http_waits_finish(wr_ingest_waits(ingest), ordered);
}

static enum wr_code open_sink(struct wr_ingest *ingest, struct wr_err *err)
{
	const struct wr_http_deps *deps = &ingest->http->deps;
	struct wr_sink *sink = NULL;
	struct wr_sink_topic *topic = NULL;
	enum wr_code rc;

	rc = deps->open_sink(deps->open_sink_arg, completed, ingest, &sink, &topic, err);
	if (rc != WR_OK)
		return rc;
	wr_lock_take(&ingest->lock);
	ingest->sink = sink;
	ingest->topic = topic;
	wr_lock_release(&ingest->lock);
	return WR_OK;
}

/* All that is out completes; its requests are answered. */
static void close_sink(struct wr_ingest *ingest)
{
	struct wr_sink *sink;

	wr_lock_take(&ingest->lock);
	sink = ingest->sink;
	ingest->sink = NULL;
	ingest->topic = NULL;
	wr_lock_release(&ingest->lock);
	if (sink != NULL)
		sink->ops->destroy(sink);
	flush_finished(ingest);
}

static void reopen(struct wr_ingest *ingest)
{
	const struct timespec pause = {0, POLL_MS * WR_NS_PER_MS};
	int64_t now = wr_http_now(ingest->http);
	struct wr_err err;
	enum wr_code rc;

	if (now >= ingest->next_open_mono_ns) {
		rc = open_sink(ingest, &err);
		if (rc == WR_OK)
			return;
		if (rc != WR_EUNAVAILABLE) {
			ingest->next_open_mono_ns = now + REOPEN_NS;
			WR_LOG(WR_LOG_ERROR, "no producer for http", WR_STR("error", err.text));
		}
	}
	nanosleep(&pause, NULL);
}

/* A sink that is down stays so until something was acked, so it only counts while something waits. */
static void report_health(struct wr_ingest *ingest, enum wr_sink_state state)
{
	struct wr_health *health = ingest->http->deps.health;
	size_t records = 0, bytes = 0;

	switch (state) {
	case WR_SINK_UP:
		wr_health_set(health, COMPONENT, true, NULL);
		return;
	case WR_SINK_DOWN:
		ingest->sink->ops->depth(ingest->sink, &records, &bytes);
		wr_health_set(health, COMPONENT, records == 0, "no Kafka broker answers");
		return;
	case WR_SINK_BROKEN:
		wr_health_set(health, COMPONENT, false, "the producer is being made");
		return;
	}
}

static void serve_sink(struct wr_ingest *ingest)
{
	struct wr_sink *sink = ingest->sink; /* only this thread changes it */
	enum wr_sink_state state;

	if (sink == NULL) {
		report_health(ingest, WR_SINK_BROKEN);
		reopen(ingest);
		return;
	}
	sink->ops->poll(sink, POLL_MS);
	flush_finished(ingest);
	state = sink->ops->state(sink);
	report_health(ingest, state);
	if (state == WR_SINK_BROKEN)
		close_sink(ingest);
}

/* Writes that are still out when the server stops; after the deadline their outcome is unknown. */
static void drain_sink(struct wr_ingest *ingest)
{
	int64_t end = ingest->stop_deadline_mono_ns;
	size_t records = 0, bytes = 0;

	while (ingest->sink != NULL && wr_clock_mono_ns(&wr_clock_real) < end) {
		ingest->sink->ops->depth(ingest->sink, &records, &bytes);
		if (records == 0)
			return;
		ingest->sink->ops->poll(ingest->sink, POLL_MS);
		flush_finished(ingest);
	}
}

static void *run(void *arg)
{
	struct wr_ingest *ingest = arg;

	while (atomic_load_explicit(&ingest->is_running, memory_order_acquire))
		serve_sink(ingest);
	drain_sink(ingest);
	close_sink(ingest);
	return NULL;
}

enum wr_code wr_ingest_create(struct wr_http *http, struct wr_ingest **ingest_r)
{
	struct wr_ingest *ingest;
	enum wr_code rc;

	*ingest_r = NULL;
	ingest = calloc(1, sizeof(*ingest));
	if (ingest == NULL)
		return WR_ENOMEM;
	ingest->http = http;
	wr_lock_init(&ingest->lock);
	rc = wr_json_reader_create(&ingest->reader);
	if (rc != WR_OK) {
		wr_ingest_destroy(ingest);
		return rc;
	}
	*ingest_r = ingest;
	return WR_OK;
}

enum wr_code wr_ingest_start(struct wr_ingest *ingest, struct wr_err *err)
{
	enum wr_code rc = open_sink(ingest, err);

	if (rc != WR_OK && rc != WR_EUNAVAILABLE)
		return rc;
	atomic_store(&ingest->is_running, true);
	if (pthread_create(&ingest->thread, NULL, run, ingest) != 0) {
		close_sink(ingest);
		return wr_err_set(err, WR_ENOMEM, "no thread for the producer of http");
	}
	ingest->has_thread = true;
	return WR_OK;
}

bool wr_ingest_has_unacked(struct wr_ingest *ingest)
{
	size_t records = 0, bytes = 0;

	if (ingest == NULL)
		return false;
	wr_lock_take(&ingest->lock);
	if (ingest->sink != NULL)
		ingest->sink->ops->depth(ingest->sink, &records, &bytes);
	wr_lock_release(&ingest->lock);
	return records > 0;
}

void wr_ingest_stop(struct wr_ingest *ingest, int64_t deadline_mono_ns)
{
	if (ingest == NULL || !ingest->has_thread)
		return;
	ingest->stop_deadline_mono_ns = deadline_mono_ns;
	atomic_store(&ingest->is_running, false);
	pthread_join(ingest->thread, NULL);
	ingest->has_thread = false;
	wr_health_clear(ingest->http->deps.health, COMPONENT);
}

void wr_ingest_destroy(struct wr_ingest *ingest)
{
	if (ingest == NULL)
		return;
	WR_ASSERT(!ingest->has_thread && ingest->sink == NULL);
	wr_json_reader_destroy(ingest->reader);
	wr_lock_fini(&ingest->lock);
	free(ingest);
}
