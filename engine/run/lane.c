/* A lane's life and its loop. */
#include "config.h"

#include "run/lane_private.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HOUSEKEEPING_NS (200 * WR_NS_PER_MS)
#define LEAVE_MIN_MS 500
#define LEAVE_MAX_MS 5000

const struct wr_pipeline *wr_lane_pipeline(const struct wr_lane *lane)
{
	return lane->program->pipeline;
}

uint32_t wr_lane_number(const struct wr_lane *lane)
{
	return lane->o.number;
}

bool wr_lane_has_left(const struct wr_lane *lane)
{
	return lane->left;
}

uint32_t wr_lane_in_flight(const struct wr_lane *lane)
{
	return lane->in_flight;
}

#define COMPONENT_BYTES 256

void wr_lane_condition(struct wr_lane *lane, const char *what, bool ready, const char *reason)
{
	char component[COMPONENT_BYTES];

	snprintf(component, sizeof(component), "%s/%s", lane->component, what);
	wr_health_set(lane->o.health, component, ready, reason);
}

void wr_lane_clear_conditions(struct wr_lane *lane)
{
	static const char *const all[] = {"claims", "dlq",    "group",    "offsets",
					  "order",  "output", "producer", "transactions"};
	char component[COMPONENT_BYTES];

	for (size_t i = 0; i < WR_COUNT_OF(all); i++) {
		snprintf(component, sizeof(component), "%s/%s", lane->component, all[i]);
		wr_health_clear(lane->o.health, component);
	}
}

void wr_lane_pause(struct wr_lane *lane)
{
	struct pollfd fd = {.fd = lane->wake_fd, .events = POLLIN};

	poll(&fd, 1, 100);
}

/* True when something happened. */
static bool serve_source(struct wr_lane *lane)
{
	switch (lane->source->ops->poll(lane->source)) {
	case WR_SOURCE_NONE:
		return false;
	case WR_SOURCE_ASSIGNED:
		wr_lane_on_assigned(lane);
		return true;
	case WR_SOURCE_ASTRAY:
		if (lane->handover == WR_HANDOVER_NONE)
			wr_lane_begin_handover(lane, WR_HANDOVER_PLACING, 0);
		return true;
	case WR_SOURCE_LOST:
		lane->lost = true;
		WR_LOG(WR_LOG_WARN, "partitions lost: the group went on without this lane",
		       WR_STR("pipeline", lane->conf->name), WR_INT("lane", lane->o.number));
		break;
	case WR_SOURCE_REVOKING:
		break;
	}
	if (lane->handover < WR_HANDOVER_REVOKING)
		wr_lane_begin_handover(lane, WR_HANDOVER_REVOKING, 0);
	return true;
}

static void heed_stop(struct wr_lane *lane)
{
	int64_t deadline = atomic_load(&lane->stop_deadline_ns);

	if (deadline == 0)
		return;
	if (lane->handover != WR_HANDOVER_STOPPING)
		wr_lane_begin_handover(lane, WR_HANDOVER_STOPPING, deadline);
	else if (deadline < lane->handover_deadline_ns)
		lane->handover_deadline_ns = deadline; /* who asked again has less time */
}

static void watch_store(struct wr_lane *lane)
{
	const char *reason = NULL;
	bool up, blocks = lane->conf->idempotency.on_unavailable == WR_ON_UNAVAILABLE_BLOCK;

	if (lane->store == NULL)
		return;
	up = lane->store->ops->state(lane->store, &reason) == WR_CLAIM_STORE_UP;
	if (up == lane->store_was_up)
		return;
	lane->store_was_up = up;
	if (up && lane->placing.blind && lane->handover == WR_HANDOVER_NONE)
		wr_lane_begin_handover(lane, WR_HANDOVER_PLACING, 0);
	wr_metric_set(lane->metrics.store_up, up ? 1 : 0);
	wr_lane_condition(lane, "claims", up || !blocks, "the claim store is unavailable");
	if (up)
		WR_LOG(WR_LOG_INFO, "claim store answers", WR_STR("pipeline", lane->conf->name),
		       WR_INT("lane", lane->o.number));
	else
		WR_LOG(WR_LOG_WARN, "claim store unavailable", WR_STR("pipeline", lane->conf->name),
		       WR_INT("lane", lane->o.number), WR_STR("reason", reason),
		       WR_STR("policy", blocks ? "block" : "process"));
}

static void watch_sink(struct wr_lane *lane)
{
	size_t records, bytes;
	bool down;

	if (lane->sink == NULL)
		return;
	if (lane->sink->ops->state(lane->sink) == WR_SINK_BROKEN)
		lane->rewind = true;
	down = lane->sink->ops->state(lane->sink) == WR_SINK_DOWN;
	wr_lane_condition(lane, "producer", !down, "no broker answers the producer");
	lane->sink->ops->depth(lane->sink, &records, &bytes);
	wr_metric_set(lane->metrics.queue_records, (double)records);
	wr_metric_set(lane->metrics.queue_bytes, (double)bytes);
}

