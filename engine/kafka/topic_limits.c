#include "config.h"

#include "kafka/topic_limits.h"

#include "base/lock.h"
#include "base/map.h"

#include <stdlib.h>

struct wr_topic_limits {
	struct wr_lock lock;
	struct wr_map *bytes; /* topic -> int64_t, its own [lock] */
};

enum wr_code wr_topic_limits_create(struct wr_topic_limits **limits_r)
{
	struct wr_topic_limits *l = calloc(1, sizeof(*l));

	*limits_r = NULL;
	if (l == NULL)
		return WR_ENOMEM;
	if (wr_map_create(&l->bytes) != WR_OK) {
		free(l);
		return WR_ENOMEM;
	}
	wr_lock_init(&l->lock);
	*limits_r = l;
	return WR_OK;
}

void wr_topic_limits_destroy(struct wr_topic_limits *l)
{
	struct wr_bytes topic;
	size_t cursor = 0;
	void *bytes;

	if (l == NULL)
		return;
	while (wr_map_next(l->bytes, &cursor, &topic, &bytes))
		free(bytes);
	wr_map_destroy(l->bytes);
	wr_lock_fini(&l->lock);
	free(l);
}

void wr_topic_limits_set(struct wr_topic_limits *l, const char *topic, int64_t max_message_bytes)
{
	int64_t *bytes;

	wr_lock_take(&l->lock);
	bytes = wr_map_get(l->bytes, wr_bytes_of(topic));
	if (bytes == NULL) {
		bytes = malloc(sizeof(*bytes));
		if (bytes != NULL &&
		    wr_map_put(l->bytes, wr_bytes_of(topic), bytes, NULL) != WR_OK) {
			free(bytes);
			bytes = NULL;
		}
	}
	if (bytes != NULL)
		*bytes = max_message_bytes;
	wr_lock_release(&l->lock);
}

int64_t wr_topic_limits_get(struct wr_topic_limits *l, const char *topic)
{
	const int64_t *bytes;
	int64_t found;

	if (l == NULL)
		return -1;
	wr_lock_take(&l->lock);
	bytes = wr_map_get(l->bytes, wr_bytes_of(topic));
	found = bytes != NULL ? *bytes : -1;
	wr_lock_release(&l->lock);
	return found;
}
