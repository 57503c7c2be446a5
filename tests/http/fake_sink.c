#include "config.h"

#include "tests/http/fake_sink.h"

#include "base/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_S 10

static struct fake_kafka *kafka_of(struct wr_sink *sink)
{
	return WR_CONTAINER_OF(sink, struct fake_kafka, sink);
}

void fake_kafka_init(struct fake_kafka *kafka)
{
	*kafka = (struct fake_kafka){.room = SIZE_MAX};
	pthread_mutex_init(&kafka->mutex, NULL);
	pthread_cond_init(&kafka->changed, NULL);
}

void fake_kafka_fini(struct fake_kafka *kafka)
{
	size_t i;

	for (i = 0; i < kafka->count; i++) {
		free(kafka->records[i].key);
		free(kafka->records[i].value);
		free(kafka->records[i].headers);
	}
	free(kafka->records);
	pthread_cond_destroy(&kafka->changed);
	pthread_mutex_destroy(&kafka->mutex);
}

static char *copy(const void *data, size_t size)
{
	char *text = malloc(size + 1);

	WR_ASSERT(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static char *copy_headers(const struct wr_sink_record *record)
{
	size_t size = 1, i;
	char *text, *at;

	for (i = 0; i < record->header_count; i++)
		size += strlen(record->headers[i].name) + record->headers[i].value.size + 2;
	text = malloc(size);
	WR_ASSERT(text != NULL);
	at = text;
	for (i = 0; i < record->header_count; i++) {
		at = stpcpy(at, record->headers[i].name);
		*at++ = '=';
		memcpy(at, record->headers[i].value.data, record->headers[i].value.size);
		at += record->headers[i].value.size;
		*at++ = ';';
	}
	*at = '\0';
	return text;
}

static enum wr_code write_record(struct wr_sink *sink, const struct wr_sink_record *record,
				 void *token, struct wr_err *err)
{
	struct fake_kafka *kafka = kafka_of(sink);
	enum wr_code code;

	(void)err;
	pthread_mutex_lock(&kafka->mutex);
	code = kafka->write_code;
	if (code == WR_OK && kafka->count >= kafka->room)
		code = WR_EFULL;
	if (code == WR_OK) {
		if (kafka->count == kafka->capacity) {
			kafka->capacity = kafka->capacity * 2 + 16;
			kafka->records =
			    realloc(kafka->records, kafka->capacity * sizeof(*kafka->records));
			WR_ASSERT(kafka->records != NULL);
		}
		kafka->records[kafka->count++] =
		    (struct fake_record){.key = copy(record->key.data, record->key.size),
					 .key_size = record->key.size,
					 .value = copy(record->value.data, record->value.size),
					 .value_size = record->value.size,
					 .headers = copy_headers(record),
					 .token = token,
					 .is_due = kafka->acks_at_once,
					 .code = kafka->at_once};
		pthread_cond_broadcast(&kafka->changed);
	}
	pthread_mutex_unlock(&kafka->mutex);
	return code;
}

/* The next that is due, marked done; NULL when there is none. */
static bool take_due(struct fake_kafka *kafka, void **token_r, enum wr_code *code_r)
{
	size_t i;

	for (i = 0; i < kafka->count; i++) {
		if (!kafka->records[i].is_due || kafka->records[i].is_done)
			continue;
		kafka->records[i].is_done = true;
		*token_r = kafka->records[i].token;
		*code_r = kafka->records[i].code;
		return true;
	}
	return false;
}

static struct timespec in_ms(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += (ms % 1000) * 1000000;
	at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

static int poll_sink(struct wr_sink *sink, int timeout_ms)
{
	struct fake_kafka *kafka = kafka_of(sink);
	struct timespec end = in_ms(timeout_ms);
	enum wr_code code;
	void *token;
	int completed = 0;

	pthread_mutex_lock(&kafka->mutex);
	for (;;) {
		while (take_due(kafka, &token, &code)) {
			pthread_mutex_unlock(&kafka->mutex);
			kafka->done(kafka->done_arg, token, code,
				    code == WR_OK ? NULL : "because of the test");
			completed++;
			pthread_mutex_lock(&kafka->mutex);
		}
		if (completed > 0 || kafka->state == WR_SINK_BROKEN ||
		    pthread_cond_timedwait(&kafka->changed, &kafka->mutex, &end) != 0)
			break;
	}
	pthread_mutex_unlock(&kafka->mutex);
	return completed;
}

static enum wr_sink_state state_of(struct wr_sink *sink)
{
	struct fake_kafka *kafka = kafka_of(sink);
	enum wr_sink_state state;

	pthread_mutex_lock(&kafka->mutex);
	state = kafka->state;
	pthread_mutex_unlock(&kafka->mutex);
	return state;
}

static void depth_of(struct wr_sink *sink, size_t *records_r, size_t *bytes_r)
{
	struct fake_kafka *kafka = kafka_of(sink);
	size_t i;

	*records_r = 0;
	*bytes_r = 0;
	pthread_mutex_lock(&kafka->mutex);
	for (i = 0; i < kafka->count; i++) {
		if (!kafka->records[i].is_done)
			(*records_r)++;
	}
	pthread_mutex_unlock(&kafka->mutex);
}

static void destroy(struct wr_sink *sink)
{
	struct fake_kafka *kafka = kafka_of(sink);

	fake_kafka_complete_all(kafka, WR_EUNKNOWN);
	poll_sink(sink, 0);
}

static const struct wr_sink_ops ops = {
    .write = write_record,
    .poll = poll_sink,
    .state = state_of,
    .depth = depth_of,
    .destroy = destroy,
};

enum wr_code fake_kafka_open(void *arg, wr_sink_done_fn done, void *done_arg,
			     struct wr_sink **sink_r, struct wr_sink_topic **topic_r,
			     struct wr_err *err)
{
	struct fake_kafka *kafka = arg;
	enum wr_code code;

	pthread_mutex_lock(&kafka->mutex);
	code = kafka->open_code;
	kafka->opened++;
	kafka->done = done;
	kafka->done_arg = done_arg;
	kafka->sink.ops = &ops;
	kafka->state = WR_SINK_UP;
	pthread_cond_broadcast(&kafka->changed);
	pthread_mutex_unlock(&kafka->mutex);
	*sink_r = code == WR_OK ? &kafka->sink : NULL;
	*topic_r = NULL;
	return code == WR_OK ? WR_OK : wr_err_set(err, code, "the test lets no sink open");
}

bool fake_kafka_wait(struct fake_kafka *kafka, size_t count)
{
	struct timespec end = in_ms(WAIT_S * 1000);
	bool is_there;

	pthread_mutex_lock(&kafka->mutex);
	while (kafka->count < count &&
	       pthread_cond_timedwait(&kafka->changed, &kafka->mutex, &end) == 0)
		;
	is_there = kafka->count >= count;
	pthread_mutex_unlock(&kafka->mutex);
	return is_there;
}

static void make_due(struct fake_kafka *kafka, size_t from, size_t to, enum wr_code code)
{
	size_t i;

	pthread_mutex_lock(&kafka->mutex);
	for (i = from; i < to && i < kafka->count; i++) {
		if (kafka->records[i].is_due)
			continue;
		kafka->records[i].is_due = true;
		kafka->records[i].code = code;
	}
	pthread_cond_broadcast(&kafka->changed);
	pthread_mutex_unlock(&kafka->mutex);
}

void fake_kafka_complete(struct fake_kafka *kafka, size_t index, enum wr_code code)
{
	make_due(kafka, index, index + 1, code);
}

void fake_kafka_complete_all(struct fake_kafka *kafka, enum wr_code code)
{
	make_due(kafka, 0, SIZE_MAX, code);
}

void fake_kafka_refuse(struct fake_kafka *kafka, enum wr_code code)
{
	pthread_mutex_lock(&kafka->mutex);
	kafka->write_code = code;
	pthread_mutex_unlock(&kafka->mutex);
}

void fake_kafka_set_room(struct fake_kafka *kafka, size_t room)
{
	pthread_mutex_lock(&kafka->mutex);
	kafka->room = room;
	pthread_mutex_unlock(&kafka->mutex);
}

void fake_kafka_ack_at_once(struct fake_kafka *kafka, enum wr_code code)
{
	pthread_mutex_lock(&kafka->mutex);
	kafka->acks_at_once = true;
	kafka->at_once = code;
	pthread_mutex_unlock(&kafka->mutex);
}

void fake_kafka_set_state(struct fake_kafka *kafka, enum wr_sink_state state)
{
	pthread_mutex_lock(&kafka->mutex);
	kafka->state = state;
	pthread_cond_broadcast(&kafka->changed);
	pthread_mutex_unlock(&kafka->mutex);
}

size_t fake_kafka_count(struct fake_kafka *kafka)
{
	size_t count;

	pthread_mutex_lock(&kafka->mutex);
	count = kafka->count;
	pthread_mutex_unlock(&kafka->mutex);
	return count;
}

int fake_kafka_opened(struct fake_kafka *kafka)
{
	int opened;

	pthread_mutex_lock(&kafka->mutex);
	opened = kafka->opened;
	pthread_mutex_unlock(&kafka->mutex);
	return opened;
}
