#include "config.h"

#include "redis/access.h"

#include "base/check.h"
#include "redis/blocking.h"
#include "redis/encode.h"
#include "redis/script.h"
#include "redis/target.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS_MAGIC UINT32_C(0x57524163)
#define ANY_TTL_MS 1000 /* the encoder wants one; no claim is written here */

struct wr_redis_access {
	uint32_t magic;
	struct wr_redis_target target;
	struct wr_redis_encoder encoder;
	struct wr_redis_blocking redis;
};

enum wr_code wr_redis_access_open(const struct wr_conf_redis *conf, const char *pipeline,
				  struct wr_redis_access **access_r, struct wr_err *err)
{
	struct wr_redis_access *a = calloc(1, sizeof(*a));
	enum wr_code rc;

	*access_r = NULL;
	if (a == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to talk to Redis");
	a->magic = ACCESS_MAGIC;
	rc = wr_redis_target_init(&a->target, conf, pipeline);
	if (wr_redis_encoder_init(&a->encoder, pipeline, ANY_TTL_MS) != WR_OK)
		rc = WR_ENOMEM;
	if (rc == WR_OK)
		rc = wr_redis_blocking_open(&a->redis, &a->target, NULL, err);
	else
		wr_err_set(err, rc, "no memory to talk to Redis");
	if (rc != WR_OK)
		wr_redis_access_close(a);
	else
		*access_r = a;
	return rc;
}

void wr_redis_access_close(struct wr_redis_access *a)
{
	if (a == NULL)
		return;
	WR_CHECK(a, ACCESS_MAGIC);
	wr_redis_blocking_close(&a->redis);
	wr_redis_encoder_fini(&a->encoder);
	wr_redis_target_fini(&a->target);
	a->magic = 0;
	free(a);
}

enum wr_code wr_redis_claim_key(const struct wr_redis_access *a, struct wr_bytes id,
				struct wr_buf *out)
{
	WR_CHECK(a, ACCESS_MAGIC);
	return wr_redis_encode_key(&a->encoder, id, out);
}

/* A reply that is no error; NULL with `err` otherwise. `wrong` is the sentence when the key holds something else. */
static redisReply *ask(struct wr_redis_access *a, const struct wr_bytes *args, size_t count,
		       const char *wrong, struct wr_err *err)
{
	redisReply *reply = wr_redis_blocking_ask(&a->redis, args, count, err);

	if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
		return reply;
	if (strncmp(reply->str, "NOPERM", 6) == 0)
		wr_err_set(err, WR_EREFUSED, "%s: the Redis user may not run %.*s",
			   a->target.display, (int)args[0].size, (const char *)args[0].data);
	else if (wr_redis_blocking_judge(&a->redis, wr_bytes(reply->str, reply->len), err) == WR_OK)
		wr_err_set(err, WR_EINVAL, "%s", wrong);
	freeReplyObject(reply);
	return NULL;
}

static enum wr_code unexpected(const struct wr_redis_access *a, struct wr_err *err)
{
	return wr_err_set(err, WR_EUNAVAILABLE, "what answers at %s is no Redis",
			  a->target.display);
}

/* Appends a string of at most `max` bytes. */
static enum wr_code take_string(const struct wr_redis_access *a, const redisReply *reply,
				size_t max, struct wr_buf *out, const char *nothing,
				struct wr_err *err)
{
	if (reply->type == REDIS_REPLY_NIL)
		return wr_err_set(err, WR_ENOTFOUND, "%s", nothing);
	if (reply->type != REDIS_REPLY_STRING)
		return unexpected(a, err);
	if (reply->len > max)
		return wr_err_set(err, WR_EINVAL, "what is kept there is too long: %zu bytes",
				  (size_t)reply->len);
	if (wr_buf_append(out, reply->str, reply->len) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "no memory for what Redis answered");
	return WR_OK;
}

static enum wr_code take_integer(const struct wr_redis_access *a, const redisReply *reply,
				 int64_t *number_r, struct wr_err *err)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return unexpected(a, err);
	*number_r = reply->integer;
	return WR_OK;
}

/* Runs `verb` on the claim's key. NULL with `err`. */
static redisReply *ask_of_claim(struct wr_redis_access *a, const char *verb, struct wr_bytes id,
				struct wr_err *err)
{
	struct wr_buf key = WR_BUF_INIT;
	struct wr_bytes args[2] = {wr_bytes_of(verb)};
	redisReply *reply = NULL;

