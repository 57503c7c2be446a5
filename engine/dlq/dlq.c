#include "config.h"

#include "dlq/dlq.h"

#include "base/check.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0x646c7131u
#define READ_FOREVER INT64_MAX

/* The state topic may be made by somebody else at any time. */
static enum wr_code open_state(struct wr_dlq *dlq, struct wr_err *err)
{
	enum wr_code rc;

	if (dlq->state != NULL)
		return WR_OK;
	rc = wr_dlq_reader_topic(dlq->reader, dlq->state_name, &dlq->state, err);
	return rc == WR_ENOTFOUND ? WR_OK : rc;
}

static enum wr_code open_all(struct wr_dlq *dlq, const struct wr_conf_kafka *kafka,
			     struct wr_err *err)
{
	enum wr_code rc;

	if (dlq->topic_name == NULL || dlq->instance == NULL || dlq->state_name == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a dead-letter topic");
	rc = wr_dlq_reader_create(kafka, dlq->instance, &dlq->reader, err);
	if (rc == WR_OK)
		rc = wr_dlq_reader_topic(dlq->reader, dlq->topic_name, &dlq->topic, err);
	if (rc == WR_OK && wr_dlq_marks_create(&dlq->marks) != WR_OK)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for the state of dead letters");
	return rc == WR_OK ? wr_dlq_refresh(dlq, err) : rc;
}

enum wr_code wr_dlq_open(const struct wr_conf_kafka *kafka, const char *instance, const char *topic,
			 struct wr_dlq **dlq_r, struct wr_err *err)
{
	struct wr_dlq *dlq = calloc(1, sizeof(*dlq));
	size_t size = strlen(topic) + sizeof(WR_DLQ_STATE_SUFFIX);
	enum wr_code rc;

	*dlq_r = NULL;
	if (dlq == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a dead-letter topic");
	dlq->magic = MAGIC;
	dlq->topic_name = strdup(topic);
	dlq->instance = strdup(instance);
	dlq->state_name = malloc(size);
	if (dlq->state_name != NULL)
		snprintf(dlq->state_name, size, "%s" WR_DLQ_STATE_SUFFIX, topic);
	rc = open_all(dlq, kafka, err);
	if (rc != WR_OK) {
		wr_dlq_close(dlq);
		return rc;
	}
	*dlq_r = dlq;
	return WR_OK;
}

void wr_dlq_close(struct wr_dlq *dlq)
{
	if (dlq == NULL)
		return;
	WR_CHECK(dlq, MAGIC);
	wr_dlq_reader_destroy(dlq->reader);
	wr_dlq_marks_destroy(dlq->marks);
	free(dlq->topic_name);
	free(dlq->state_name);
	free(dlq->instance);
	dlq->magic = 0;
	free(dlq);
}

struct applying {
	struct wr_dlq *dlq;
	bool out_of_memory;
	unsigned broken;
};

static bool apply(void *arg, const struct wr_dlq_record *record)
{
	struct applying *applying = arg;

	switch (wr_dlq_marks_apply(applying->dlq->marks, wr_bytes_from(record->key),
				   wr_bytes_from(record->value))) {
	case WR_ENOMEM:
		applying->out_of_memory = true;
		return false;
	case WR_EINVAL:
		applying->broken++;
		return true;
	case WR_OK:
	case WR_ENOTFOUND:
	case WR_EEXIST:
	case WR_EFULL:
	case WR_ETIMEDOUT:
	case WR_ECLOSED:
	case WR_EUNAVAILABLE:
	case WR_EUNKNOWN:
	case WR_EREFUSED:
	case WR_EUNSUPPORTED:
	case WR_EIO:
		break;
	}
	return true;
}

/* The state topic has one partition. */
static enum wr_code read_state(struct wr_dlq *dlq, int64_t from, wr_dlq_visit_fn visit, void *arg,
			       int64_t *next_r, struct wr_err *err)
{
	int64_t low = 0, high = 0;
	enum wr_code rc = wr_dlq_topic_bounds(dlq->state, 0, &low, &high, err);

	*next_r = from;
	if (rc != WR_OK)
		return rc;
	/* Its end before its beginning: somebody made it anew. */
	if (from > high)
		from = low;
	return wr_dlq_topic_read(dlq->state, 0, from > low ? from : low, high, READ_FOREVER, visit,
				 arg, next_r, err);
}

enum wr_code wr_dlq_refresh(struct wr_dlq *dlq, struct wr_err *err)
{
	struct applying applying = {.dlq = dlq};
	enum wr_code rc = open_state(dlq, err);

