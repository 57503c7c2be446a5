#include "config.h"

#include "redis/encode.h"

#include "base/check.h"
#include "base/sha256.h"
#include "redis/resp.h"
#include "redis/script.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HASHED "sha256:"
#define HASHED_BYTES (sizeof(HASHED) - 1)
#define DIGEST_BYTES (HASHED_BYTES + WR_SHA256_HEX_BYTES) /* with the NUL */
#define PROBE_TTL "1000"                                  /* ms: it leaves nothing behind */

static const char head[] = "*7\r\n$3\r\nSET\r\n$";
static const char options[] = "\r\n$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n";

static char *put(char *to, const void *data, size_t size)
{
	if (size > 0)
		memcpy(to, data, size);
	return to + size;
}

/* SET as claims have it, and the script's own look at what it may do. */
static enum wr_code make_probe(struct wr_redis_encoder *encoder, const char *pipeline)
{
	char key[WR_REDIS_ID_BYTES * 2];
	int size = snprintf(key, sizeof(key), "weir:%.200s:probe", pipeline);
	struct wr_bytes set[] = {wr_bytes_of("SET"),    wr_bytes(key, (size_t)size),
				 wr_bytes_of("1"),      wr_bytes_of("NX"),
				 wr_bytes_of("GET"),    wr_bytes_of("PX"),
				 wr_bytes_of(PROBE_TTL)};
	struct wr_bytes eval[] = {wr_bytes_of("EVAL"), wr_bytes_of(wr_redis_script),
				  wr_bytes_of("1"), wr_bytes(key, (size_t)size),
				  wr_bytes_of("probe")};
	enum wr_code rc = wr_resp_append(&encoder->probe, set, WR_COUNT_OF(set));

	return rc == WR_OK ? wr_resp_append(&encoder->probe, eval, WR_COUNT_OF(eval)) : rc;
}

enum wr_code wr_redis_encoder_init(struct wr_redis_encoder *encoder, const char *pipeline,
				   int64_t ttl_ms)
{
	enum wr_code rc;

	WR_ASSERT(ttl_ms > 0);
	wr_buf_init(&encoder->prefix);
	wr_buf_init(&encoder->marks_key);
	wr_buf_init(&encoder->tail);
	wr_buf_init(&encoder->probe);
	snprintf(encoder->ttl, sizeof(encoder->ttl), "%" PRId64, ttl_ms);
	rc = wr_buf_printf(&encoder->prefix, "weir:%s:e:", pipeline);
	if (rc == WR_OK)
		rc = wr_buf_printf(&encoder->marks_key, "weir:%s:m", pipeline);
	if (rc == WR_OK)
		rc = wr_buf_printf(&encoder->tail, "%s$%zu\r\n%s\r\n", options,
				   strlen(encoder->ttl), encoder->ttl);
	if (rc == WR_OK)
		rc = make_probe(encoder, pipeline);
	return rc;
}

void wr_redis_encoder_fini(struct wr_redis_encoder *encoder)
{
	wr_buf_fini(&encoder->prefix);
	wr_buf_fini(&encoder->marks_key);
	wr_buf_fini(&encoder->tail);
	wr_buf_fini(&encoder->probe);
}

static bool is_hashed(struct wr_bytes id)
{
	return id.size > WR_REDIS_ID_BYTES ||
	       (id.size >= HASHED_BYTES && memcmp(id.data, HASHED, HASHED_BYTES) == 0);
}

/* An upper bound for what put_claim() writes. */
static size_t claim_bound(const struct wr_redis_encoder *encoder, const struct wr_claim *claim)
{
	return sizeof(head) + encoder->prefix.size + WR_REDIS_ID_BYTES + claim->value.size +
	       encoder->tail.size + 64;
}

/* `out` has the room. */
static void put_claim(const struct wr_redis_encoder *encoder, struct wr_bytes id,
		      struct wr_bytes value, struct wr_buf *out)
{
	char *to = out->data + out->size;

	to = put(to, head, sizeof(head) - 1);
	to = wr_resp_put_number(to, encoder->prefix.size + id.size);
	to = put(to, "\r\n", 2);
	to = put(to, encoder->prefix.data, encoder->prefix.size);
	to = put(to, id.data, id.size);
	to = put(to, "\r\n$", 3);
	to = wr_resp_put_number(to, value.size);
	to = put(to, "\r\n", 2);
	to = put(to, value.data, value.size);
	to = put(to, encoder->tail.data, encoder->tail.size);
	out->size = (size_t)(to - out->data);
}

/* What stands in the key for an id. `digest` is where a digest may stand. WR_OK or WR_ENOMEM. */
static enum wr_code shorten(struct wr_bytes *id_p, char digest[DIGEST_BYTES])
{
	if (!is_hashed(*id_p))
		return WR_OK;
	memcpy(digest, HASHED, HASHED_BYTES);
	if (wr_sha256_hex(*id_p, digest + HASHED_BYTES) != WR_OK)
		return WR_ENOMEM;
	*id_p = wr_bytes(digest, DIGEST_BYTES - 1);
	return WR_OK;
}