	WR_CHECK(a, ACCESS_MAGIC);
	if (wr_redis_encode_key(&a->encoder, id, &key) == WR_OK) {
		args[1] = wr_bytes(key.data, key.size);
		reply = ask(a, args, 2, "the key holds something that is no claim", err);
	} else {
		wr_err_set(err, WR_ENOMEM, "no memory for a key");
	}
	wr_buf_fini(&key);
	return reply;
}

enum wr_code wr_redis_claim_read(struct wr_redis_access *a, struct wr_bytes id,
				 struct wr_buf *value, int64_t *ttl_ms_r, struct wr_err *err)
{
	redisReply *reply = ask_of_claim(a, "GET", id, err);
	enum wr_code rc;

	*ttl_ms_r = -1;
	if (reply == NULL)
		return err->code;
	rc = take_string(a, reply, WR_CLAIM_VALUE_BYTES, value, "no claim is kept of it", err);
	freeReplyObject(reply);
	if (rc != WR_OK)
		return rc;
	reply = ask_of_claim(a, "PTTL", id, err);
	if (reply == NULL)
		return err->code;
	rc = take_integer(a, reply, ttl_ms_r, err);
	freeReplyObject(reply);
	if (rc == WR_OK && *ttl_ms_r == -2)
		return wr_err_set(err, WR_ENOTFOUND, "its claim has just ended");
	return rc;
}

enum wr_code wr_redis_claim_forget(struct wr_redis_access *a, struct wr_bytes id,
				   struct wr_err *err)
{
	redisReply *reply = ask_of_claim(a, "DEL", id, err);
	int64_t removed = 0;
	enum wr_code rc;

	if (reply == NULL)
		return err->code;
	rc = take_integer(a, reply, &removed, err);
	freeReplyObject(reply);
	if (rc == WR_OK && removed == 0)
		return wr_err_set(err, WR_ENOTFOUND, "no claim is kept of it");
	return rc;
}

static const char no_marks[] = "the key of the marks holds something else";

enum wr_code wr_redis_mark_read(struct wr_redis_access *a, struct wr_bytes field,
				struct wr_buf *text, struct wr_err *err)
{
	struct wr_bytes args[] = {wr_bytes_of("HGET"), {NULL, 0}, field}, inner;
	struct wr_buf kept = WR_BUF_INIT;
	redisReply *reply;
	enum wr_code rc;

	WR_CHECK(a, ACCESS_MAGIC);
	args[1] = wr_bytes(a->encoder.marks_key.data, a->encoder.marks_key.size);
	reply = ask(a, args, 3, no_marks, err);
	if (reply == NULL)
		return err->code;
	rc = take_string(a, reply, WR_REDIS_STAMP_BYTES + WR_CLAIM_STORE_MARK_BYTES, &kept,
			 "no mark is kept of it", err);
	freeReplyObject(reply);
	if (rc == WR_OK) {
		inner = wr_redis_mark_text(wr_bytes(kept.data, kept.size));
		rc = wr_buf_append(text, inner.data, inner.size);
	}
	wr_buf_fini(&kept);
	return rc;
}

enum wr_code wr_redis_mark_write(struct wr_redis_access *a, const struct wr_mark_write *mark,
				 struct wr_err *err)
{
	struct wr_bytes args[] = {wr_bytes_of("HSET"), {NULL, 0}, mark->field, {NULL, 0}};
	struct wr_buf kept = WR_BUF_INIT;
	redisReply *reply = NULL;

	WR_CHECK(a, ACCESS_MAGIC);
	args[1] = wr_bytes(a->encoder.marks_key.data, a->encoder.marks_key.size);
	if (wr_redis_encode_stamp(mark->incarnation, mark->next, &kept) == WR_OK &&
	    wr_buf_append(&kept, mark->text.data, mark->text.size) == WR_OK) {
		args[3] = wr_bytes(kept.data, kept.size);
		reply = ask(a, args, 4, no_marks, err);
	} else {
		wr_err_set(err, WR_ENOMEM, "no memory for a mark");
	}
	wr_buf_fini(&kept);
	if (reply == NULL)
		return err->code;
	freeReplyObject(reply);
	return WR_OK;
}
