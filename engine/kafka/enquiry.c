#include "config.h"

#include "kafka/enquiry.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_MS 100

/* ListOffsets takes these for timestamps: Kafka's LATEST and EARLIEST. */
#define AT_END (-1)
#define AT_BEGINNING (-2)

struct wr_enquiry {
	rd_kafka_t *rk;
	struct wr_topic_filter filter;
	int wake_fd;
	pthread_t thread;
	struct wr_lock lock;
	pthread_cond_t changed;
	bool closing;                              /* [lock] */
	bool calling;                              /* [lock] */
	rd_kafka_topic_partition_list_t *question; /* NULL: none [lock] */
	uint64_t number;                           /* of the question [lock] */
	bool answered;                             /* [lock] */
	struct wr_enquiry_answer answer;           /* while answered [lock] */
	rd_kafka_resp_err_t trouble;               /* [lock] */
};

void wr_enquiry_answer_fini(struct wr_enquiry_answer *answer)
{
	if (answer->committed != NULL)
		rd_kafka_topic_partition_list_destroy(answer->committed);
	if (answer->low != NULL)
		rd_kafka_topic_partition_list_destroy(answer->low);
	if (answer->high != NULL)
		rd_kafka_topic_partition_list_destroy(answer->high);
	wr_topic_list_fini(&answer->topics);
	*answer = (struct wr_enquiry_answer){.committed = NULL};
}

static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return list->elems[i].err;
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Offsets of a transaction that is not decided yet are an error of their partition. */
static rd_kafka_resp_err_t ask_committed(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t error = rd_kafka_committed(rk, list, WR_ENQUIRY_CALL_MS);

	return error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : first_error(list);
}

static rd_kafka_resp_err_t ask_edge(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list,
				    int64_t edge)
{
	rd_kafka_resp_err_t error;

	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = edge;
	error = rd_kafka_offsets_for_times(rk, list, WR_ENQUIRY_CALL_MS);
	return error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : first_error(list);
}

bool wr_enquiry_edges_fit(const rd_kafka_topic_partition_list_t *low,
			  const rd_kafka_topic_partition_list_t *high)
{
	for (int i = 0; i < low->cnt; i++) {
		if (low->elems[i].offset < 0 || low->elems[i].offset > high->elems[i].offset)
			return false;
	}
	return true;
}

static bool is_current(struct wr_enquiry *e, uint64_t number)
{
	bool current;

	wr_lock_take(&e->lock);
	current = e->question != NULL && e->number == number && !e->closing;
	wr_lock_release(&e->lock);
	return current;
}

/* What was committed is asked for first: bounds that are older than it would put it out of range. */
static rd_kafka_resp_err_t ask_all(struct wr_enquiry *e, uint64_t number,
				   struct wr_enquiry_answer *answer)
{
	rd_kafka_resp_err_t error = ask_committed(e->rk, answer->committed);

	if (error == RD_KAFKA_RESP_ERR_NO_ERROR && is_current(e, number))
		error = ask_edge(e->rk, answer->low, AT_BEGINNING);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR && is_current(e, number))
		error = ask_edge(e->rk, answer->high, AT_END);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR && is_current(e, number) &&
	    !wr_enquiry_edges_fit(answer->low, answer->high))
		error = RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR && is_current(e, number))
		error = wr_topic_list_ask(&e->filter, e->rk, WR_ENQUIRY_CALL_MS, &answer->topics);
	return error;
}

