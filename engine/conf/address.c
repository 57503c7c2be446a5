#include "config.h"

#include "conf/address.h"
#include "base/secret.h"
#include "conf/scalar.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum wr_code no_memory(struct wr_err *err)
{
	return wr_err_set(err, WR_ENOMEM, "out of memory");
}

static enum wr_code invalid(struct wr_err *err, const char *text)
{
	return wr_err_set(err, WR_EINVAL, "%s", text);
}

static bool only_digits(struct wr_bytes text)
{
	const char *s = text.data;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
	}
	return text.size > 0;
}

static enum wr_code parse_number(struct wr_bytes text, int most, int *value_r)
{
	int64_t value;

	if (!only_digits(text) || wr_scalar_integer(text, &value) != WR_OK || value > most)
		return WR_EINVAL;
	*value_r = (int)value;
	return WR_OK;
}

/* Cuts "host:port", "[v6]:port" or "host" (port.data is NULL then). */
static bool cut_host(struct wr_bytes text, struct wr_bytes *host_r, struct wr_bytes *port_r)
{
	const char *s = text.data, *end = s + text.size, *colon;

	*port_r = wr_bytes(NULL, 0);
	if (text.size > 0 && s[0] == '[') {
		colon = memchr(s, ']', text.size);
		if (colon == NULL)
			return false;
		*host_r = wr_bytes(s + 1, (size_t)(colon - s) - 1);
		colon++;
		if (colon != end && *colon != ':')
			return false;
	} else {
		colon = memchr(s, ':', text.size);
		if (colon == NULL)
			colon = end;
		*host_r = wr_bytes(s, (size_t)(colon - s));
	}
	if (colon != end)
		*port_r = wr_bytes(colon + 1, (size_t)(end - colon) - 1);
	return true;
}

static bool is_literal(const char *host, bool v6)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(v6 ? AF_INET6 : AF_INET, host, address) == 1;
}

enum wr_code wr_address_listen(struct wr_bytes text, struct wr_conf_listener *listener,
			       struct wr_err *err)
{
	struct wr_bytes host, port;
	bool v6 = text.size > 0 && *(const char *)text.data == '[';
	char *copy;

	listener->host = NULL;
	if (!cut_host(text, &host, &port) || port.data == NULL)
		return invalid(err, "there is no port");
	if (parse_number(port, 65535, &listener->port) != WR_OK)
		return invalid(err, "the port is not a number from 0 to 65535");
	if (wr_bytes_equal(host, wr_bytes_of("localhost")))
		host = wr_bytes_of("127.0.0.1");
	copy = strndup(host.data, host.size);
	if (copy == NULL)
		return no_memory(err);
	if (!is_literal(copy, v6)) {
		free(copy);
		if (host.size == 0 || wr_bytes_equal(host, wr_bytes_of("*")))
			return invalid(err, "write 0.0.0.0 or [::] for all addresses");
		return invalid(err, "the host is not an IP address");
	}
	listener->host = copy;
	return WR_OK;
}

bool wr_address_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool is_wildcard(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return v4.s_addr == INADDR_ANY;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
}

