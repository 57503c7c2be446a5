/*
 * A Redis that does what the test says, byte by byte: a unix socket served by the test's own thread. On a unix
 * socket of one thread nothing is ever "on its way", so tests need no waiting.
 */
#ifndef WR_TESTS_REDIS_FAKE_H
#define WR_TESTS_REDIS_FAKE_H

#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

struct fake;

struct fake *fake_new(void);
void fake_free(struct fake *fake);

/* How to get there: connect time-out 1 s, command time-out 500 ms, no password, database 0. */
struct wr_conf_redis fake_conf(const struct fake *fake);

/* Takes the connection that waits; false when there is none. An earlier one is closed. */
bool fake_accept(struct fake *fake);

/* What has come since the last call, terminated; borrowed until then. */
const char *fake_received(struct fake *fake);

/* Up to `size` bytes of what has come, thrown away; returns how many. */
size_t fake_drain(struct fake *fake, size_t size);

void fake_send(struct fake *fake, const char *text);
void fake_send_bytes(struct fake *fake, const void *data, size_t size);

/* Sends as much of `size` bytes of `fill` as fits now; returns how many. */
size_t fake_flood(struct fake *fake, char fill, size_t size);

void fake_hang_up(struct fake *fake);

/* Stops and begins to listen: while it is away connections are refused. */
void fake_go_away(struct fake *fake);
void fake_come_back(struct fake *fake);

/* How often `word` stands in `text`. */
size_t fake_count(const char *text, const char *word);

#endif
