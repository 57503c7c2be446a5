/*
 * The headers of a request that matter here, read in one pass, and whether the request's framing can be believed.
 * libmicrohttpd takes the first of two Content-Length fields, prefers Transfer-Encoding over Content-Length, and
 * ignores a field whose name has a space behind it; a proxy in front may choose otherwise, and the next request would
 * begin elsewhere for it (request smuggling). So whatever can be read in two ways is refused (RFC 9112, section 6.3).
 */
#ifndef WR_HTTP_HEADERS_H
#define WR_HTTP_HEADERS_H

#include "base/bytes.h"

#include <microhttpd.h>

#include <stdbool.h>
#include <stdint.h>

struct wr_http_headers {
	/* Borrowed from the request; data NULL: not there. */
	struct wr_bytes host;
	struct wr_bytes origin;
	struct wr_bytes authorization;
	struct wr_bytes content_type;
	struct wr_bytes content_encoding;
	struct wr_bytes content_length_text;
	struct wr_bytes transfer_encoding;
	struct wr_bytes expect;
	struct wr_bytes idempotency_key;
	struct wr_bytes traceparent;
	struct wr_bytes user;
	size_t bytes; /* of the connection's memory that the request line and all headers take */
	bool is_cloud_event;     /* a ce-specversion is there */
	bool has_body;           /* of a length above 0, or of unknown length */
	bool is_chunked;         /* the length is not known */
	uint64_t content_length; /* when not chunked */
	const char *wrong;       /* NULL, or a sentence why the request must be refused with 400 */
};

/* Reads the headers of a connection's request. `version` is the one of the request line. [listener] */
void wr_http_headers_read(struct MHD_Connection *connection, const char *version,
			  struct wr_http_headers *headers_r);

/* One field, as libmicrohttpd hands it out, and the check when all were added. The parts of the above, for tests. */
void wr_http_headers_add(struct wr_http_headers *headers, struct wr_bytes name,
			 struct wr_bytes value);
void wr_http_headers_check(struct wr_http_headers *headers, const char *version);

/* A field's value up to the first `;`, without space around it, is `mime` (lower case). *rest_r is what follows the
 * `;`. [any] */
bool wr_http_mime_is(struct wr_bytes value, const char *mime, struct wr_bytes *rest_r);

/* Whether parameters such as "charset=UTF-8; x=y" name no charset, or utf-8. [any] */
bool wr_http_charset_is_utf8(struct wr_bytes parameters);

/* A valid W3C traceparent (Trace Context, section 3.2). [any] */
bool wr_http_is_traceparent(struct wr_bytes value);

#endif
