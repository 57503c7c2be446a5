#include "config.h"

#include "base/check.h"
#include "cli/sender.h"
#include "cli/stop.h"
#include "kafka/client.h"
#include "kafka/delivery.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 100

struct kafka_sender {
	struct wr_sender base;
	rd_kafka_t *rk;
	rd_kafka_topic_t *rkt;
	bool broken; /* the producer is beyond help */
};

static struct kafka_sender *self_of(struct wr_sender *sender)
{
	return WR_CONTAINER_OF(sender, struct kafka_sender, base);
}

/* Nobody knows whether Kafka has it, so it is sent once more: it may then be there twice, under its id. */
static void send_again(struct kafka_sender *self, const rd_kafka_message_t *message)
{
	if (rd_kafka_produce(self->rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
			     message->payload, message->len, message->key, message->key_len,
			     message->_private) != 0)
		wr_progress_fail(self->base.progress, (uintptr_t)message->_private,
				 "Kafka's answer was lost: it may be there or not");
}

static void delivered(void *user, const rd_kafka_message_t *message)
{
	struct kafka_sender *self = user;

	if (wr_delivery_is_guessed(message))
		send_again(self, message);
	else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		self->base.progress->acked++;
	else
		wr_progress_fail(self->base.progress, (uintptr_t)message->_private,
				 rd_kafka_err2str(message->err));
}

static void note(void *user, const char *text)
{
	struct kafka_sender *self = user;

	wr_progress_note(self->base.progress, text);
}

static bool kafka_send(struct wr_sender *sender, unsigned long long line_number,
		       struct wr_bytes line, struct wr_bytes key)
{
	struct kafka_sender *self = self_of(sender);
	rd_kafka_resp_err_t error;

	for (;;) {
		if (rd_kafka_produce(self->rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
				     (void *)(uintptr_t)line.data, line.size, key.data, key.size,
				     (void *)(uintptr_t)line_number) == 0)
			break;
		error = rd_kafka_last_error();
		if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || wr_stop_asked()) {
			self->broken = error == RD_KAFKA_RESP_ERR__FATAL;
			wr_progress_fail(sender->progress, line_number, rd_kafka_err2str(error));
			return !self->broken;
		}
		rd_kafka_poll(self->rk, POLL_MS);
		wr_progress_show(sender->progress);
	}
	rd_kafka_poll(self->rk, 0);
	return true;
}

static bool kafka_idle(struct wr_sender *sender, int timeout_ms)
{
	rd_kafka_poll(self_of(sender)->rk, timeout_ms);
	return true;
}

static void kafka_finish(struct wr_sender *sender)
{
	struct kafka_sender *self = self_of(sender);

	/* It ends: each message is acked, or fails at its time-out at the latest. */
	while (rd_kafka_outq_len(self->rk) > 0) {
		rd_kafka_flush(self->rk, POLL_MS);
		wr_progress_show(sender->progress);
	}
}

static void kafka_destroy(struct wr_sender *sender)
{
	struct kafka_sender *self = self_of(sender);

	if (self->rkt != NULL)
		rd_kafka_topic_destroy(self->rkt);
	if (self->rk != NULL)
		rd_kafka_destroy(self->rk);
	free(self);
}

int wr_sender_kafka_create(struct wr_kafka_args *kafka, const struct wr_command *command,
			   const char *topic, long long timeout_ms, struct wr_progress *progress,
			   struct wr_sender **sender_r)
{
	static const struct wr_sender_ops ops = {kafka_send, kafka_idle, kafka_finish,
						 kafka_destroy};
	/* As the engine writes, so that keys land in the same partitions. */
	static const struct wr_kafka_setting defaults[] = {
	    {"partitioner", "murmur2_random"}, {"linger.ms", "5"}, {NULL, NULL}};
	char timeout[24];
	const struct wr_kafka_setting settings[] = {{"acks", "all"},
						    {"enable.idempotence", "true"},
						    {"message.timeout.ms", timeout},
						    {NULL, NULL}};
	struct kafka_sender *self;
	int exit_status;

	*sender_r = NULL;
	snprintf(timeout, sizeof(timeout), "%lld", timeout_ms);
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return wr_args_wrong(command, "out of memory");
	self->base = (struct wr_sender){&ops, progress};
	kafka->delivered = delivered;
	kafka->note = note;
	kafka->user = self;
	exit_status =
	    wr_kafka_args_client(kafka, command, RD_KAFKA_PRODUCER, defaults, settings, &self->rk);
	if (exit_status == WR_EXIT_OK) {
		self->rkt = rd_kafka_topic_new(self->rk, topic, NULL);
		if (self->rkt == NULL)
			exit_status =
			    wr_args_wrong(command, "%s: not a topic name that Kafka takes", topic);
	}
	if (exit_status == WR_EXIT_OK)
		*sender_r = &self->base;
	else
		kafka_destroy(&self->base);
	return exit_status;
}
