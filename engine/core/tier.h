/*
 * The ladder of a pipeline's retry topics: one constant delay each, so that the head of a partition is always the next
 * that is due. `<pipeline>.retry.<delay>`; delay 0 is the topic of replays. Pure.
 */
#ifndef WR_CORE_TIER_H
#define WR_CORE_TIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WR_TIERS_MAX 16
#define WR_TIER_MS_MAX (INT64_C(24) * 3600 * 1000)
#define WR_TIER_NAME_BYTES 24
#define WR_TOPIC_BYTES 250 /* a name of Kafka's, terminated */

/* Delays, rising. */
struct wr_tiers {
	int64_t ms[WR_TIERS_MAX];
	size_t count;
};

/* The tier after attempt `attempt` (from 1) has failed: the one of that place in the ladder, the last again and again;
 * where the handler asked for a time (not 0), the first that is not shorter, or the last. At least one tier. */
uint32_t wr_tier_after(const struct wr_tiers *tiers, uint32_t attempt, int64_t retry_after_ms);

/* "500ms", "90s", "10m", "24h", "0": each delay has one name, in its largest whole unit. */
void wr_tier_name(int64_t ms, char name_r[WR_TIER_NAME_BYTES]);

/* The other way. False for anything that wr_tier_name() does not write, or that is longer than WR_TIER_MS_MAX. */
bool wr_tier_parse(const char *name, int64_t *ms_r);

/* False when the name would be too long for Kafka. */
bool wr_retry_topic(const char *pipeline, int64_t delay_ms, char topic_r[WR_TOPIC_BYTES]);

/* Whether it is a retry topic of this pipeline, and its delay. */
bool wr_retry_topic_parse(const char *pipeline, const char *topic, int64_t *delay_ms_r);

#endif
