#include "config.h"

#include "redis/resp.h"

#include <string.h>

/* The length of a bulk string goes up to Redis' proto-max-bulk-len; what is beyond that is no Redis. */
#define BULK_MAX ((size_t)4 << 30)

/* The line behind the type byte, without its CRLF. */
static enum wr_resp_progress parse_line(const char *data, size_t size, struct wr_bytes *line_r,
					size_t *used_r)
{
	size_t window = size < WR_RESP_LINE_BYTES ? size : WR_RESP_LINE_BYTES;
	const char *end = memchr(data, '\r', window);

	if (end == NULL || end + 1 == data + window)
		return window == WR_RESP_LINE_BYTES ? WR_RESP_BROKEN : WR_RESP_PARTIAL;
	if (end[1] != '\n')
		return WR_RESP_BROKEN;
	*line_r = wr_bytes(data + 1, (size_t)(end - data) - 1);
	*used_r = (size_t)(end - data) + 2;
	return WR_RESP_REPLY;
}

static enum wr_resp_progress parse_length(struct wr_bytes line, size_t *length_r)
{
	const char *digits = line.data;
	size_t i, length = 0;

	if (line.size == 0)
		return WR_RESP_BROKEN;
	for (i = 0; i < line.size; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return WR_RESP_BROKEN;
		length = length * 10 + (size_t)(digits[i] - '0');
		if (length > BULK_MAX)
			return WR_RESP_BROKEN;
	}
	*length_r = length;
	return WR_RESP_REPLY;
}

static enum wr_resp_progress parse_string(const char *data, size_t size, struct wr_bytes line,
					  struct wr_resp_reply *reply_r, size_t *used_r)
{
	const char *text = data + *used_r;
	size_t length, left = size - *used_r;
	enum wr_resp_progress progress = parse_length(line, &length);

	if (progress != WR_RESP_REPLY)
		return progress;
	if (length > WR_RESP_STRING_BYTES) {
		*reply_r = (struct wr_resp_reply){WR_RESP_LONG_STRING, {NULL, 0}, length + 2};
		return WR_RESP_REPLY;
	}
	if (left < length + 2)
		return WR_RESP_PARTIAL;
	if (text[length] != '\r' || text[length + 1] != '\n')
		return WR_RESP_BROKEN;
	*reply_r = (struct wr_resp_reply){WR_RESP_STRING, wr_bytes(text, length), 0};
	*used_r += length + 2;
	return WR_RESP_REPLY;
}

enum wr_resp_progress wr_resp_parse(const char *data, size_t size, struct wr_resp_reply *reply_r,
				    size_t *used_r)
{
	struct wr_bytes line;
	enum wr_resp_progress progress;
	enum wr_resp_kind kind;

	*used_r = 0;
	*reply_r = (struct wr_resp_reply){WR_RESP_NIL, {NULL, 0}, 0};
	if (size >= 5 && memcmp(data, "$-1\r\n", 5) == 0) {
		*used_r = 5;
		return WR_RESP_REPLY;
	}
	if (size == 0)
		return WR_RESP_PARTIAL;
	switch (data[0]) {
	case '$':
		kind = WR_RESP_STRING;
		break;
	case '+':
		kind = WR_RESP_STATUS;
		break;
	case '-':
		kind = WR_RESP_ERROR;
		break;
	case ':':
		kind = WR_RESP_INTEGER;
		break;
	default:
		return WR_RESP_BROKEN;
	}
	progress = parse_line(data, size, &line, used_r);
	if (progress != WR_RESP_REPLY)
		return progress;
	if (kind == WR_RESP_STRING)
		return parse_string(data, size, line, reply_r, used_r);
	reply_r->kind = kind;
	reply_r->text = line;
	return WR_RESP_REPLY;
}

char *wr_resp_put_number(char *to, size_t number)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*to++ = digits[--count];
	return to;
}

static char *put_length(char *to, char type, size_t length)
{
	*to++ = type;
	to = wr_resp_put_number(to, length);
	*to++ = '\r';
	*to++ = '\n';
	return to;
}

enum wr_code wr_resp_append(struct wr_buf *out, const struct wr_bytes *args, size_t count)
{
	size_t i, needed = 32;
	enum wr_code rc;
	char *to;

	for (i = 0; i < count; i++)
		needed += args[i].size + 32;
	rc = wr_buf_reserve(out, needed);
	if (rc != WR_OK)
		return rc;
	to = put_length(out->data + out->size, '*', count);
	for (i = 0; i < count; i++) {
		to = put_length(to, '$', args[i].size);
		if (args[i].size > 0)
			memcpy(to, args[i].data, args[i].size);
		to += args[i].size;
		*to++ = '\r';
		*to++ = '\n';
	}
	out->size = (size_t)(to - out->data);
	return WR_OK;
}
