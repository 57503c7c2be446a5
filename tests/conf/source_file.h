/*
 * Files of the source tree for tests, read whole.
 */
#ifndef WR_TESTS_CONF_SOURCE_FILE_H
#define WR_TESTS_CONF_SOURCE_FILE_H

#include "tests/unit.h"

#include "base/buf.h"

#include <stdio.h>

/* The file at a path from the top of the source tree. The caller ends the buffer. */
static inline struct wr_buf read_source(const char *path)
{
	struct wr_buf buf = WR_BUF_INIT;
	char name[1024], chunk[4096];
	FILE *stream;
	size_t n;

	snprintf(name, sizeof(name), "%s/%s", WR_TEST_SOURCES, path);
	stream = fopen(name, "re");
	if (stream == NULL)
		fail_msg("%s can't be opened", name);
	while ((n = fread(chunk, 1, sizeof(chunk), stream)) > 0)
		assert_int_equal(wr_buf_append(&buf, chunk, n), WR_OK);
	fclose(stream);
	return buf;
}

#endif
