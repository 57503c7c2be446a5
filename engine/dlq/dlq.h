/*
 * A dead-letter topic opened for people: reading it page by page, one letter, and what became of them. Beside a topic
 * `events-dlq` stands the compacted topic `events-dlq.weir-state`, which says what was replayed or purged, by which
 * job, and holds the jobs themselves. It is made by the first job; without it all letters are open.
 *
 * One thread at a time. Calls wait for Kafka.
 */
#ifndef WR_DLQ_DLQ_H
#define WR_DLQ_DLQ_H

#include "base/clock.h"
#include "dlq/letter.h"

struct wr_dlq {
	uint32_t magic;
	char *topic_name, *state_name;
	char *instance;
	struct wr_dlq_reader *reader;
	struct wr_dlq_topic *topic;
	struct wr_dlq_topic *state; /* NULL: not there yet */
	int64_t state_next;         /* the first record of the state topic that was not read */
	struct wr_dlq_marks *marks;
};

#define WR_DLQ_STATE_SUFFIX ".weir-state"

/* WR_OK, WR_ENOTFOUND (no such topic), WR_EREFUSED, WR_EUNAVAILABLE, WR_EINVAL (a property), WR_ENOMEM. */
enum wr_code wr_dlq_open(const struct wr_conf_kafka *kafka, const char *instance, const char *topic,
			 struct wr_dlq **dlq_r, struct wr_err *err);
void wr_dlq_close(struct wr_dlq *dlq);

/* Reads on in the state topic: what others did since. WR_OK, WR_EREFUSED, WR_EUNAVAILABLE, WR_ENOMEM. */
enum wr_code wr_dlq_refresh(struct wr_dlq *dlq, struct wr_err *err);

/* Visits all records of the state topic. As wr_dlq_refresh(). */
enum wr_code wr_dlq_state_read(struct wr_dlq *dlq, wr_dlq_visit_fn visit, void *arg,
			       struct wr_err *err);

/* Finds one dead letter and shows it to the visitor while its record is there. WR_OK, WR_ENOTFOUND, WR_EREFUSED,
 * WR_EUNAVAILABLE, WR_ENOMEM. */
typedef void (*wr_dlq_show_fn)(void *arg, const struct wr_dlq_letter *letter,
			       const struct wr_dlq_record *record);
enum wr_code wr_dlq_show(struct wr_dlq *dlq, const struct wr_dlq_place *place, wr_dlq_show_fn show,
			 void *arg, struct wr_err *err);

/* Reads the envelope of a record and asks for its mark. *broken_r is why it can't be trusted, in `err`, or NULL. */
void wr_dlq_describe(const struct wr_dlq *dlq, const struct wr_dlq_record *record,
		     struct wr_envelope *envelope_r, struct wr_dlq_mark *mark_r,
		     const char **broken_r, struct wr_err *err);

#endif
