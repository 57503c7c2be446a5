#include "config.h"

#include "kafka/consumer_end.h"

#include <pthread.h>
#include <stdlib.h>

#define SERVE_MS 100

struct consumer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct wr_enquiry *enquiry;
};

static bool is_over(const struct consumer *c)
{
	return (c->queue == NULL || rd_kafka_consumer_closed(c->rk) != 0) &&
	       (c->enquiry == NULL || wr_enquiry_is_idle(c->enquiry));
}

static void free_consumer(struct consumer *c)
{
	wr_enquiry_destroy(c->enquiry);
	if (c->queue != NULL)
		rd_kafka_queue_destroy(c->queue);
	if (c->rk != NULL)
		rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void wait(struct consumer *c)
{
	rd_kafka_event_t *event;

	while (c->queue != NULL && rd_kafka_consumer_closed(c->rk) == 0) {
		event = rd_kafka_queue_poll(c->queue, SERVE_MS);
		/* The consumer waits for the answer to each change of its assignment. */
		if (event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
			rd_kafka_assign(c->rk, NULL);
		if (event != NULL)
			rd_kafka_event_destroy(event);
	}
}

static void *run(void *arg)
{
	struct consumer *c = arg;

	pthread_setname_np(pthread_self(), "kafka-end");
	wait(c);
	free_consumer(c);
	free(c);
	return NULL;
}

static bool leave_to_a_thread(const struct consumer *c)
{
	struct consumer *copy = malloc(sizeof(*copy));
	pthread_t thread;

	if (copy == NULL)
		return false;
	*copy = *c;
	if (pthread_create(&thread, NULL, run, copy) != 0) {
		free(copy);
		return false;
	}
	pthread_detach(thread);
	return true;
}

void wr_consumer_end(rd_kafka_t *rk, rd_kafka_queue_t *queue, struct wr_enquiry *enquiry)
{
	struct consumer c = {rk, queue, enquiry};

	if (queue != NULL)
		rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
	if (enquiry != NULL)
		wr_enquiry_cancel(enquiry);
	if (is_over(&c)) {
		free_consumer(&c);
		return;
	}
	if (leave_to_a_thread(&c))
		return;
	wait(&c);
	free_consumer(&c);
}