static void watch_source(struct wr_lane *lane)
{
	const char *trouble = lane->source->ops->trouble(lane->source);

	wr_lane_condition(lane, "offsets", trouble == NULL, trouble);
}

static void measure_lag(struct wr_lane *lane)
{
	struct wr_partition *const *partitions;
	size_t count = lane->source->ops->partitions(lane->source, &partitions);

	for (size_t i = 0; i < count; i++) {
		struct wr_lane_partition *ours = partitions[i]->user;
		int64_t lag;

		/* Where the group stands is known from the first record on. */
		if (ours == NULL || ours->next < 0)
			continue;
		lag = lane->source->ops->lag(lane->source, partitions[i], ours->next);
		if (lag >= 0)
			wr_metric_set(ours->lag, (double)lag);
	}
}

static void keep_house(struct wr_lane *lane)
{
	int64_t now = wr_lane_now(lane), oldest = now;

	if (now < lane->next_housekeeping_ns)
		return;
	lane->next_housekeeping_ns = now + HOUSEKEEPING_NS;
	lane->sink_full = false; /* whatever refused the last write gets another chance */
	if (lane->in_flight > 0)
		oldest = wr_lane_batch(lane, 0)->opened_mono_ns;
	wr_metric_set(lane->metrics.oldest, (double)(now - oldest) / (double)WR_NS_PER_S);
	wr_metric_set(lane->metrics.window, lane->in_flight);
	wr_metric_set(lane->metrics.parked, (double)lane->parked.count);
	watch_sink(lane);
	watch_source(lane);
	wr_lane_measure_memory(lane);
	measure_lag(lane);
	wr_lane_measure_stages(lane);
	wr_lane_publish(lane, (double)(now - oldest) / (double)WR_NS_PER_S);
	wr_lane_measure_guards(lane);
	wr_lane_measure_parked(lane);
}

