#include "config.h"

#include "kafka/transactor.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRANSACTOR_MAGIC 0x57525458u
#define INIT_MS 5000
#define SEND_MS 10000 /* librdkafka bounds it by the transaction's time-out */
#define AGAIN_MS 50
#define ABORT_TRIES 20

enum step { STEP_NONE, STEP_INIT, STEP_COMMIT, STEP_ABORT };

struct wr_transactor {
	uint32_t magic;
	rd_kafka_t *rk;
	int wake_fd;
	struct wr_transactor_owner owner;
	pthread_t thread;
	struct wr_lock lock;
	pthread_cond_t changed;
	enum step step;                            /* under way, or about to be [lock] */
	enum wr_code status;                       /* of the last step [lock] */
	bool closing;                              /* [lock] */
	bool ended;                                /* the thread makes no more calls [lock] */
	bool orphaned;                             /* whoever ends frees [lock] */
	rd_kafka_topic_partition_list_t *offsets;  /* of a commit: the step's */
	rd_kafka_consumer_group_metadata_t *group; /* the same; NULL: not a member */
};

static bool is_closing(struct wr_transactor *t)
{
	bool closing;

	wr_lock_take(&t->lock);
	closing = t->closing;
	wr_lock_release(&t->lock);
	return closing;
}

static int64_t after_ms(int timeout_ms)
{
	return wr_clock_mono_ns(&wr_clock_real) + timeout_ms * WR_NS_PER_MS;
}

/* A moment before the next try. False: there is none. */
static bool again(struct wr_transactor *t)
{
	int64_t until = after_ms(AGAIN_MS);
	bool closing;

	wr_lock_take(&t->lock);
	while (!t->closing && !wr_lock_wait_until(&t->lock, &t->changed, until))
		;
	closing = t->closing;
	wr_lock_release(&t->lock);
	return !closing;
}

static void log_error(struct wr_transactor *t, const char *call, const rd_kafka_error_t *error)
{
	WR_LOG(WR_LOG_WARN, "a transaction does not go on", WR_STR("client", rd_kafka_name(t->rk)),
	       WR_STR("call", call), WR_STR("reason", rd_kafka_error_string(error)));
}

/* Takes the error. Whether the call is worth another try. */
static bool is_retriable(struct wr_transactor *t, const char *call, rd_kafka_error_t *error)
{
	bool retriable = rd_kafka_error_is_retriable(error) != 0;

	log_error(t, call, error);
	rd_kafka_error_destroy(error);
	return retriable && again(t);
}

static enum wr_code init(struct wr_transactor *t)
{
	rd_kafka_error_t *error;

	do {
		error = rd_kafka_init_transactions(t->rk, INIT_MS);
		if (error == NULL)
			return WR_OK;
	} while (is_retriable(t, "init_transactions", error));
	return WR_EUNKNOWN;
}

/* As long as the end of the transaction was not asked for, it can be aborted. */
static enum wr_code send_offsets(struct wr_transactor *t)
{
	rd_kafka_error_t *error;
	bool fatal;

	if (t->group == NULL)
		return WR_EREFUSED;
	do {
		error = rd_kafka_send_offsets_to_transaction(t->rk, t->offsets, t->group, SEND_MS);
		if (error == NULL)
			return WR_OK;
		fatal = rd_kafka_error_is_fatal(error) != 0;
	} while (is_retriable(t, "send_offsets_to_transaction", error));
	return fatal ? WR_EUNKNOWN : WR_EREFUSED;
}

/* Without an answer from the broker it may have been committed, whatever librdkafka makes of it. */
static bool is_answer(rd_kafka_resp_err_t error)
{
	return error > RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__INCONSISTENT ||
	       error == RD_KAFKA_RESP_ERR__FENCED;
}

static enum wr_code end_transaction(struct wr_transactor *t)
{
	rd_kafka_error_t *error;
	bool refused;

	do {
		error = rd_kafka_commit_transaction(t->rk, -1);
		if (error == NULL)
			return WR_OK;
		refused = rd_kafka_error_txn_requires_abort(error) != 0 &&
			  is_answer(rd_kafka_error_code(error));
	} while (is_retriable(t, "commit_transaction", error));
	return refused ? WR_EREFUSED : WR_EUNKNOWN;
}

