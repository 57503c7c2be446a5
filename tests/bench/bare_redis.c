#include "config.h"

#include "tests/bench/bare_redis.h"

#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define IN_BYTES ((size_t)256 * 1024)

static int connect_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		bench_die("can't connect to Redis at %s: %s", path, strerror(errno));
	return fd;
}

static int connect_tcp(const char *address)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	const char *colon = strrchr(address, ':');
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	char host[64];

	snprintf(host, sizeof(host), "%.*s", (int)(colon != NULL ? colon - address : 0), address);
	if (colon == NULL || inet_pton(AF_INET, host, &at.sin_addr) != 1)
		bench_die("%s is no address and port", address);
	at.sin_port = htons((uint16_t)atoi(colon + 1));
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		bench_die("can't connect to Redis at %s: %s", address, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void bare_redis_open(struct bare_redis *redis, const char *address, const char *pipeline,
		     int64_t ttl_ms)
{
	char ttl[24];

	*redis = (struct bare_redis){.fd = address[0] == '/' ? connect_unix(address)
							     : connect_tcp(address)};
	fcntl(redis->fd, F_SETFL, O_NONBLOCK);
	redis->in = malloc(IN_BYTES);
	if (redis->in == NULL)
		bench_die("no memory");
	snprintf(ttl, sizeof(ttl), "%lld", (long long)ttl_ms);
	snprintf(redis->head, sizeof(redis->head), "*7\r\n$3\r\nSET\r\n$");
	redis->prefix_size =
	    (size_t)snprintf(redis->prefix, sizeof(redis->prefix), "weir:%s:e:", pipeline);
	redis->tail_size = (size_t)snprintf(
	    redis->tail, sizeof(redis->tail),
	    "\r\n$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$%zu\r\n%s\r\n", strlen(ttl), ttl);
}

static char *put(char *to, const void *data, size_t size)
{
	memcpy(to, data, size);
	return to + size;
}

static char *put_number(char *to, size_t number)
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

void bare_redis_claim(struct bare_redis *redis, const void *id, size_t id_size, const char *value,
		      size_t value_size)
{
	size_t needed = redis->out_size + id_size + value_size + 320;
	char *to;

	if (needed > redis->out_capacity) {
		redis->out_capacity = needed * 2;
		redis->out = realloc(redis->out, redis->out_capacity);
		if (redis->out == NULL)
			bench_die("no memory");
	}
	to = put(redis->out + redis->out_size, redis->head, strlen(redis->head));
	to = put_number(to, redis->prefix_size + id_size);
	to = put(to, "\r\n", 2);
	to = put(to, redis->prefix, redis->prefix_size);
	to = put(to, id, id_size);
	to = put(to, "\r\n$", 3);
	to = put_number(to, value_size);
	to = put(to, "\r\n", 2);
	to = put(to, value, value_size);
	to = put(to, redis->tail, redis->tail_size);
	redis->out_size = (size_t)(to - redis->out);
}

void bare_redis_flush(struct bare_redis *redis)
{
	ssize_t written;

	while (redis->out_sent < redis->out_size) {
		written = send(redis->fd, redis->out + redis->out_sent,
			       redis->out_size - redis->out_sent, MSG_NOSIGNAL);
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0)
			bench_die("lost Redis: %s", strerror(errno));
		redis->out_sent += (size_t)written;
	}
	redis->out_size = redis->out_sent = 0;
}

bool bare_redis_read(struct bare_redis *redis)
{
	size_t left = redis->in_end - redis->in_start;
	ssize_t got;

	if (left > 0)
		memmove(redis->in, redis->in + redis->in_start, left);
	redis->in_start = 0;
	redis->in_end = left;
	got = recv(redis->fd, redis->in + left, IN_BYTES - left, 0);
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0)
		bench_die("lost Redis: %s", got == 0 ? "it closed" : strerror(errno));
	redis->in_end += (size_t)got;
	return true;
}

bool bare_redis_next(struct bare_redis *redis, struct bare_reply *reply_r)
{
	const char *at = redis->in + redis->in_start, *line;
	size_t left = redis->in_end - redis->in_start, size;

	if (left >= 5 && memcmp(at, "$-1\r\n", 5) == 0) {
		*reply_r = (struct bare_reply){.is_nil = true};
		redis->in_start += 5;
		return true;
	}
	line = memchr(at, '\n', left);
	if (line == NULL)
		return false;
	if (*at != '$')
		bench_die("Redis says: %.*s", (int)(line - at), at);
	size = strtoul(at + 1, NULL, 10);
	if (left < (size_t)(line - at) + 1 + size + 2)
		return false;
	*reply_r = (struct bare_reply){.text = line + 1, .size = size};
	redis->in_start += (size_t)(line - at) + 1 + size + 2;
	return true;
}
