#include "config.h"

#include "kafka/membership.h"

#include <stdbool.h>
#include <string.h>

void wr_membership_forget(struct wr_membership *m)
{
	if (m->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(m->group);
	m->group = NULL;
}

static bool is_member(const char *before, const char *after)
{
	return before != NULL && after != NULL && before[0] != '\0' && strcmp(before, after) == 0;
}

/* A member that the group has thrown out has no name, and offsets that are sent into a transaction without one are not
 * checked by the broker at all. The name before and after tells whether the membership between them is a real one. */
void wr_membership_note(struct wr_membership *m, rd_kafka_t *rk)
{
	char *before = rd_kafka_memberid(rk), *after;

	wr_membership_forget(m);
	m->group = rd_kafka_consumer_group_metadata(rk);
	after = rd_kafka_memberid(rk);
	if (!is_member(before, after))
		wr_membership_forget(m);
	rd_kafka_mem_free(rk, before);
	rd_kafka_mem_free(rk, after);
}

/* librdkafka copies one only through its bytes. */
rd_kafka_consumer_group_metadata_t *wr_membership_copy(const struct wr_membership *m)
{
	rd_kafka_consumer_group_metadata_t *copy = NULL;
	rd_kafka_error_t *error;
	void *bytes;
	size_t size;

	if (m->group == NULL)
		return NULL;
	error = rd_kafka_consumer_group_metadata_write(m->group, &bytes, &size);
	if (error == NULL) {
		error = rd_kafka_consumer_group_metadata_read(&copy, bytes, size);
		rd_kafka_mem_free(NULL, bytes);
	}
	if (error == NULL)
		return copy;
	rd_kafka_error_destroy(error);
	return NULL;
}
