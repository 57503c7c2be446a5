#include "config.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wr_buf_init(struct wr_buf *b)
{
	*b = (struct wr_buf)WR_BUF_INIT;
}

void wr_buf_fini(struct wr_buf *b)
{
	free(b->data);
	*b = (struct wr_buf)WR_BUF_INIT;
}

void wr_buf_clear(struct wr_buf *b)
{
	b->size = 0;
}

enum wr_code wr_buf_reserve(struct wr_buf *b, size_t extra)
{
	size_t capacity = b->capacity < 64 ? 64 : b->capacity;
	char *data;

	if (extra <= b->capacity - b->size && b->data != NULL)
		return WR_OK;
	if (extra > SIZE_MAX / 2 - b->size)
		return WR_ENOMEM;
	while (capacity < b->size + extra)
		capacity *= 2;
	data = realloc(b->data, capacity);
	if (data == NULL)
		return WR_ENOMEM;
	b->data = data;
	b->capacity = capacity;
	return WR_OK;
}

enum wr_code wr_buf_append(struct wr_buf *b, const void *data, size_t size)
{
	enum wr_code rc = wr_buf_reserve(b, size);

	if (rc != WR_OK)
		return rc;
	if (size > 0)
		memcpy(b->data + b->size, data, size);
	b->size += size;
	return WR_OK;
}

enum wr_code wr_buf_append_text(struct wr_buf *b, const char *text)
{
	return wr_buf_append(b, text, strlen(text));
}

enum wr_code wr_buf_printf(struct wr_buf *b, const char *format, ...)
{
	va_list args;
	int needed;
	enum wr_code rc;

	va_start(args, format);
	needed = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (needed < 0)
		return WR_ENOMEM;
	rc = wr_buf_reserve(b, (size_t)needed + 1);
	if (rc != WR_OK)
		return rc;
	va_start(args, format);
	vsnprintf(b->data + b->size, (size_t)needed + 1, format, args);
	va_end(args);
	b->size += (size_t)needed;
	return WR_OK;
}

static enum wr_code append_json_char(struct wr_buf *b, const unsigned char *s, size_t length)
{
	static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	const char *found;

	if (length == 0)
		return wr_buf_append_text(b, "\xEF\xBF\xBD");
	found = length == 1 && s[0] != '\0' ? strchr(shorts, s[0]) : NULL;
	if (found != NULL && (found - shorts) % 2 == 0)
		return wr_buf_printf(b, "\\%c", found[1]);
	if (length == 1 && s[0] < 0x20)
		return wr_buf_printf(b, "\\u%04x", s[0]);
	return wr_buf_append(b, s, length);
}

enum wr_code wr_buf_append_json_string(struct wr_buf *b, struct wr_bytes text)
{
	const unsigned char *s = text.data;
	size_t start = b->size, i = 0, length;

	if (wr_buf_append_text(b, "\"") != WR_OK)
		goto fail;
	while (i < text.size) {
		length = wr_utf8_length(s + i, text.size - i);
		if (append_json_char(b, s + i, length) != WR_OK)
			goto fail;
		i += length > 0 ? length : 1;
	}
	if (wr_buf_append_text(b, "\"") != WR_OK)
		goto fail;
	return WR_OK;
fail:
	b->size = start;
	return WR_ENOMEM;
}

static enum wr_code append_base64(struct wr_buf *b, struct wr_bytes bytes)
{
	enum wr_code rc = wr_buf_reserve(b, (bytes.size + 2) / 3 * 4 + 1);

	if (rc == WR_OK)
		b->size += (size_t)EVP_EncodeBlock((unsigned char *)b->data + b->size, bytes.data,
						   (int)bytes.size);
	return rc;
}

enum wr_code wr_buf_append_json_member(struct wr_buf *b, const char *name, struct wr_bytes bytes)
{
	bool is_text = wr_utf8_valid(bytes);
	enum wr_code rc = wr_buf_printf(b, ",\"%s%s\":", name, is_text ? "" : "Base64");

	if (rc != WR_OK)
		return rc;
	if (bytes.data == NULL)
		return wr_buf_append_text(b, "null");
	if (is_text)
		return wr_buf_append_json_string(b, bytes);
	if ((rc = wr_buf_append_text(b, "\"")) != WR_OK || (rc = append_base64(b, bytes)) != WR_OK)
		return rc;
	return wr_buf_append_text(b, "\"");
}

/* C0, DEL and C1, which terminals obey. */
static bool is_control(const unsigned char *s, size_t length)
{
	return s[0] < 0x20 || s[0] == 0x7F || (length == 2 && s[0] == 0xC2 && s[1] < 0xA0);
}

enum wr_code wr_buf_append_printable(struct wr_buf *b, struct wr_bytes text)
{
	const unsigned char *s = text.data;
	size_t start = b->size, i = 0, length;
	enum wr_code rc = WR_OK;

	while (rc == WR_OK && i < text.size) {
		length = wr_utf8_length(s + i, text.size - i);
		if (length == 0 || is_control(s + i, length)) {
			rc = wr_buf_printf(b, "\\x%02x", s[i]);
			length = 1;
		} else {
			rc = wr_buf_append(b, s + i, length);
		}
		i += length;
	}
	if (rc != WR_OK)
		b->size = start;
	return rc;
}

const char *wr_buf_text(struct wr_buf *b)
{
	if (wr_buf_reserve(b, 1) != WR_OK)
		return NULL;
	b->data[b->size] = '\0';
	return b->data;
}