bool wr_lane_step(struct wr_lane *lane)
{
	bool moved;

	WR_CHECK(lane, WR_LANE_MAGIC);
	heed_stop(lane);
	moved = wr_lane_change_program(lane);
	moved = serve_source(lane) || moved;
	if (lane->sink != NULL)
		moved = lane->sink->ops->poll(lane->sink, 0) > 0 || moved;
	if (lane->store != NULL)
		lane->store->ops->poll(lane->store, wr_lane_now(lane));
	watch_store(lane);
	if (lane->orphans != NULL)
		wr_lane_reap_orphans(lane);
	wr_deaths_reap(&lane->deaths);
	moved = wr_lane_rewind(lane) || moved;
	moved = wr_lane_place_due(lane) || moved;
	moved = wr_lane_finish_claims(lane) || moved;
	moved = wr_lane_run_due(lane) || moved;
	moved = wr_lane_rewrite_due(lane) || moved;
	moved = wr_lane_write_ready(lane) || moved;
	moved = wr_lane_retire_ready(lane) || moved;
	moved = wr_lane_txn_step(lane) || moved;
	moved = wr_lane_handover(lane) || moved;
	wr_lane_commit_due(lane);
	wr_lane_put_marks(lane, false);
	moved = wr_lane_take(lane) || moved;
	moved = wr_lane_write_gathered(lane) || moved;
	keep_house(lane);
	return moved;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When a transaction is to be closed, or its failure to be dealt with. */
static int64_t transaction_due_ns(const struct wr_lane *lane)
{
	if (lane->rewind) {
		if (lane->sink == NULL || lane->sink->ops->state(lane->sink) == WR_SINK_BROKEN)
			return lane->rebuild_mono_ns;
		return lane->txn.state == WR_TXN_NONE ? lane->txn.resume_ns : INT64_MAX;
	}
	if (lane->txn.state != WR_TXN_OPEN)
		return INT64_MAX;
	return lane->txn.begun_ns + lane->conf->transaction.interval_ms * WR_NS_PER_MS;
}

int64_t wr_lane_deadline_ns(const struct wr_lane *lane)
{
	int64_t at = lane->next_housekeeping_ns, now = wr_lane_now(lane);

	if (!wr_lane_holds(lane))
		at = earlier(at, wr_retry_queue_due_ns(&lane->parked));
	at = earlier(at, lane->held_until_ns);
	if (lane->uncommitted && lane->next_commit_ns > now)
		at = earlier(at, lane->next_commit_ns);
	if (lane->marks_due && !lane->placing.blind && lane->next_marks_ns > now)
		at = earlier(at, lane->next_marks_ns);
	if (lane->placing.under_way && lane->placing.retry_ns > now)
		at = earlier(at, lane->placing.retry_ns);
	if (lane->txn.used)
		at = earlier(at, transaction_due_ns(lane));
	if (lane->rewind)
		return lane->txn.used ? at : earlier(at, lane->rebuild_mono_ns);
	if (lane->rewrites != NULL && !lane->sink_full)
		at = earlier(at, lane->rewrite_mono_ns);
	at = earlier(at, wr_lane_gathered_due_ns(lane));
	/* With a smaller window than before it may have no place there yet; then a retiring batch makes one. */
	if (lane->open != NULL && lane->open->count > 0 && wr_lane_has_window_room(lane))
		at = earlier(at, lane->open->opened_mono_ns +
				     lane->conf->batch.linger_ms * WR_NS_PER_MS);
	return at;
}

/* Sleeps until an adapter wakes the lane or something is due. The queues of librdkafka write to wake_fd when they
 * turn from empty to not empty; it is read before they are looked at, so no wake is missed. */
static void wait_for_work(struct wr_lane *lane)
{
	struct pollfd fds[2] = {{.fd = lane->wake_fd, .events = POLLIN}, {.fd = -1}};
	int64_t deadline = INT64_MAX, left;
	struct timespec timeout;
	uint64_t wakes;

	if (lane->store != NULL)
		fds[1].fd = lane->store->ops->wait_on(lane->store, &fds[1].events, &deadline);
	left = earlier(wr_lane_deadline_ns(lane), deadline) - wr_lane_now(lane);
	if (left < 0)
		left = 0;
	timeout = (struct timespec){left / WR_NS_PER_S, (long)(left % WR_NS_PER_S)};
	if (ppoll(fds, 2, &timeout, NULL) > 0 && (fds[0].revents & POLLIN) != 0 &&
	    read(lane->wake_fd, &wakes, sizeof(wakes)) < 0 && errno != EAGAIN)
		WR_LOG(WR_LOG_ERROR, "reading the wake descriptor",
		       WR_STR("reason", strerror(errno)));
}

/* Records are given back through the source, so whatever the sink still borrows must come back first. */
void wr_lane_close_adapters(struct wr_lane *lane, int leave_ms)
{
	if (lane->source != NULL) {
		wr_lane_drop_window(lane);
		wr_lane_forget_partitions(lane);
	}
	if (lane->sink != NULL)
		lane->sink->ops->destroy(lane->sink);
	lane->sink = NULL;
	wr_lane_reap_orphans(lane);
	WR_ASSERT(lane->orphans == NULL);
	if (lane->source != NULL)
		lane->source->ops->destroy(lane->source, leave_ms);
	lane->source = NULL;
	wr_deaths_fini(&lane->deaths, lane->store);
	if (lane->store != NULL)
		lane->store->ops->destroy(lane->store);
	lane->store = NULL;
}

static int time_to_leave_ms(const struct wr_lane *lane)
{
	int64_t left_ms = (lane->handover_deadline_ns - wr_lane_now(lane)) / WR_NS_PER_MS;

	if (left_ms < LEAVE_MIN_MS)
		return LEAVE_MIN_MS;
	return left_ms < LEAVE_MAX_MS ? (int)left_ms : LEAVE_MAX_MS;
}

static void *run(void *arg)
{
	struct wr_lane *lane = arg;
	char name[16]; /* what the kernel keeps of a thread's name */

	snprintf(name, sizeof(name), "%.4s/%.10s", lane->label, lane->conf->name);
	pthread_setname_np(pthread_self(), name);
	while (!lane->left) {
		if (!wr_lane_step(lane))
			wait_for_work(lane);
	}
	wr_lane_close_adapters(lane, time_to_leave_ms(lane));
	atomic_store(&lane->done_clean, lane->clean);
	atomic_store(&lane->finished, true);
	if (lane->o.changed != NULL)
		lane->o.changed(lane->o.changed_arg);
	return NULL;
}

enum wr_code wr_lane_start(struct wr_lane *lane, struct wr_err *err)
{
	int error;

	wr_lane_condition(lane, "group", false, "the lane has not joined its consumer group yet");
	error = pthread_create(&lane->thread, NULL, run, lane);
	if (error != 0)
		return wr_err_set(err, WR_ENOMEM, "a lane's thread: %s", strerror(error));
	lane->started = true;
	return WR_OK;
}

void wr_lane_wake(struct wr_lane *lane)
{
	static const uint64_t one = 1;

	if (write(lane->wake_fd, &one, sizeof(one)) < 0)
		WR_LOG(WR_LOG_ERROR, "waking a lane", WR_STR("reason", strerror(errno)));
}

void wr_lane_stop(struct wr_lane *lane, int64_t deadline_mono_ns)
{
	int64_t before = atomic_load(&lane->stop_deadline_ns);

	while ((before == 0 || deadline_mono_ns < before) &&
	       !atomic_compare_exchange_weak(&lane->stop_deadline_ns, &before, deadline_mono_ns))
		;
	wr_lane_wake(lane);
}

bool wr_lane_is_finished(const struct wr_lane *lane)
{
	return !lane->started || atomic_load(&lane->finished);
}

bool wr_lane_join(struct wr_lane *lane)
{
	if (!lane->started)
		return true;
	pthread_join(lane->thread, NULL);
	lane->started = false;
	return atomic_load(&lane->done_clean);
}
