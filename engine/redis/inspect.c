#include "config.h"

#include "redis/inspect.h"

#include "base/check.h"
#include "redis/blocking.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inspection {
	struct wr_redis_blocking redis;
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
	reply = redisCommand(in->redis.context, "CONFIG GET save");
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
	const struct wr_bytes args[] = {wr_bytes_of("HGET"),
					wr_bytes(encoder->marks_key.data, encoder->marks_key.size),
					wr_bytes_of("-")};
	redisReply *reply = wr_redis_blocking_ask(&in->redis, args, 3, err);

	if (reply == NULL)
		return WR_EUNAVAILABLE;
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
	const struct wr_bytes info = wr_bytes_of("INFO");
	redisReply *reply = wr_redis_blocking_ask(&in->redis, &info, 1, err);

	if (reply == NULL)
		return WR_EUNAVAILABLE;
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
	struct inspection in = {.ttl_ms = ttl_ms, .tell = tell, .arg = arg};
	enum wr_code rc = wr_redis_blocking_open(&in.redis, target, encoder, err);

	if (rc == WR_OK)
		rc = check_marks(&in, encoder, err);
	if (rc == WR_OK)
		rc = read_info(&in, err);
	wr_redis_blocking_close(&in.redis);
	return rc;
}
