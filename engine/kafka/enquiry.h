/*
 * Asks where partitions stand: what their group committed, with its metadata, and the offsets that can be read.
 * And which topics there are. librdkafka's calls for it block, so a thread of its own makes them, for all partitions at
 * once: four round trips, however many there are. Used by kafka/source.c alone.
 */
#ifndef WR_KAFKA_ENQUIRY_H
#define WR_KAFKA_ENQUIRY_H

#include "base/err.h"
#include "kafka/topics.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct wr_enquiry;

/* The same partitions in each list. Offsets: RD_KAFKA_OFFSET_INVALID where nothing was committed. */
struct wr_enquiry_answer {
	rd_kafka_topic_partition_list_t *committed;
	rd_kafka_topic_partition_list_t *low;
	rd_kafka_topic_partition_list_t *high;
	struct wr_topic_list topics;
};

/* `*filter_p` says which topics are asked for; it is taken and zeroed. `rk` and `wake_fd` (an eventfd, written to when an answer is there) are borrowed. WR_OK or WR_ENOMEM. [lane] */
enum wr_code wr_enquiry_create(rd_kafka_t *rk, struct wr_topic_filter *filter_p, int wake_fd,
			       struct wr_enquiry **enquiry_r, struct wr_err *err);

/* Asks, again and again until there is an answer; an earlier question is forgotten. `partitions` is copied and not
 * empty. [lane] */
void wr_enquiry_ask(struct wr_enquiry *enquiry, const rd_kafka_topic_partition_list_t *partitions);

/* Forgets the question: no answer will come. [lane] */
void wr_enquiry_cancel(struct wr_enquiry *enquiry);

/* True, once, when the answer to the last question is there: the caller owns it. [lane] */
bool wr_enquiry_answered(struct wr_enquiry *enquiry, struct wr_enquiry_answer *answer_r);
void wr_enquiry_answer_fini(struct wr_enquiry_answer *answer);

/* Whether nothing ends before it begins. Both edges are asked for one after the other, and a topic may be made anew
 * between the two. The same partitions in both. */
bool wr_enquiry_edges_fit(const rd_kafka_topic_partition_list_t *low,
			  const rd_kafka_topic_partition_list_t *high);

/* Why there has been no answer yet: what the last try failed with; NO_ERROR while the first is under way. [lane] */
rd_kafka_resp_err_t wr_enquiry_trouble(struct wr_enquiry *enquiry);

/* Whether no call is under way: wr_enquiry_destroy() does not wait. [lane] */
bool wr_enquiry_is_idle(struct wr_enquiry *enquiry);

/* Waits for the call that is under way: WR_ENQUIRY_CALL_MS at most for each. NULL does nothing. [lane] */
void wr_enquiry_destroy(struct wr_enquiry *enquiry);

#define WR_ENQUIRY_CALL_MS 3000

#endif