bool wr_address_collide(const struct wr_conf_listener *a, const struct wr_conf_listener *b)
{
	if (a->port == 0 || a->port != b->port)
		return false;
	return strcmp(a->host, b->host) == 0 || is_wildcard(a->host) || is_wildcard(b->host);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text with its %XX decoded, or NULL: WR_EINVAL (also for %00), WR_ENOMEM. */
static enum wr_code decode(struct wr_bytes text, char **decoded_r)
{
	const char *s = text.data;
	char *out = malloc(text.size + 1);
	size_t i, n = 0;
	int high, low;

	*decoded_r = NULL;
	if (out == NULL)
		return WR_ENOMEM;
	for (i = 0; i < text.size; i++) {
		if (s[i] != '%') {
			out[n++] = s[i];
			continue;
		}
		high = i + 2 < text.size ? hex_value(s[i + 1]) : -1;
		low = i + 2 < text.size ? hex_value(s[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0)) {
			wr_secret_wipe(out, n);
			free(out);
			return WR_EINVAL;
		}
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	out[n] = '\0';
	*decoded_r = out;
	return WR_OK;
}

/* "user:password", "user" or ":password" */
static enum wr_code parse_user(struct wr_bytes text, struct wr_conf_redis *redis,
			       struct wr_err *err)
{
	static const char message[] = "a %XX in the user or password can't be read";
	const char *s = text.data, *colon = memchr(s, ':', text.size);
	struct wr_bytes user = text, password = {NULL, 0};
	enum wr_code rc = WR_OK;

	if (colon != NULL) {
		user = wr_bytes(s, (size_t)(colon - s));
		password = wr_bytes(colon + 1, text.size - user.size - 1);
	}
	if (user.size > 0)
		rc = decode(user, &redis->username);
	if (rc == WR_OK && password.size > 0)
		rc = decode(password, &redis->password);
	if (rc == WR_EINVAL)
		return invalid(err, message);
	return rc == WR_OK ? WR_OK : no_memory(err);
}

static enum wr_code set_display(struct wr_conf_redis *redis, struct wr_err *err)
{
	bool v6 = !redis->is_unix && strchr(redis->host, ':') != NULL;
	int rc;

	if (redis->is_unix)
		rc = asprintf(&redis->display, "unix://%s?db=%d", redis->host, redis->database);
	else
		rc = asprintf(&redis->display, "redis://%s%s%s%s%s:%d/%d",
			      redis->username != NULL ? redis->username : "",
			      redis->username != NULL ? "@" : "", v6 ? "[" : "", redis->host,
			      v6 ? "]" : "", redis->port, redis->database);
	if (rc < 0) {
		redis->display = NULL;
		return no_memory(err);
	}
	return WR_OK;
}

static enum wr_code parse_unix(struct wr_bytes rest, struct wr_conf_redis *redis,
			       struct wr_err *err)
{
	const char *s = rest.data, *query = memchr(s, '?', rest.size);
	struct wr_bytes path = rest, database;

	if (query != NULL) {
		path = wr_bytes(s, (size_t)(query - s));
		database = wr_bytes(query + 1, rest.size - path.size - 1);
		if (database.size < 3 || memcmp(database.data, "db=", 3) != 0 ||
		    parse_number(wr_bytes(query + 4, database.size - 3), 65535, &redis->database) !=
			WR_OK)
			return invalid(err, "what follows the path is not ?db=number");
	}
	if (path.size < 2 || s[0] != '/')
		return invalid(err, "the path of the socket is not absolute");
	if (path.size > 107)
		return invalid(err, "the path of the socket is longer than 107 bytes");
	redis->is_unix = true;
	redis->host = strndup(path.data, path.size);
	return redis->host != NULL ? set_display(redis, err) : no_memory(err);
}

static enum wr_code parse_tcp(struct wr_bytes rest, struct wr_conf_redis *redis, struct wr_err *err)
{
	const char *s = rest.data, *at = memrchr(s, '@', rest.size), *slash;
	struct wr_bytes host, port;
	enum wr_code rc;

	if (at != NULL) {
		rc = parse_user(wr_bytes(s, (size_t)(at - s)), redis, err);
		if (rc != WR_OK)
			return rc;
		rest = wr_bytes(at + 1, rest.size - (size_t)(at - s) - 1);
	}
	s = rest.data;
	slash = memchr(s, '/', rest.size);
	if (slash != NULL) {
		port = wr_bytes(slash + 1, rest.size - (size_t)(slash - s) - 1);
		if (port.size > 0 && parse_number(port, 65535, &redis->database) != WR_OK)
			return invalid(err, "the database after the / is not a number");
		rest.size = (size_t)(slash - s);
	}
	redis->port = 6379;
	if (!cut_host(rest, &host, &port) || host.size == 0)
		return invalid(err, "there is no host");
	if (port.data != NULL &&
	    (parse_number(port, 65535, &redis->port) != WR_OK || redis->port == 0))
		return invalid(err, "the port is not a number from 1 to 65535");
	redis->host = strndup(host.data, host.size);
	return redis->host != NULL ? set_display(redis, err) : no_memory(err);
}

static bool has_prefix(struct wr_bytes text, const char *prefix, struct wr_bytes *rest_r)
{
	size_t size = strlen(prefix);

	if (text.size < size || memcmp(text.data, prefix, size) != 0)
		return false;
	*rest_r = wr_bytes((const char *)text.data + size, text.size - size);
	return true;
}

enum wr_code wr_address_redis(struct wr_bytes url, struct wr_conf_redis *redis, struct wr_err *err)
{
	struct wr_bytes rest;

	if (has_prefix(url, "rediss://", &rest))
		return invalid(err, "TLS to Redis is not supported by this version of weir");
	if (has_prefix(url, "unix://", &rest))
		return parse_unix(rest, redis, err);
	if (has_prefix(url, "redis://", &rest))
		return parse_tcp(rest, redis, err);
	return invalid(err, "it begins with neither redis:// nor unix://");
}
