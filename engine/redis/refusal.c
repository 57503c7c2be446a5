#include "config.h"

#include "redis/refusal.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *prefix;
	enum wr_redis_refusal refusal;
	const char *sentence;
};

#define FOR_NOW WR_REDIS_REFUSES_FOR_NOW
#define REFUSES WR_REDIS_REFUSES
#define CLUSTER                                                                              \
	"this is a node of a Redis Cluster, which weir can't use; name a single Redis or a " \
	"proxy in front of the cluster"
#define PERMISSION                                                                               \
	"the Redis user lacks a permission; weir needs SET, GET, HGET, HSET, EVAL and EVALSHA, " \
	"with read and write on weir:*"

static const struct row rows[] = {
    {"WRONGTYPE", WR_REDIS_REFUSES_KEY, "the key holds something that is no claim"},
    {"OOM", FOR_NOW,
     "Redis has reached its maxmemory and takes no more claims; raise maxmemory or shorten "
     "idempotency.ttl"},
    {"READONLY", FOR_NOW, "this Redis is a read-only replica; redis.url must lead to the primary"},
    {"MASTERDOWN", FOR_NOW, "this Redis is a replica that has lost its primary"},
    {"LOADING", FOR_NOW, "Redis is loading its data after a start; claims go on when it is done"},
    {"MISCONF", FOR_NOW,
     "Redis refuses writes because it can't save its data; see its log and its disk"},
    {"NOREPLICAS", FOR_NOW, "Redis refuses writes because too few replicas are in reach"},
    {"BUSY", FOR_NOW, "Redis is busy with a script"},
    {"TRYAGAIN", FOR_NOW, CLUSTER},
    {"CLUSTERDOWN", FOR_NOW, CLUSTER},
    {"MOVED", REFUSES, CLUSTER},
    {"ASK", REFUSES, CLUSTER},
    {"CROSSSLOT", REFUSES, CLUSTER},
    {"NOAUTH", REFUSES, "Redis wants a password; set redis.password_file"},
    {"WRONGPASS", REFUSES, "Redis refuses the user name or the password of redis.url"},
    {"ERR AUTH", REFUSES, "Redis knows no password for the default user, but one is configured"},
    {"ERR Client sent AUTH", REFUSES, "Redis has no password set, but one is configured"},
    {"NOSCRIPT", WR_REDIS_REFUSES_SCRIPT, "Redis has forgotten weir's script"},
    {"NOPERM", REFUSES, PERMISSION},
    {"ERR The user executing the script", REFUSES, PERMISSION},
    {"ERR max number of clients", FOR_NOW,
     "Redis has as many clients as its maxclients allows; weir needs one connection a lane"},
    {"ERR syntax error", REFUSES,
     "this Redis is too old: SET with NX and GET needs Redis 7.0, or Valkey"},
    {"ERR DB index", REFUSES, "the database number of redis.url does not exist in this Redis"},
    {"ERR invalid DB index", REFUSES, "the database number of redis.url is refused"},
    {"ERR SELECT is not allowed", REFUSES, CLUSTER},
    {"ERR unknown command", REFUSES,
     "this Redis does not know a command that weir needs (SET, HGET, EVAL, EVALSHA, AUTH or SELECT)"},
    {"DENIED", REFUSES,
     "Redis is in protected mode and answers its own machine only; give it a password"},
};

/* An error we don't know: what stands before anything that could be quoted from a command. */
static void quote_unknown(struct wr_bytes error, char *sentence, size_t size)
{
	const char *text = error.data;
	char shown[81];
	size_t i;

	for (i = 0; i < error.size && i < sizeof(shown) - 1; i++) {
		if (text[i] < ' ' || text[i] > '~' || strchr("'`\"", text[i]) != NULL)
			break;
		shown[i] = text[i];
	}
	shown[i] = '\0';
	snprintf(sentence, size, "Redis refuses claims: %s", shown);
}

enum wr_redis_refusal wr_redis_refusal_read(struct wr_bytes error, char *sentence, size_t size)
{
	size_t i, length;

	for (i = 0; i < WR_COUNT_OF(rows); i++) {
		length = strlen(rows[i].prefix);
		if (error.size < length || memcmp(error.data, rows[i].prefix, length) != 0)
			continue;
		snprintf(sentence, size, "%s", rows[i].sentence);
		return rows[i].refusal;
	}
	quote_unknown(error, sentence, size);
	return WR_REDIS_REFUSES_FOR_NOW;
}
