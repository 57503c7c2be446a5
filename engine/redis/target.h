/*
 * Which Redis to talk to: a copy of the configuration's redis section, so that a store outlives the configuration
 * it was made from. Secrets are wiped when it goes.
 */
#ifndef WR_REDIS_TARGET_H
#define WR_REDIS_TARGET_H

#include "base/buf.h"
#include "base/code.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct wr_redis_target {
	bool is_unix;
	char *host; /* or the path of the socket */
	int port;
	int database;
	char *username; /* NULL: the default user */
	char *password; /* NULL: none */
	char *client_name;
	char *display; /* for people: no secret */
	int64_t connect_timeout_ms;
	int64_t command_timeout_ms;
};

/* WR_OK or WR_ENOMEM; fini is needed after both. */
enum wr_code wr_redis_target_init(struct wr_redis_target *target, const struct wr_conf_redis *conf,
				  const char *pipeline);
void wr_redis_target_fini(struct wr_redis_target *target);

/* Appends what a new connection says first (AUTH, SELECT, CLIENT SETNAME) and counts the commands. The reply to
 * the last, the name, is of no importance. WR_OK or WR_ENOMEM. */
enum wr_code wr_redis_target_greet(const struct wr_redis_target *target, struct wr_buf *out,
				   size_t *commands_r);

#endif