static void forget_offsets(struct wr_transactor *t)
{
	if (t->offsets != NULL)
		rd_kafka_topic_partition_list_destroy(t->offsets);
	if (t->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(t->group);
	t->offsets = NULL;
	t->group = NULL;
}

static enum wr_code commit(struct wr_transactor *t)
{
	enum wr_code code = t->offsets->cnt > 0 ? send_offsets(t) : WR_OK;

	if (code == WR_OK && is_closing(t))
		code = WR_EUNKNOWN;
	if (code == WR_OK)
		code = end_transaction(t);
	forget_offsets(t);
	return code;
}

/* librdkafka says of an abort that the broker refused that the transaction must be aborted. */
static enum wr_code abort_transaction(struct wr_transactor *t)
{
	for (int i = 0; i < ABORT_TRIES; i++) {
		rd_kafka_error_t *error = rd_kafka_abort_transaction(t->rk, -1);
		bool worth;

		if (error == NULL)
			return WR_OK;
		worth = rd_kafka_error_is_retriable(error) != 0 ||
			rd_kafka_error_txn_requires_abort(error) != 0;
		log_error(t, "abort_transaction", error);
		rd_kafka_error_destroy(error);
		if (!worth || !again(t))
			break;
	}
	return WR_EUNKNOWN;
}

static enum wr_code perform(struct wr_transactor *t, enum step step)
{
	switch (step) {
	case STEP_INIT:
		return init(t);
	case STEP_COMMIT:
		return commit(t);
	case STEP_ABORT:
		return abort_transaction(t);
	case STEP_NONE:
		break;
	}
	WR_ASSERT(step != STEP_NONE);
	return WR_EUNKNOWN;
}

static void wake(const struct wr_transactor *t)
{
	static const uint64_t one = 1;

	if (t->wake_fd >= 0 && write(t->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		WR_LOG(WR_LOG_ERROR, "waking a lane", WR_STR("reason", strerror(errno)));
}

static void do_step_locked(struct wr_transactor *t)
{
	enum step step = t->step;
	enum wr_code code;

	wr_lock_release(&t->lock);
	code = perform(t, step);
	if (code == WR_EUNKNOWN && !is_closing(t))
		t->owner.broken(t->owner.arg);
	wr_lock_take(&t->lock);
	t->step = STEP_NONE;
	t->status = code;
	if (!t->closing)
		wake(t);
}

static void finish(struct wr_transactor *t)
{
	forget_offsets(t); /* of a commit that was not begun any more */
	t->owner.release(t->owner.arg);
	pthread_cond_destroy(&t->changed);
	wr_lock_fini(&t->lock);
	t->magic = 0;
	free(t);
}

static void *run(void *arg)
{
	struct wr_transactor *t = arg;
	bool orphaned;

	pthread_setname_np(pthread_self(), "kafka-txn");
	wr_lock_take(&t->lock);
	while (!t->closing) {
		if (t->step == STEP_NONE)
			wr_lock_wait(&t->lock, &t->changed);
		else
			do_step_locked(t);
	}
	t->ended = true;
	orphaned = t->orphaned;
	pthread_cond_signal(&t->changed);
	wr_lock_release(&t->lock);
	if (orphaned)
		finish(t);
	return NULL;
}

enum wr_code wr_transactor_create(rd_kafka_t *rk, int wake_fd,
				  const struct wr_transactor_owner *owner,
				  struct wr_transactor **transactor_r, struct wr_err *err)
{
	struct wr_transactor *t = calloc(1, sizeof(*t));

	*transactor_r = NULL;
	if (t == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a producer");
	t->magic = TRANSACTOR_MAGIC;
	t->rk = rk;
	t->wake_fd = wake_fd;
	t->owner = *owner;
	t->step = STEP_INIT;
	wr_lock_init(&t->lock);
	wr_lock_init_condition(&t->changed);
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		pthread_cond_destroy(&t->changed);
		wr_lock_fini(&t->lock);
		free(t);
		return wr_err_set(err, WR_ENOMEM, "no thread for a producer");
	}
	*transactor_r = t;
	return WR_OK;
}

enum wr_code wr_transactor_status(struct wr_transactor *t)
{
	enum wr_code code;

	WR_CHECK(t, TRANSACTOR_MAGIC);
	wr_lock_take(&t->lock);
	code = t->step != STEP_NONE ? WR_EFULL : t->status;
	wr_lock_release(&t->lock);
	return code;
}

static void begin_step(struct wr_transactor *t, enum step step)
{
	wr_lock_take(&t->lock);
	WR_ASSERT(t->step == STEP_NONE);
	t->step = step;
	pthread_cond_signal(&t->changed);
	wr_lock_release(&t->lock);
}

void wr_transactor_commit(struct wr_transactor *t, rd_kafka_topic_partition_list_t *offsets,
			  rd_kafka_consumer_group_metadata_t *group)
{
	WR_CHECK(t, TRANSACTOR_MAGIC);
	t->offsets = offsets;
	t->group = group;
	begin_step(t, STEP_COMMIT);
}

void wr_transactor_abort(struct wr_transactor *t)
{
	WR_CHECK(t, TRANSACTOR_MAGIC);
	begin_step(t, STEP_ABORT);
}

void wr_transactor_destroy(struct wr_transactor *t, int timeout_ms)
{
	int64_t until = after_ms(timeout_ms);
	pthread_t thread;
	bool ended;

	WR_CHECK(t, TRANSACTOR_MAGIC);
	wr_lock_take(&t->lock);
	t->closing = true;
	pthread_cond_signal(&t->changed);
	while (!t->ended && !wr_lock_wait_until(&t->lock, &t->changed, until))
		;
	ended = t->ended;
	t->orphaned = !ended;
	thread = t->thread;
	wr_lock_release(&t->lock);
	if (!ended) {
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	finish(t);
}
