/*
 * The end of a consumer. librdkafka 2.0.2 never returns from rd_kafka_destroy() while it waits for the answer to a
 * LeaveGroup request, and a broker that hangs gives none for seconds: whoever can't wait leaves that to a thread.
 * Used by kafka/source.c.
 */
#ifndef WR_KAFKA_CONSUMER_END_H
#define WR_KAFKA_CONSUMER_END_H

#include "kafka/enquiry.h"

/* Takes a consumer with its queue and its enquiry (each may be NULL) and frees them: at once when it has closed and
 * nothing is asked any more; else in a thread of its own as soon as that is so, which is when librdkafka's requests
 * have timed out at the latest. Nothing of it wakes anyone any more. */
void wr_consumer_end(rd_kafka_t *rk, rd_kafka_queue_t *queue, struct wr_enquiry *enquiry);

#endif
