#include "config.h"

#include "redis/inspect.h"

#include "base/check.h"
#include "redis/refusal.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inspection {
	redisContext *context;
	const struct wr_redis_target *target;
	int64_t ttl_ms;
	void (*tell)(void *arg, enum wr_log_level level, const char *sentence);
	void *arg;
};

static void say(struct inspection *in, enum wr_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct inspection *in, enum wr_log_level level, const char *format, ...)
{
	char sentence[512];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	in->tell(in->arg, level, sentence);
}

static struct timeval to_timeval(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static enum wr_code connect_to(struct inspection *in, struct wr_err *err)
{
	const struct wr_redis_target *target = in->target;
	struct timeval connect_timeout = to_timeval(target->connect_timeout_ms);
	struct timeval command_timeout = to_timeval(target->command_timeout_ms);

	if (target->is_unix)
		in->context = redisConnectUnixWithTimeout(target->host, connect_timeout);
	else
		in->context = redisConnectWithTimeout(target->host, target->port, connect_timeout);
	if (in->context == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to look at Redis");
	if (in->context->err != 0)
		return wr_err_set(err, WR_EUNAVAILABLE, "can't connect to Redis at %s: %s",
				  target->display, in->context->errstr);
	redisSetTimeout(in->context, command_timeout);
	return WR_OK;
}

/* NULL with `err` when there is none. */
static redisReply *next_reply(struct inspection *in, struct wr_err *err)
{
	void *reply = NULL;

	if (redisGetReply(in->context, &reply) != REDIS_OK || reply == NULL)
		wr_err_set(err, WR_EUNAVAILABLE, "no reply from Redis at %s: %s",
			   in->target->display, in->context->errstr);
	return reply;
}

static enum wr_code judge(struct inspection *in, struct wr_bytes error, struct wr_err *err)
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
	return wr_err_set(err, rc, "%s: %s", in->target->display, sentence);
}

/* The greeting and the probe of every connection: all but the name must succeed. */
static enum wr_code greet(struct inspection *in, const struct wr_redis_encoder *encoder,
			  struct wr_err *err)
{
	struct wr_buf out = WR_BUF_INIT;
	size_t i, commands;
	redisReply *reply;
	enum wr_code rc = wr_redis_target_greet(in->target, &out, &commands);

	if (rc == WR_OK)
		rc = wr_redis_encode_probe(encoder, &out);
	if (rc != WR_OK ||
	    redisAppendFormattedCommand(in->context, out.data, out.size) != REDIS_OK) {
		rc = wr_err_set(err, WR_ENOMEM, "no memory to look at Redis");
		goto out;
	}
	for (i = 0; i < commands + WR_REDIS_PROBES && rc == WR_OK; i++) {
		reply = next_reply(in, err);
		if (reply == NULL) {
			rc = WR_EUNAVAILABLE;
			break;
		}
		if (reply->type == REDIS_REPLY_ERROR && i + 1 != commands)
			rc = judge(in, wr_bytes(reply->str, reply->len), err);
		freeReplyObject(reply);
	}
out:
	wr_buf_fini(&out);
	return rc;
}

/* The value of "name:value" in INFO's text, up to the end of its line; NULL when it isn't there. */
static const char *info_get(const char *text, const char *name)
{
	size_t length = strlen(name);
	const char *at;

	for (at = text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, name, length) == 0 && at[length] == ':')
			return at + length + 1;
	}
	return NULL;
}

static bool info_is(const char *text, const char *name, const char *value)
{
	const char *found = info_get(text, name);
	size_t length = strlen(value);

	return found != NULL && strncmp(found, value, length) == 0 &&
	       (found[length] == '\r' || found[length] == '\n' || found[length] == '\0');
}

static void check_eviction(struct inspection *in, const char *info)
{
	const char *policy = info_get(info, "maxmemory_policy");

	if (policy == NULL || info_is(info, "maxmemory_policy", "noeviction"))
		return;
	say(in, WR_LOG_WARN,
	    "Redis' maxmemory-policy is %.*s: claims may be evicted before their time and "
	    "duplicates pass; set it to noeviction",
	    (int)strcspn(policy, "\r\n"), policy);
}

static void check_role(struct inspection *in, const char *info)
{
	if (info_is(info, "role", "slave"))
		say(in, WR_LOG_WARN,
		    "this Redis is a replica; redis.url should lead to the primary");
}

/* "15.1 GB" */
static void format_bytes(double bytes, char *text, size_t size)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	size_t unit = 0;

	while (bytes >= 1000 && unit + 1 < WR_COUNT_OF(units)) {
		bytes /= 1000;
		unit++;
	}
	snprintf(text, size, "%.3g %s", bytes, units[unit]);
}

