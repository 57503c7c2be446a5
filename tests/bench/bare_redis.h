/*
 * The claims of the bare loop: one buffer of commands a batch, replies read in place. No reconnecting and no
 * error handling beyond giving up: a yardstick, not a client.
 */
#ifndef WR_TESTS_BENCH_BARE_REDIS_H
#define WR_TESTS_BENCH_BARE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bare_redis {
	int fd;
	char *out;
	size_t out_size, out_sent, out_capacity;
	char *in;
	size_t in_start, in_end;
	char head[64]; /* of a command, up to the length of its key */
	char prefix[64];
	size_t prefix_size;
	char tail[96];
	size_t tail_size;
};

/* The reply to a claim. */
struct bare_reply {
	bool is_nil;
	const char *text; /* borrowed until the next call */
	size_t size;
};

/* `address` is host:port (a literal one) or the path of a socket. Ends the program on failure. */
void bare_redis_open(struct bare_redis *redis, const char *address, const char *pipeline,
		     int64_t ttl_ms);

/* Appends a claim to the buffer. */
void bare_redis_claim(struct bare_redis *redis, const void *id, size_t id_size, const char *value,
		      size_t value_size);

/* Writes what is in the buffer as far as it goes without blocking. */
void bare_redis_flush(struct bare_redis *redis);

/* Reads what is there; false when nothing came. */
bool bare_redis_read(struct bare_redis *redis);

/* The next whole reply of what was read. */
bool bare_redis_next(struct bare_redis *redis, struct bare_reply *reply_r);

#endif
