/*
 * Outputs that Kafka refused for good within a transaction. The transaction was aborted for it; when the event comes
 * again, that record is left out and the event dead-lettered. Remembered by coordinates, while the partition is held:
 * whoever holds it next finds out for himself.
 */
#include "config.h"

#include "base/log.h"
#include "run/lane_private.h"

#include <stdio.h>
#include <stdlib.h>

#define REASON_BYTES 128
#define STAGE_BYTES 128

struct wr_refusal {
	struct wr_refusal *next;
	int64_t offset;
	bool own; /* the event's own output, not an emitted record */
	unsigned number;
	char stage[STAGE_BYTES]; /* of the emitted record */
	char reason[REASON_BYTES];
};

void wr_lane_remember_refusal(struct wr_lane *lane, const struct wr_write *write,
			      const char *reason)
{
	struct wr_lane_partition *partition = write->item->record.partition->user;
	struct wr_refusal *refusal = calloc(1, sizeof(*refusal));
	const struct wr_event *ev = &write->item->event;

	WR_LOG(WR_LOG_WARN,
	       "an output record was refused; its transaction is aborted, its event dead-lettered",
	       WR_STR("pipeline", lane->conf->name), WR_STR("source_topic", ev->pub.topic),
	       WR_INT("partition", ev->pub.partition), WR_INT("offset", ev->pub.offset),
	       WR_STR("reason", reason));
	if (refusal == NULL)
		return; /* it will be refused again */
	refusal->offset = write->item->record.offset;
	refusal->own = write->emit == NULL;
	if (write->emit != NULL) {
		refusal->number = write->emit->number;
		snprintf(refusal->stage, sizeof(refusal->stage), "%s", write->emit->stage);
	}
	snprintf(refusal->reason, sizeof(refusal->reason), "%s", reason);
	refusal->next = partition->refusals;
	partition->refusals = refusal;
}

const struct wr_refusal *wr_lane_refusal_of(const struct wr_lane_partition *partition,
					    int64_t offset)
{
	const struct wr_refusal *refusal = partition->refusals;

	while (refusal != NULL && refusal->offset != offset)
		refusal = refusal->next;
	return refusal;
}

const char *wr_refusal_reason(const struct wr_refusal *refusal)
{
	return refusal->reason;
}

/* An event may have more than one. */
bool wr_refusal_names(const struct wr_refusal *refusal, const struct wr_emit *emit)
{
	int64_t offset = refusal->offset;

	for (; refusal != NULL; refusal = refusal->next) {
		if (refusal->offset == offset && !refusal->own && refusal->number == emit->number &&
		    strncmp(refusal->stage, emit->stage, STAGE_BYTES - 1) == 0)
			return true;
	}
	return false;
}

void wr_lane_forget_refusals(struct wr_lane_partition *partition, int64_t before)
{
	struct wr_refusal **link_p = &partition->refusals, *refusal;

	while ((refusal = *link_p) != NULL) {
		if (refusal->offset >= before) {
			link_p = &refusal->next;
			continue;
		}
		*link_p = refusal->next;
		free(refusal);
	}
}
