#include "config.h"

#include "http/internal.h"

#include "base/secret.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool wr_http_access_by_token(const struct wr_http_request *req)
{
	static const char scheme[] = "Bearer ";
	const struct wr_bytes header = req->headers.authorization;
	const char *given = header.data;
	size_t size = header.size, skip = sizeof(scheme) - 1;

	if (req->settings->token == NULL)
		return true;
	if (given == NULL || size < skip || strncasecmp(given, scheme, skip) != 0)
		return false;
	while (skip < size && given[skip] == ' ')
		skip++;
	return wr_secret_equal(wr_bytes_of(req->settings->token),
			       wr_bytes(given + skip, size - skip));
}

bool wr_http_host_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* The host of "host", "host:port", "[v6]" or "[v6]:port", without brackets. False when it is none of these. */
static bool split_host(struct wr_bytes authority, char *host, size_t host_size)
{
	const char *text = authority.data, *end = text + authority.size, *stop;
	bool has_brackets = authority.size > 0 && text[0] == '[';

	if (has_brackets)
		text++;
	stop = memchr(text, has_brackets ? ']' : ':', (size_t)(end - text));
	if (stop == NULL && has_brackets)
		return false;
	if (stop == NULL)
		stop = end;
	if (stop == text || (size_t)(stop - text) >= host_size)
		return false;
	memcpy(host, text, (size_t)(stop - text));
	host[stop - text] = '\0';
	if (has_brackets)
		stop++;
	if (stop == end)
		return true;
	return *stop == ':' && strspn(stop + 1, "0123456789") >= (size_t)(end - stop - 1);
}

static bool is_own(const struct wr_http_listener *listener, struct wr_bytes authority)
{
	char host[256];

	return split_host(authority, host, sizeof(host)) &&
	       (wr_http_host_is_loopback(host) || strcasecmp(host, listener->conf->host) == 0);
}

static bool origin_is_own(const struct wr_http_listener *listener, struct wr_bytes origin)
{
	static const char *const schemes[] = {"http://", "https://"};
	const char *text = origin.data;
	size_t i, size;

	for (i = 0; i < 2; i++) {
		size = strlen(schemes[i]);
		if (origin.size > size && strncasecmp(text, schemes[i], size) == 0)
			return is_own(listener, wr_bytes(text + size, origin.size - size));
	}
	return false;
}

/* A page in a browser can point a name of its own at 127.0.0.1 and so reach a server there, but the browser then names
 * that host. A token guards against it by itself, and the ingest listener is public. */
bool wr_http_access_by_host(const struct wr_http_request *req)
{
	const struct wr_http_listener *listener = req->listener;
	const struct wr_http_headers *headers = &req->headers;

	if (listener->side != WR_HTTP_ADMIN || req->settings->token != NULL)
		return true;
	if (headers->host.data != NULL && !is_own(listener, headers->host))
		return false;
	return headers->origin.data == NULL || origin_is_own(listener, headers->origin);
}
