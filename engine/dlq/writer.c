#include "config.h"

#include "dlq/writer.h"

#include "base/map.h"
#include "kafka/client.h"

#include <stdio.h>
#include <stdlib.h>

#define WAIT_MS 30000
#define POLL_MS 100
#define COMMIT_TRIES 4

struct wr_dlq_writer {
	rd_kafka_t *rk;
	struct wr_map *topics;       /* name -> rd_kafka_topic_t */
	struct wr_dlq_place *places; /* of the records of this transaction */
	size_t place_count, place_capacity;
	bool is_open; /* a transaction */
	bool has_refused;
	struct wr_dlq_place refused;
};

static bool is_too_large(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
	       error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *arg)
{
	struct wr_dlq_writer *w = arg;
	size_t index = (size_t)(uintptr_t)message->_private;

	(void)rk;
	if (!is_too_large(message->err) || index == 0 || w->has_refused)
		return;
	w->has_refused = true;
	w->refused = w->places[index - 1];
}

/* What an error of the transaction means; destroys it. */
static enum wr_code judge(rd_kafka_error_t *error, struct wr_err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(error);
	enum wr_code rc = WR_EUNKNOWN;

	if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	    code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
		rc = WR_ECLOSED;
	else if (code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED ||
		 code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
		 code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		rc = WR_EINVAL;
	else if (rd_kafka_error_is_retriable(error) || rd_kafka_error_txn_requires_abort(error))
		rc = WR_EUNAVAILABLE;
	rc = wr_err_set(err, rc, "%s",
			rc == WR_ECLOSED ? "another process has taken the job over"
					 : rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	return rc;
}

static enum wr_code create(const struct wr_conf_kafka *kafka, const char *instance, const char *job,
			   struct wr_dlq_writer *w, struct wr_err *err)
{
	static const struct wr_kafka_setting defaults[] = {
	    {"partitioner", "murmur2_random"}, {"linger.ms", "5"}, {NULL, NULL}};
	char id[128];
	const struct wr_kafka_setting settings[] = {{"transactional.id", id},
						    {"transaction.timeout.ms", "60000"},
						    {"acks", "all"},
						    {"enable.idempotence", "true"},
						    /* The topic decides what is too large. */
						    {"message.max.bytes", "1000000000"},
						    {NULL, NULL}};
	const struct wr_kafka_name name = {.instance = instance, .pipeline = "dlq", .lane = -1};
	rd_kafka_conf_t *conf = NULL;
	enum wr_code rc;

	snprintf(id, sizeof(id), "weir-dlq-%s", job);
	rc = wr_kafka_conf_create(kafka, &kafka->producer_properties, defaults, &name, &conf, err);
	if (rc == WR_OK)
		rc = wr_kafka_conf_set(conf, settings, err);
	if (rc != WR_OK) {
		if (conf != NULL)
			rd_kafka_conf_destroy(conf);
		return rc;
	}
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_conf_set_opaque(conf, w);
	w->rk = wr_kafka_client_create(RD_KAFKA_PRODUCER, &conf, err);
	return w->rk != NULL ? WR_OK : WR_EINVAL;
}

enum wr_code wr_dlq_writer_open(const struct wr_conf_kafka *kafka, const char *instance,
				const char *job, struct wr_dlq_writer **writer_r,
				struct wr_err *err)
{
	struct wr_dlq_writer *w = calloc(1, sizeof(*w));
	rd_kafka_error_t *error;
	enum wr_code rc = WR_ENOMEM;

	*writer_r = NULL;
	if (w == NULL || wr_map_create(&w->topics) != WR_OK)
		wr_err_set(err, WR_ENOMEM, "no memory for a producer");
	else
		rc = create(kafka, instance, job, w, err);
	if (rc == WR_OK) {
		error = rd_kafka_init_transactions(w->rk, WAIT_MS);
		if (error != NULL)
			rc = judge(error, err);
	}
	if (rc != WR_OK) {
		wr_dlq_writer_close(w);
		return rc;
	}
	*writer_r = w;
	return WR_OK;
}

void wr_dlq_writer_close(struct wr_dlq_writer *w)
{
	struct wr_bytes key;
	size_t cursor = 0;
	void *rkt;

	if (w == NULL)
		return;
	wr_dlq_writer_abort(w);
	while (w->topics != NULL && wr_map_next(w->topics, &cursor, &key, &rkt))
		rd_kafka_topic_destroy(rkt);
	wr_map_destroy(w->topics);
	if (w->rk != NULL)
		rd_kafka_destroy(w->rk);
	free(w->places);
	free(w);
}

enum wr_code wr_dlq_writer_begin(struct wr_dlq_writer *w, struct wr_err *err)
{
	rd_kafka_error_t *error = rd_kafka_begin_transaction(w->rk);

	if (error != NULL)
		return judge(error, err);
	w->is_open = true;
	w->has_refused = false;
	w->place_count = 0;
	return WR_OK;
}

static enum wr_code topic_of(struct wr_dlq_writer *w, const char *name, rd_kafka_topic_t **rkt_r,
			     struct wr_err *err)
{
	*rkt_r = wr_map_get(w->topics, wr_bytes_of(name));
	if (*rkt_r != NULL)
		return WR_OK;
	*rkt_r = rd_kafka_topic_new(w->rk, name, NULL);
	if (*rkt_r == NULL)
		return wr_err_set(err, WR_EUNKNOWN, "%s: not a topic name that Kafka takes", name);
	if (wr_map_put(w->topics, wr_bytes_of(name), *rkt_r, NULL) == WR_OK)
		return WR_OK;
	rd_kafka_topic_destroy(*rkt_r);
	return wr_err_set(err, WR_ENOMEM, "no memory for a topic");
}

/* Where the letter is found again when its record is refused: an index from 1; 0: none, or no memory. */
static size_t note_place(struct wr_dlq_writer *w, const struct wr_dlq_place *letter)
{
	size_t capacity = w->place_capacity * 2 + 64;
	struct wr_dlq_place *places;

	if (letter == NULL)
		return 0;
	if (w->place_count == w->place_capacity) {
		places = realloc(w->places, capacity * sizeof(*places));
		if (places == NULL)
			return 0;
		w->places = places;
		w->place_capacity = capacity;
	}
	w->places[w->place_count++] = *letter;
	return w->place_count;
}

static rd_kafka_headers_t *copy_headers(const struct wr_dlq_write *write)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(write->header_count);

	for (size_t i = 0; i < write->header_count; i++) {
		const struct weir_header *h = &write->headers[i];

		rd_kafka_header_add(list, h->name, -1, h->value.data, (ssize_t)h->value.size);
	}
	return list;
}

static rd_kafka_resp_err_t produce(struct wr_dlq_writer *w, const struct wr_dlq_write *write,
				   rd_kafka_topic_t *rkt, size_t index)
{
	rd_kafka_headers_t *headers = copy_headers(write);
	rd_kafka_resp_err_t code;
	rd_kafka_error_t *error;
	rd_kafka_vu_t args[] = {
	    {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = rkt},
	    {.vtype = RD_KAFKA_VTYPE_PARTITION,
	     .u.i32 = write->partition < 0 ? RD_KAFKA_PARTITION_UA : write->partition},
	    {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
	    {.vtype = RD_KAFKA_VTYPE_KEY,
	     .u.mem = {.ptr = (void *)(uintptr_t)write->key.data, .size = write->key.size}},
	    {.vtype = RD_KAFKA_VTYPE_VALUE,
	     .u.mem = {.ptr = (void *)(uintptr_t)write->value.data, .size = write->value.size}},
	    {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	    {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)index},
	};

	error = rd_kafka_produceva(w->rk, args, sizeof(args) / sizeof(args[0]));
	if (error == NULL)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	code = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	rd_kafka_headers_destroy(headers);
	return code;
}

enum wr_code wr_dlq_writer_put(struct wr_dlq_writer *w, const struct wr_dlq_write *write,
			       struct wr_err *err)
{
	rd_kafka_topic_t *rkt;
	rd_kafka_resp_err_t error;
	enum wr_code rc = topic_of(w, write->topic, &rkt, err);
	size_t index = note_place(w, write->letter);

	if (rc != WR_OK)
		return rc;
	if (write->letter != NULL && index == 0)
		return wr_err_set(err, WR_ENOMEM, "no memory for a record");
	while ((error = produce(w, write, rkt, index)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rd_kafka_poll(w->rk, POLL_MS);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_poll(w->rk, 0);
		return WR_OK;
	}
	if (is_too_large(error))
		return wr_err_set(err, WR_EREFUSED, "%s", rd_kafka_err2str(error));
	return wr_err_set(err, error == RD_KAFKA_RESP_ERR__FENCED ? WR_ECLOSED : WR_EUNAVAILABLE,
			  "%s", rd_kafka_err2str(error));
}

void wr_dlq_writer_abort(struct wr_dlq_writer *w)
{
	rd_kafka_error_t *error;

	if (!w->is_open)
		return;
	w->is_open = false;
	error = rd_kafka_abort_transaction(w->rk, WAIT_MS);
	if (error != NULL)
		rd_kafka_error_destroy(error); /* the broker aborts it by its time-out */
}

enum wr_code wr_dlq_writer_commit(struct wr_dlq_writer *w, struct wr_dlq_place *refused_r,
				  struct wr_err *err)
{
	rd_kafka_error_t *error;
	enum wr_code rc;
	bool is_known;

	*refused_r = (struct wr_dlq_place){0, 0};
	for (int i = 1;; i++) {
		error = rd_kafka_commit_transaction(w->rk, WAIT_MS);
		if (error == NULL) {
			w->is_open = false;
			return WR_OK;
		}
		if (!rd_kafka_error_is_retriable(error) || i == COMMIT_TRIES)
			break;
		rd_kafka_error_destroy(error);
	}
	is_known = rd_kafka_error_txn_requires_abort(error) == 1;
	rc = judge(error, err);
	if (!is_known)
		return rc == WR_EUNAVAILABLE ? WR_EUNKNOWN : rc;
	wr_dlq_writer_abort(w);
	if (!w->has_refused)
		return rc;
	*refused_r = w->refused;
	return WR_EREFUSED;
}