static void wake(const struct wr_enquiry *e)
{
	static const uint64_t one = 1;

	if (write(e->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		WR_LOG(WR_LOG_ERROR, "waking a lane", WR_STR("reason", strerror(errno)));
}

/* Takes the answer, unless the question has changed meanwhile. */
static void settle_locked(struct wr_enquiry *e, uint64_t number, rd_kafka_resp_err_t error,
			  struct wr_enquiry_answer *answer)
{
	wr_lock_assert_held(&e->lock);
	if (e->question == NULL || e->number != number || e->closing)
		return;
	e->trouble = error;
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	rd_kafka_topic_partition_list_destroy(e->question);
	e->question = NULL;
	e->answer = *answer;
	e->answered = true;
	*answer = (struct wr_enquiry_answer){.committed = NULL};
}

/* A moment before the next try; a new question ends it. */
static void pause_locked(struct wr_enquiry *e, uint64_t number)
{
	int64_t until = wr_clock_mono_ns(&wr_clock_real) + AGAIN_MS * WR_NS_PER_MS;

	while (e->question != NULL && e->number == number && !e->closing) {
		if (wr_lock_wait_until(&e->lock, &e->changed, until))
			return;
	}
}

static void try_locked(struct wr_enquiry *e)
{
	uint64_t number = e->number;
	struct wr_enquiry_answer answer = {
	    .committed = rd_kafka_topic_partition_list_copy(e->question),
	    .low = rd_kafka_topic_partition_list_copy(e->question),
	    .high = rd_kafka_topic_partition_list_copy(e->question),
	};
	rd_kafka_resp_err_t error;

	e->calling = true;
	wr_lock_release(&e->lock);
	error = ask_all(e, number, &answer);
	wr_lock_take(&e->lock);
	e->calling = false;
	settle_locked(e, number, error, &answer);
	wr_enquiry_answer_fini(&answer);
	if (e->answered)
		wake(e);
	else
		pause_locked(e, number);
}

static void *run(void *arg)
{
	struct wr_enquiry *e = arg;

	pthread_setname_np(pthread_self(), "kafka-enquiry");
	wr_lock_take(&e->lock);
	while (!e->closing) {
		if (e->question == NULL)
			wr_lock_wait(&e->lock, &e->changed);
		else
			try_locked(e);
	}
	wr_lock_release(&e->lock);
	return NULL;
}

static void forget_locked(struct wr_enquiry *e)
{
	wr_lock_assert_held(&e->lock);
	if (e->question != NULL)
		rd_kafka_topic_partition_list_destroy(e->question);
	e->question = NULL;
	wr_enquiry_answer_fini(&e->answer);
	e->answered = false;
	e->number++;
	e->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
}

void wr_enquiry_ask(struct wr_enquiry *e, const rd_kafka_topic_partition_list_t *partitions)
{
	WR_ASSERT(partitions->cnt > 0);
	wr_lock_take(&e->lock);
	forget_locked(e);
	e->question = rd_kafka_topic_partition_list_copy(partitions);
	pthread_cond_signal(&e->changed);
	wr_lock_release(&e->lock);
}

void wr_enquiry_cancel(struct wr_enquiry *e)
{
	wr_lock_take(&e->lock);
	forget_locked(e);
	pthread_cond_signal(&e->changed);
	wr_lock_release(&e->lock);
}

bool wr_enquiry_answered(struct wr_enquiry *e, struct wr_enquiry_answer *answer_r)
{
	bool answered;

	*answer_r = (struct wr_enquiry_answer){.committed = NULL};
	wr_lock_take(&e->lock);
	answered = e->answered;
	if (answered) {
		*answer_r = e->answer;
		e->answer = (struct wr_enquiry_answer){.committed = NULL};
		e->answered = false;
	}
	wr_lock_release(&e->lock);
	return answered;
}

rd_kafka_resp_err_t wr_enquiry_trouble(struct wr_enquiry *e)
{
	rd_kafka_resp_err_t trouble;

	wr_lock_take(&e->lock);
	trouble = e->trouble;
	wr_lock_release(&e->lock);
	return trouble;
}

bool wr_enquiry_is_idle(struct wr_enquiry *e)
{
	bool idle;

	wr_lock_take(&e->lock);
	idle = !e->calling;
	wr_lock_release(&e->lock);
	return idle;
}

enum wr_code wr_enquiry_create(rd_kafka_t *rk, struct wr_topic_filter *filter_p, int wake_fd,
			       struct wr_enquiry **enquiry_r, struct wr_err *err)
{
	struct wr_enquiry *e = calloc(1, sizeof(*e));

	*enquiry_r = NULL;
	if (e == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a consumer");
	e->rk = rk;
	e->filter = *filter_p;
	*filter_p = (struct wr_topic_filter){.names = NULL};
	e->wake_fd = wake_fd;
	wr_lock_init(&e->lock);
	wr_lock_init_condition(&e->changed);
	if (pthread_create(&e->thread, NULL, run, e) != 0) {
		pthread_cond_destroy(&e->changed);
		wr_lock_fini(&e->lock);
		wr_topic_filter_fini(&e->filter);
		free(e);
		return wr_err_set(err, WR_ENOMEM, "no thread for a consumer");
	}
	*enquiry_r = e;
	return WR_OK;
}

void wr_enquiry_destroy(struct wr_enquiry *e)
{
	if (e == NULL)
		return;
	wr_lock_take(&e->lock);
	forget_locked(e);
	e->closing = true;
	pthread_cond_signal(&e->changed);
	wr_lock_release(&e->lock);
	pthread_join(e->thread, NULL);
	pthread_cond_destroy(&e->changed);
	wr_lock_fini(&e->lock);
	wr_topic_filter_fini(&e->filter);
	free(e);
}
