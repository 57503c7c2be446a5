/*
 * Borrowed bytes with a length. data NULL is "absent", which is not the same as empty.
 */
#ifndef WR_BASE_BYTES_H
#define WR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct wr_bytes {
	const void *data;
	size_t size;
};

static inline struct wr_bytes wr_bytes(const void *data, size_t size)
{
	return (struct wr_bytes){data, size};
}

static inline struct wr_bytes wr_bytes_of(const char *text)
{
	return (struct wr_bytes){text, text != NULL ? strlen(text) : 0};
}

/* Absent equals absent only. */
static inline bool wr_bytes_equal(struct wr_bytes a, struct wr_bytes b)
{
	if (a.data == NULL || b.data == NULL)
		return a.data == b.data;
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
