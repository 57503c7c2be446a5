/*
 * A sink that keeps what is written and completes it when the test says so.
 */
#ifndef WR_TESTS_HTTP_FAKE_SINK_H
#define WR_TESTS_HTTP_FAKE_SINK_H

#include "port/sink.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct fake_record {
	char *key;
	size_t key_size;
	char *value;
	size_t value_size;
	char *headers; /* "name=value;" each */
	void *token;
	bool is_due, is_done;
	enum wr_code code;
};

/* Outlives the sinks that are opened on it; one at a time. */
struct fake_kafka {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct fake_record *records;
	size_t count, capacity;
	bool acks_at_once;       /* what is written from now on */
	enum wr_code at_once;    /* with this code */
	enum wr_code write_code; /* what write() returns; WR_OK takes the record */
	size_t room;             /* records taken before write() returns WR_EFULL */
	enum wr_sink_state state;
	enum wr_code open_code;
	int opened;
	wr_sink_done_fn done;
	void *done_arg;
	struct wr_sink sink;
};

void fake_kafka_init(struct fake_kafka *kafka);
void fake_kafka_fini(struct fake_kafka *kafka);

/* A wr_http_open_sink_fn; `arg` is the struct fake_kafka. */
enum wr_code fake_kafka_open(void *arg, wr_sink_done_fn done, void *done_arg,
			     struct wr_sink **sink_r, struct wr_sink_topic **topic_r,
			     struct wr_err *err);

/* Waits (seconds, real ones) until so many were written in all; false when it took too long. */
bool fake_kafka_wait(struct fake_kafka *kafka, size_t count);

/* Completes one, or all that are not, from the next poll. */
void fake_kafka_complete(struct fake_kafka *kafka, size_t index, enum wr_code code);
void fake_kafka_complete_all(struct fake_kafka *kafka, enum wr_code code);

/* What write() does from now on. */
void fake_kafka_refuse(struct fake_kafka *kafka, enum wr_code code);
void fake_kafka_set_room(struct fake_kafka *kafka, size_t room);
void fake_kafka_ack_at_once(struct fake_kafka *kafka, enum wr_code code);
void fake_kafka_set_state(struct fake_kafka *kafka, enum wr_sink_state state);

size_t fake_kafka_count(struct fake_kafka *kafka);
int fake_kafka_opened(struct fake_kafka *kafka);

#endif
