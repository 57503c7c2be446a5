#include "config.h"

#include "redis/blocking.h"

#include "redis/refusal.h"
#include "redis/resp.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>
#include <sys/socket.h>

static struct timeval to_timeval(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static enum wr_code connect_to(struct wr_redis_blocking *redis, struct wr_err *err)
{
	const struct wr_redis_target *target = redis->target;
	struct timeval connect_timeout = to_timeval(target->connect_timeout_ms);
	struct timeval command_timeout = to_timeval(target->command_timeout_ms);

	if (target->is_unix)
		redis->context = redisConnectUnixWithTimeout(target->host, connect_timeout);
	else
		redis->context =
		    redisConnectWithTimeout(target->host, target->port, connect_timeout);
	if (redis->context == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to talk to Redis");
	if (redis->context->err != 0)
		return wr_err_set(err, WR_EUNAVAILABLE, "can't connect to Redis at %s: %s",
				  target->display, redis->context->errstr);
	redisSetTimeout(redis->context, command_timeout);
	return WR_OK;
}

/* hiredis would raise SIGPIPE on a connection that is gone. */
static enum wr_code write_out(struct wr_redis_blocking *redis, const struct wr_buf *out,
			      struct wr_err *err)
{
	size_t sent = 0;
	ssize_t written;

	while (sent < out->size) {
		written =
		    send(redis->context->fd, out->data + sent, out->size - sent, MSG_NOSIGNAL);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return wr_err_set(err, WR_EUNAVAILABLE,
					  "lost the connection to Redis at %s: %s",
					  redis->target->display, strerror(errno));
		sent += (size_t)written;
	}
	return WR_OK;
}

/* NULL with `err` when there is none. */
static redisReply *next_reply(struct wr_redis_blocking *redis, struct wr_err *err)
{
	void *reply = NULL;

	if (redisGetReply(redis->context, &reply) != REDIS_OK || reply == NULL)
		wr_err_set(err, WR_EUNAVAILABLE, "no reply from Redis at %s: %s",
			   redis->target->display, redis->context->errstr);
	return reply;
}

enum wr_code wr_redis_blocking_judge(const struct wr_redis_blocking *redis, struct wr_bytes error,
				     struct wr_err *err)
{
	char sentence[WR_REDIS_SENTENCE_BYTES];
	enum wr_code rc = WR_OK;

	switch (wr_redis_refusal_read(error, sentence, sizeof(sentence))) {
	case WR_REDIS_REFUSES_KEY:
		return WR_OK;
	case WR_REDIS_REFUSES_SCRIPT:
	case WR_REDIS_REFUSES_FOR_NOW:
		rc = WR_EUNAVAILABLE;
		break;
	case WR_REDIS_REFUSES:
		rc = WR_EREFUSED;
		break;
	}
	return wr_err_set(err, rc, "%s: %s", redis->target->display, sentence);
}

/* All but the reply to the name, the last before the probe, must be no error. */
static enum wr_code take_greeting(struct wr_redis_blocking *redis, size_t commands, size_t probes,
				  struct wr_err *err)
{
	enum wr_code rc = WR_OK;
	redisReply *reply;
	size_t i;

	for (i = 0; i < commands + probes && rc == WR_OK; i++) {
		reply = next_reply(redis, err);
		if (reply == NULL)
			return WR_EUNAVAILABLE;
		if (reply->type == REDIS_REPLY_ERROR && i + 1 != commands)
			rc = wr_redis_blocking_judge(redis, wr_bytes(reply->str, reply->len), err);
		freeReplyObject(reply);
	}
	return rc;
}

static enum wr_code greet(struct wr_redis_blocking *redis, const struct wr_redis_encoder *encoder,
			  struct wr_err *err)
{
	struct wr_buf out = WR_BUF_INIT;
	size_t commands;
	enum wr_code rc = wr_redis_target_greet(redis->target, &out, &commands);

	if (rc == WR_OK && encoder != NULL)
		rc = wr_redis_encode_probe(encoder, &out);
	if (rc != WR_OK)
		rc = wr_err_set(err, rc, "no memory to talk to Redis");
	else
		rc = write_out(redis, &out, err);
	if (rc == WR_OK)
		rc = take_greeting(redis, commands, encoder != NULL ? WR_REDIS_PROBES : 0, err);
	wr_buf_fini(&out);
	return rc;
}

enum wr_code wr_redis_blocking_open(struct wr_redis_blocking *redis,
				    const struct wr_redis_target *target,
				    const struct wr_redis_encoder *encoder, struct wr_err *err)
{
	enum wr_code rc;

	*redis = (struct wr_redis_blocking){.target = target};
	rc = connect_to(redis, err);
	return rc == WR_OK ? greet(redis, encoder, err) : rc;
}

void wr_redis_blocking_close(struct wr_redis_blocking *redis)
{
	if (redis->context != NULL)
		redisFree(redis->context);
	redis->context = NULL;
}

struct redisReply *wr_redis_blocking_ask(struct wr_redis_blocking *redis,
					 const struct wr_bytes *args, size_t count,
					 struct wr_err *err)
{
	struct wr_buf out = WR_BUF_INIT;
	redisReply *reply = NULL;

	if (wr_resp_append(&out, args, count) != WR_OK)
		wr_err_set(err, WR_ENOMEM, "no memory to talk to Redis");
	else if (write_out(redis, &out, err) == WR_OK)
		reply = next_reply(redis, err);
	wr_buf_fini(&out);
	return reply;
}
