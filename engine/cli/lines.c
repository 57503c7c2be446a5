#include "config.h"

#include "cli/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 << 10)

void wr_lines_init(struct wr_lines *lines, int fd)
{
	*lines = (struct wr_lines){.fd = fd, .buf = WR_BUF_INIT};
}

void wr_lines_fini(struct wr_lines *lines)
{
	wr_buf_fini(&lines->buf);
}

/* Forgets what was handed out, so that the buffer holds one line and what was read behind it. */
static void forget_read(struct wr_lines *lines)
{
	if (lines->at == 0)
		return;
	memmove(lines->buf.data, lines->buf.data + lines->at, lines->buf.size - lines->at);
	lines->buf.size -= lines->at;
	lines->scanned -= lines->at;
	lines->at = 0;
}

static enum wr_code fill(struct wr_lines *lines, int timeout_ms, struct wr_err *err)
{
	struct pollfd pollfd = {.fd = lines->fd, .events = POLLIN};
	ssize_t n;

	n = poll(&pollfd, 1, timeout_ms);
	if (n == 0 || (n < 0 && errno == EINTR))
		return WR_ETIMEDOUT;
	forget_read(lines);
	if (wr_buf_reserve(&lines->buf, READ_BYTES) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "out of memory");
	n = read(lines->fd, lines->buf.data + lines->buf.size, READ_BYTES);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return WR_ETIMEDOUT;
	if (n < 0)
		return wr_err_set(err, WR_EIO, "can't read: %s", strerror(errno));
	lines->buf.size += (size_t)n;
	lines->at_end = n == 0;
	return WR_OK;
}

static struct wr_bytes trim(const char *line, size_t size)
{
	while (size > 0 && strchr(" \t\r\n", line[size - 1]) != NULL && line[size - 1] != '\0')
		size--;
	return wr_bytes(line, size);
}

/* The line that is wholly there, with its end; false when more must be read. */
static bool take_line(struct wr_lines *lines, struct wr_bytes *line_r)
{
	char *start = lines->buf.data, *end = NULL;
	size_t next;

	if (lines->buf.size > lines->scanned)
		end = memchr(start + lines->scanned, '\n', lines->buf.size - lines->scanned);
	if (end == NULL && (!lines->at_end || lines->at == lines->buf.size)) {
		lines->scanned = lines->buf.size;
		return false;
	}
	next = end != NULL ? (size_t)(end - start) + 1 : lines->buf.size;
	*line_r = trim(start + lines->at, next - lines->at);
	lines->at = next;
	lines->scanned = next;
	return true;
}

enum wr_code wr_lines_next(struct wr_lines *lines, int timeout_ms, struct wr_bytes *line_r,
			   struct wr_err *err)
{
	enum wr_code rc;

	for (;;) {
		if (take_line(lines, line_r)) {
			if (lines->skipping) {
				lines->skipping = false;
				continue;
			}
			lines->number++;
			if (line_r->size > 0)
				return WR_OK;
			continue;
		}
		*line_r = wr_bytes(NULL, 0);
		if (lines->at_end)
			return WR_ECLOSED;
		if (lines->buf.size - lines->at > WR_LINE_BYTES_MAX) {
			lines->at = lines->buf.size;
			lines->scanned = lines->buf.size;
			if (!lines->skipping) {
				lines->skipping = true;
				lines->number++;
				return wr_err_set(err, WR_EINVAL, "the line is longer than 64 MiB");
			}
		}
		rc = fill(lines, timeout_ms, err);
		if (rc != WR_OK)
			return rc;
	}
}

enum wr_code wr_line_key(struct wr_json_reader *reader, struct wr_bytes line, const char *pointer,
			 char digits[WR_LINE_KEY_BYTES], struct wr_bytes *key_r, struct wr_err *err)
{
	struct wr_json_position where;
	struct wr_json_value value;
	const char *reason;
	struct wr_err why;
	enum wr_code rc;

	*key_r = wr_bytes(NULL, 0);
	rc = wr_json_read(reader, line, &where, &why);
	if (rc != WR_OK) {
		reason = strstr(why.text, ": "); /* a line of its own has no line number */
		return wr_err_set(err, rc, "not JSON: column %u%s", where.column,
				  reason != NULL ? reason : "");
	}
	wr_json_get(reader, wr_bytes_of(pointer), &value);
	if (value.type == WR_JSON_STRING) {
		*key_r = value.string;
		return WR_OK;
	}
	if (value.type == WR_JSON_INTEGER) {
		snprintf(digits, WR_LINE_KEY_BYTES, "%" PRId64, value.integer);
		*key_r = wr_bytes_of(digits);
		return WR_OK;
	}
	return wr_err_set(err, WR_EINVAL, "no string or integer at %s to be the key", pointer);
}
