/*
 * Addresses as configurations write them: a listener's "host:port" and a Redis URL. Internal to conf/. Pure. [any]
 */
#ifndef WR_CONF_ADDRESS_H
#define WR_CONF_ADDRESS_H

#include "base/bytes.h"
#include "base/err.h"
#include "conf/conf.h"

/* Fills host and port: "127.0.0.1:80", "[::1]:80", "localhost:80" (taken as 127.0.0.1). The caller frees the host,
 * which is NULL unless WR_OK. WR_EINVAL (err says what is wrong with it, a clause without the text), WR_ENOMEM. */
enum wr_code wr_address_listen(struct wr_bytes text, struct wr_conf_listener *listener,
			       struct wr_err *err);

/* Whether a literal address is reachable from this machine only. */
bool wr_address_is_loopback(const char *host);

/* Whether two listeners would want the same port of the same address. */
bool wr_address_collide(const struct wr_conf_listener *a, const struct wr_conf_listener *b);

/* Fills is_unix, host, port, database, username, password and display, which the caller frees (and wipes) in any
 * case. WR_EINVAL (err says what is wrong with it, and shows nothing of the text), WR_ENOMEM. */
enum wr_code wr_address_redis(struct wr_bytes url, struct wr_conf_redis *redis, struct wr_err *err);

#endif
