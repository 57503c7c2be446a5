#include "config.h"

#include "http/headers.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define FIELD_BYTES 64 /* beside its text, as libmicrohttpd keeps it */

struct row {
	const char *name;
	size_t size;
	size_t offset;
	bool is_single; /* a second one is an error */
};

#define ROW(name, field, is_single)                                                            \
	{                                                                                      \
		(name), sizeof(name) - 1, offsetof(struct wr_http_headers, field), (is_single) \
	}

static const struct row rows[] = {
    ROW("Host", host, true),
    ROW("Origin", origin, true),
    ROW("Authorization", authorization, true),
    ROW("Content-Type", content_type, true),
    ROW("Content-Encoding", content_encoding, true),
    ROW("Content-Length", content_length_text, true),
    ROW("Transfer-Encoding", transfer_encoding, true),
    ROW("Expect", expect, true),
    ROW("Idempotency-Key", idempotency_key, true),
    ROW("traceparent", traceparent, false),
    ROW("Weir-User", user, true),
};

static bool equals_ignoring_case(struct wr_bytes text, const char *other)
{
	return text.size == strlen(other) && strncasecmp(text.data, other, text.size) == 0;
}

/* RFC 9110, section 5.6.2. */
static bool is_token(struct wr_bytes text)
{
	/* A bit for each of "!#$%&'*+-.^_`|~", the digits and the letters. */
	static const uint32_t allowed[8] = {0, 0x03FF6CFA, 0xC7FFFFFE, 0x57FFFFFF, 0, 0, 0, 0};
	const unsigned char *c = text.data;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if ((allowed[c[i] / 32] >> (c[i] % 32) & 1) == 0)
			return false;
	}
	return text.size > 0;
}

static bool has_control_character(struct wr_bytes text)
{
	const unsigned char *c = text.data;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if ((c[i] < 0x20 && c[i] != '\t') || c[i] == 0x7F)
			return true;
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct wr_bytes trim(struct wr_bytes text)
{
	const char *at = text.data;

	while (text.size > 0 && is_blank(at[0])) {
		at++;
		text.size--;
	}
	while (text.size > 0 && is_blank(at[text.size - 1]))
		text.size--;
	return wr_bytes(at, text.size);
}

void wr_http_headers_add(struct wr_http_headers *headers, struct wr_bytes name,
			 struct wr_bytes value)
{
	struct wr_bytes *field;
	size_t i;

	if (!is_token(name))
		headers->wrong = "a header's name holds characters that are not allowed there";
	else if (has_control_character(value))
		headers->wrong = "a header's value holds control characters";
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (name.size != rows[i].size ||
		    strncasecmp(name.data, rows[i].name, name.size) != 0)
			continue;
		field = (struct wr_bytes *)(void *)((char *)headers + rows[i].offset);
		if (field->data != NULL && rows[i].is_single)
			headers->wrong = "a header that may stand once stands twice";
		*field = value.data != NULL ? trim(value) : wr_bytes("", 0);
		return;
	}
	if (equals_ignoring_case(name, "ce-specversion"))
		headers->is_cloud_event = true;
}

static bool parse_length(struct wr_bytes text, uint64_t *length_r)
{
	const char *c = text.data;
	uint64_t length = 0;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (c[i] < '0' || c[i] > '9' || __builtin_mul_overflow(length, 10u, &length) ||
		    __builtin_add_overflow(length, (uint64_t)(c[i] - '0'), &length))
			return false;
	}
	*length_r = length;
	return text.size > 0;
}

void wr_http_headers_check(struct wr_http_headers *headers, const char *version)
{
	if (headers->wrong != NULL)
		return;
	if (headers->transfer_encoding.data != NULL) {
		headers->is_chunked = true;
		headers->has_body = true;
		if (headers->content_length_text.data != NULL)
			headers->wrong = "Content-Length and Transfer-Encoding exclude each other";
		else if (!equals_ignoring_case(headers->transfer_encoding, "chunked"))
			headers->wrong = "the only Transfer-Encoding that is taken is chunked";
		else if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
			headers->wrong = "Transfer-Encoding needs HTTP/1.1";
		return;
	}
	if (headers->content_length_text.data == NULL)
		return;
	if (!parse_length(headers->content_length_text, &headers->content_length))
		headers->wrong = "Content-Length is not a number";
	headers->has_body = headers->content_length > 0;
}

static enum MHD_Result add_field(void *arg, enum MHD_ValueKind kind, const char *name,
				 size_t name_size, const char *value, size_t value_size)
{
	struct wr_http_headers *headers = arg;

	(void)kind;
	if (equals_ignoring_case(wr_bytes(name, name_size), "Cookie"))
		headers->bytes += value_size; /* copied to be taken apart */
	wr_http_headers_add(arg, wr_bytes(name, name_size), wr_bytes(value, value_size));
	return MHD_YES;
}

void wr_http_headers_read(struct MHD_Connection *connection, const char *version,
			  struct wr_http_headers *headers_r)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	int count = MHD_get_connection_values_n(
	    connection, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL);

	*headers_r = (struct wr_http_headers){.has_body = false};
	headers_r->bytes = (info != NULL ? info->header_size : 0) + (size_t)count * FIELD_BYTES;
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_field, headers_r);
	wr_http_headers_check(headers_r, version);
}

/* Cuts `*rest_p` at its first `;`: returns what stands before, leaves what stands behind. */
static struct wr_bytes cut(struct wr_bytes *rest_p)
{
	struct wr_bytes whole = *rest_p, first = whole;
	const char *semicolon;

	semicolon = whole.size > 0 ? memchr(whole.data, ';', whole.size) : NULL;
	*rest_p = wr_bytes("", 0);
	if (semicolon != NULL) {
		first.size = (size_t)(semicolon - (const char *)whole.data);
		*rest_p = wr_bytes(semicolon + 1, whole.size - first.size - 1);
	}
	return trim(first);
}

bool wr_http_mime_is(struct wr_bytes value, const char *mime, struct wr_bytes *rest_r)
{
	*rest_r = value;
	return equals_ignoring_case(cut(rest_r), mime);
}

bool wr_http_charset_is_utf8(struct wr_bytes parameters)
{
	static const char name[] = "charset=";
	struct wr_bytes one;

	while (parameters.size > 0) {
		one = cut(&parameters);
		if (one.size < sizeof(name) - 1 ||
		    strncasecmp(one.data, name, sizeof(name) - 1) != 0)
			continue;
		one = wr_bytes((const char *)one.data + sizeof(name) - 1,
			       one.size - sizeof(name) + 1);
		return equals_ignoring_case(one, "utf-8") ||
		       equals_ignoring_case(one, "\"utf-8\"") || equals_ignoring_case(one, "utf8");
	}
	return true;
}

static bool is_lower_hex(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	}
	return true;
}

static bool is_all_zero(const char *text, size_t size)
{
	return strspn(text, "0") >= size;
}

bool wr_http_is_traceparent(struct wr_bytes value)
{
	char text[56];

	if (value.size != 55)
		return false;
	memcpy(text, value.data, 55);
	text[55] = '\0';
	return text[2] == '-' && text[35] == '-' && text[52] == '-' && is_lower_hex(text, 2) &&
	       memcmp(text, "ff", 2) != 0 && is_lower_hex(text + 3, 32) &&
	       !is_all_zero(text + 3, 32) && is_lower_hex(text + 36, 16) &&
	       !is_all_zero(text + 36, 16) && is_lower_hex(text + 53, 2);
}