enum wr_code wr_redis_encode_key(const struct wr_redis_encoder *encoder, struct wr_bytes id,
				 struct wr_buf *out)
{
	char digest[DIGEST_BYTES];
	enum wr_code rc = shorten(&id, digest);

	if (rc == WR_OK)
		rc = wr_buf_append(out, encoder->prefix.data, encoder->prefix.size);
	if (rc == WR_OK && id.size > 0)
		rc = wr_buf_append(out, id.data, id.size);
	return rc;
}

static enum wr_code append_take_over(const struct wr_redis_encoder *encoder,
				     const struct wr_claim *claim, struct wr_buf *out)
{
	struct wr_buf key = WR_BUF_INIT;
	struct wr_bytes args[] = {wr_bytes_of("EVALSHA"), wr_bytes_of(WR_REDIS_SCRIPT_SHA1),
				  wr_bytes_of("1"),       {NULL, 0},
				  wr_bytes_of("claim"),   claim->expect,
				  claim->value,           wr_bytes_of(encoder->ttl)};
	enum wr_code rc = wr_redis_encode_key(encoder, claim->id, &key);

	args[3] = wr_bytes(key.data, key.size);
	if (rc == WR_OK)
		rc = wr_resp_append(out, args, WR_COUNT_OF(args));
	wr_buf_fini(&key);
	return rc;
}

static enum wr_code append_claim(const struct wr_redis_encoder *encoder,
				 const struct wr_claim *claim, struct wr_buf *out)
{
	char digest[DIGEST_BYTES];
	struct wr_bytes id = claim->id;
	enum wr_code rc;

	WR_ASSERT(claim->value.size <= WR_CLAIM_VALUE_BYTES);
	if (claim->expect.data != NULL)
		return append_take_over(encoder, claim, out);
	rc = shorten(&id, digest);
	if (rc == WR_OK)
		rc = wr_buf_reserve(out, claim_bound(encoder, claim));
	if (rc == WR_OK)
		put_claim(encoder, id, claim->value, out);
	return rc;
}

enum wr_code wr_redis_encode_set(const struct wr_redis_encoder *encoder,
				 const struct wr_claim_set *set, struct wr_buf *out)
{
	size_t i, start = out->size;
	enum wr_code rc;

	for (i = 0; i < set->count; i++) {
		rc = append_claim(encoder, &set->claims[i], out);
		if (rc != WR_OK) {
			out->size = start;
			return rc;
		}
	}
	return WR_OK;
}

enum wr_code wr_redis_encode_query(const struct wr_redis_encoder *encoder,
				   const struct wr_mark_query *query, struct wr_buf *out)
{
	struct wr_bytes args[] = {wr_bytes_of("HGET"),
				  wr_bytes(encoder->marks_key.data, encoder->marks_key.size),
				  {NULL, 0}};
	size_t i, start = out->size;
	enum wr_code rc;

	for (i = 0; i < query->count; i++) {
		args[2] = query->fields[i];
		rc = wr_resp_append(out, args, WR_COUNT_OF(args));
		if (rc != WR_OK) {
			out->size = start;
			return rc;
		}
	}
	return WR_OK;
}

enum wr_code wr_redis_encode_stamp(uint32_t incarnation, int64_t next, struct wr_buf *out)
{
	return wr_buf_printf(out, "%010" PRIu32 "/%019" PRId64 " ", incarnation, next);
}

enum wr_code wr_redis_encode_mark(const struct wr_redis_encoder *encoder,
				  const struct wr_redis_mark *mark, struct wr_buf *out)
{
	struct wr_buf stamp = WR_BUF_INIT;
	struct wr_bytes args[] = {
	    wr_bytes_of("EVALSHA"),
	    wr_bytes_of(WR_REDIS_SCRIPT_SHA1),
	    wr_bytes_of("1"),
	    wr_bytes(encoder->marks_key.data, encoder->marks_key.size),
	    wr_bytes_of("mark"),
	    mark->field,
	    {NULL, 0},
	    mark->text,
	    wr_bytes_of(mark->anyway ? "1" : ""),
	};
	enum wr_code rc = wr_redis_encode_stamp(mark->incarnation, mark->next, &stamp);

	args[6] = wr_bytes(stamp.data, stamp.size);
	if (rc == WR_OK)
		rc = wr_resp_append(out, args, WR_COUNT_OF(args));
	wr_buf_fini(&stamp);
	return rc;
}

struct wr_bytes wr_redis_mark_text(struct wr_bytes kept)
{
	const char *text = kept.data;
	size_t i;

	if (kept.size < WR_REDIS_STAMP_BYTES)
		return kept;
	for (i = 0; i < WR_REDIS_STAMP_BYTES; i++) {
		if (i == 10                         ? text[i] != '/'
		    : i == WR_REDIS_STAMP_BYTES - 1 ? text[i] != ' '
						    : text[i] < '0' || text[i] > '9')
			return kept;
	}
	return wr_bytes(text + WR_REDIS_STAMP_BYTES, kept.size - WR_REDIS_STAMP_BYTES);
}

enum wr_code wr_redis_encode_probe(const struct wr_redis_encoder *encoder, struct wr_buf *out)
{
	return wr_buf_append(out, encoder->probe.data, encoder->probe.size);
}