	if (rc != WR_OK || dlq->state == NULL)
		return rc;
	rc = read_state(dlq, dlq->state_next, apply, &applying, &dlq->state_next, err);
	if (applying.out_of_memory)
		return wr_err_set(err, WR_ENOMEM, "no memory for the state of dead letters");
	if (applying.broken > 0)
		WR_LOG(WR_LOG_WARN, "records of the state of dead letters can't be read",
		       WR_STR("topic", dlq->state_name), WR_INT("records", applying.broken));
	return rc;
}

enum wr_code wr_dlq_state_read(struct wr_dlq *dlq, wr_dlq_visit_fn visit, void *arg,
			       struct wr_err *err)
{
	enum wr_code rc = open_state(dlq, err);
	int64_t next;

	if (rc != WR_OK || dlq->state == NULL)
		return rc;
	return read_state(dlq, 0, visit, arg, &next, err);
}

void wr_dlq_describe(const struct wr_dlq *dlq, const struct wr_dlq_record *record,
		     struct wr_envelope *envelope_r, struct wr_dlq_mark *mark_r,
		     const char **broken_r, struct wr_err *err)
{
	const struct wr_dlq_place place = {record->partition, record->offset};
	enum wr_code rc = wr_envelope_read(record->headers, record->header_count,
					   WR_ENVELOPE_DEAD_LETTER, envelope_r, err);

	*broken_r = rc == WR_OK ? NULL : err->text;
	*mark_r = wr_dlq_marks_get(dlq->marks, &place, record->timestamp_ms);
}

struct showing {
	struct wr_dlq *dlq;
	int64_t offset;
	wr_dlq_show_fn show;
	void *arg;
	bool found;
	bool out_of_memory;
};

static bool show(void *arg, const struct wr_dlq_record *record)
{
	struct showing *showing = arg;
	struct wr_dlq_letter *letter;
	struct wr_envelope envelope;
	struct wr_dlq_mark mark;
	const char *broken;
	struct wr_err err;

	if (record->offset != showing->offset)
		return false;
	wr_dlq_describe(showing->dlq, record, &envelope, &mark, &broken, &err);
	letter = wr_dlq_letter_copy(record, &envelope, broken, &mark);
	if (letter == NULL) {
		showing->out_of_memory = true;
		return false;
	}
	showing->found = true;
	showing->show(showing->arg, letter, record);
	free(letter);
	return false;
}

enum wr_code wr_dlq_show(struct wr_dlq *dlq, const struct wr_dlq_place *place,
			 wr_dlq_show_fn show_fn, void *arg, struct wr_err *err)
{
	struct showing showing = {.dlq = dlq, .offset = place->offset, .show = show_fn, .arg = arg};
	int64_t next, low = 0, high = 0;
	enum wr_code rc = WR_OK;

	if (place->partition >= wr_dlq_topic_partitions(dlq->topic))
		return wr_err_set(err, WR_ENOTFOUND, "%s has no partition %d", dlq->topic_name,
				  (int)place->partition);
	rc = wr_dlq_topic_bounds(dlq->topic, place->partition, &low, &high, err);
	if (rc == WR_OK && place->offset >= low && place->offset < high)
		rc = wr_dlq_topic_read(dlq->topic, place->partition, place->offset, high,
				       READ_FOREVER, show, &showing, &next, err);
	if (rc != WR_OK)
		return rc;
	if (showing.out_of_memory)
		return wr_err_set(err, WR_ENOMEM, "no memory for a dead letter");
	if (!showing.found)
		return wr_err_set(err, WR_ENOTFOUND,
				  "no dead letter is there (any more): retention may have removed "
				  "it");
	return WR_OK;
}
