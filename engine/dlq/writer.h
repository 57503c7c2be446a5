/*
 * Writes what a job does, in transactions: the records that go round, the marks of their dead letters, and the job
 * itself are seen together or not at all. The job's id is the transactional id, so whoever opens the writer of a job
 * ends all that others still had open of it. One thread.
 */
#ifndef WR_DLQ_WRITER_H
#define WR_DLQ_WRITER_H

#include "base/err.h"
#include "conf/conf.h"
#include "dlq/place.h"
#include "weir/plugin.h"

struct wr_dlq_writer;

struct wr_dlq_write {
	const char *topic;
	int32_t partition; /* -1: by the key */
	struct weir_bytes key, value;
	const struct weir_header *headers;
	size_t header_count;
	const struct wr_dlq_place *letter; /* what it is written for; NULL: the job itself */
};

/* Waits for the brokers. WR_OK, WR_EINVAL (a property, or not authorised), WR_EUNAVAILABLE, WR_EUNKNOWN, WR_ENOMEM. */
enum wr_code wr_dlq_writer_open(const struct wr_conf_kafka *kafka, const char *instance,
				const char *job, struct wr_dlq_writer **writer_r,
				struct wr_err *err);

/* What is not committed is aborted. NULL does nothing. */
void wr_dlq_writer_close(struct wr_dlq_writer *writer);

enum wr_code wr_dlq_writer_begin(struct wr_dlq_writer *writer, struct wr_err *err);

/* Copies the record. WR_OK; WR_EREFUSED: this record can't be written (too large); the codes of commit(). */
enum wr_code wr_dlq_writer_put(struct wr_dlq_writer *writer, const struct wr_dlq_write *write,
			       struct wr_err *err);

/* WR_OK. WR_EREFUSED: nothing was written, because a record of this letter is too large for its topic. WR_EUNAVAILABLE:
 * nothing was written, try again. WR_EINVAL: nothing was written, not authorised. WR_ECLOSED: another writer of the job
 * took over. WR_EUNKNOWN: open it anew and look. */
enum wr_code wr_dlq_writer_commit(struct wr_dlq_writer *writer, struct wr_dlq_place *refused_r,
				  struct wr_err *err);

/* Forgets what was put since begin(). */
void wr_dlq_writer_abort(struct wr_dlq_writer *writer);

#endif