/* "48 h" */
static void format_duration(int64_t ms, char *text, size_t size)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {{3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++;
	snprintf(text, size, "%" PRId64 " %s", ms / units[i].ms, units[i].name);
}

static void project_memory(struct inspection *in, const char *info)
{
	const char *limit_text = info_get(info, "maxmemory");
	double ttl_s = (double)in->ttl_ms / 1000;
	double limit = limit_text != NULL ? strtod(limit_text, NULL) : 0;
	char ttl[32], needed[32], room[32];

	format_duration(in->ttl_ms, ttl, sizeof(ttl));
	format_bytes(1000 * ttl_s * WR_REDIS_BYTES_AN_ID, needed, sizeof(needed));
	format_bytes(limit, room, sizeof(room));
	if (limit > 0)
		say(in, WR_LOG_INFO,
		    "claims live for %s and take about %d bytes of Redis each: %s at 1000 events/s; "
		    "its maxmemory of %s is enough for %.3g events/s",
		    ttl, WR_REDIS_BYTES_AN_ID, needed, room,
		    limit / (ttl_s * WR_REDIS_BYTES_AN_ID));
	else
		say(in, WR_LOG_INFO,
		    "claims live for %s and take about %d bytes of Redis each: %s at 1000 events/s; "
		    "Redis has no maxmemory, so see that its machine has that much",
		    ttl, WR_REDIS_BYTES_AN_ID, needed);
}

static void check_persistence(struct inspection *in, const char *info)
{
	redisReply *reply;
	bool asked;

	if (!info_is(info, "aof_enabled", "0"))
		return;
	reply = redisCommand(in->context, "CONFIG GET save");
	asked = reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
	if (asked && reply->element[1]->len == 0)
		say(in, WR_LOG_WARN,
		    "Redis keeps its data in memory only: its restart forgets the claims and lets "
		    "duplicates pass; set appendonly to yes");
	else
		say(in, WR_LOG_WARN,
		    "Redis keeps no append-only file: a crash forgets the claims since its last "
		    "snapshot and lets duplicates pass; set appendonly to yes");
	if (reply != NULL)
		freeReplyObject(reply);
}

/* Nothing else may stand in the marks' place: they would be given up. */
static enum wr_code check_marks(struct inspection *in, const struct wr_redis_encoder *encoder,
				struct wr_err *err)
{
	redisReply *reply = redisCommand(in->context, "HGET %b -", encoder->marks_key.data,
					 encoder->marks_key.size);

	if (reply == NULL)
		return wr_err_set(err, WR_EUNAVAILABLE, "no reply from Redis at %s: %s",
				  in->target->display, in->context->errstr);
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0)
		say(in, WR_LOG_WARN,
		    "the key %.*s holds something that are no marks, so none are kept, and an offset "
		    "that goes back repeats events; delete it",
		    (int)encoder->marks_key.size, encoder->marks_key.data);
	freeReplyObject(reply);
	return WR_OK;
}

static enum wr_code read_info(struct inspection *in, struct wr_err *err)
{
	redisReply *reply = redisCommand(in->context, "INFO");

	if (reply == NULL)
		return wr_err_set(err, WR_EUNAVAILABLE, "no reply from Redis at %s: %s",
				  in->target->display, in->context->errstr);
	if (reply->type != REDIS_REPLY_STRING) {
		say(in, WR_LOG_WARN,
		    "the Redis user may not run INFO, so the eviction policy, the memory and the "
		    "persistence of this Redis are unknown");
	} else {
		check_role(in, reply->str);
		check_eviction(in, reply->str);
		check_persistence(in, reply->str);
		project_memory(in, reply->str);
	}
	freeReplyObject(reply);
	return WR_OK;
}

enum wr_code wr_redis_inspect(const struct wr_redis_target *target,
			      const struct wr_redis_encoder *encoder, int64_t ttl_ms,
			      void (*tell)(void *arg, enum wr_log_level level,
					   const char *sentence),
			      void *arg, struct wr_err *err)
{
	struct inspection in = {.target = target, .ttl_ms = ttl_ms, .tell = tell, .arg = arg};
	enum wr_code rc = connect_to(&in, err);

	if (rc == WR_OK)
		rc = greet(&in, encoder, err);
	if (rc == WR_OK)
		rc = check_marks(&in, encoder, err);
	if (rc == WR_OK)
		rc = read_info(&in, err);
	if (in.context != NULL)
		redisFree(in.context);
	return rc;
}
