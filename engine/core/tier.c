#include "config.h"

#include "core/tier.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INFIX ".retry."

static const struct {
	int64_t ms;
	const char *name;
} units[] = {{INT64_C(3600000), "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

uint32_t wr_tier_after(const struct wr_tiers *tiers, uint32_t attempt, int64_t retry_after_ms)
{
	uint32_t last = (uint32_t)tiers->count - 1, i = 0;

	WR_ASSERT(tiers->count > 0 && attempt > 0);
	if (retry_after_ms == 0)
		return attempt - 1 < last ? attempt - 1 : last;
	while (i < last && tiers->ms[i] < retry_after_ms)
		i++;
	return i;
}

void wr_tier_name(int64_t ms, char name_r[WR_TIER_NAME_BYTES])
{
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++;
	snprintf(name_r, WR_TIER_NAME_BYTES, "%" PRId64 "%s", ms / units[i].ms,
		 ms != 0 ? units[i].name : "");
}

bool wr_tier_parse(const char *name, int64_t *ms_r)
{
	char again[WR_TIER_NAME_BYTES];
	int64_t value = 0;
	size_t i = 0, digits = 0;

	*ms_r = 0;
	for (; name[digits] >= '0' && name[digits] <= '9'; digits++) {
		if (value > WR_TIER_MS_MAX)
			return false;
		value = value * 10 + (name[digits] - '0');
	}
	if (strcmp(name, "0") == 0)
		return true;
	while (i < sizeof(units) / sizeof(units[0]) && strcmp(name + digits, units[i].name) != 0)
		i++;
	if (digits == 0 || i == sizeof(units) / sizeof(units[0]) ||
	    value > WR_TIER_MS_MAX / units[i].ms)
		return false;
	wr_tier_name(value * units[i].ms, again);
	if (strcmp(name, again) != 0)
		return false;
	*ms_r = value * units[i].ms;
	return true;
}

bool wr_retry_topic(const char *pipeline, int64_t delay_ms, char topic_r[WR_TOPIC_BYTES])
{
	char name[WR_TIER_NAME_BYTES];
	int size;

	wr_tier_name(delay_ms, name);
	size = snprintf(topic_r, WR_TOPIC_BYTES, "%s" INFIX "%s", pipeline, name);
	return size > 0 && size < WR_TOPIC_BYTES;
}

bool wr_retry_topic_parse(const char *pipeline, const char *topic, int64_t *delay_ms_r)
{
	size_t size = strlen(pipeline);

	*delay_ms_r = 0;
	if (strncmp(topic, pipeline, size) != 0 || strncmp(topic + size, INFIX, strlen(INFIX)) != 0)
		return false;
	return wr_tier_parse(topic + size + strlen(INFIX), delay_ms_r);
}
