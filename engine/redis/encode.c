#include "config.h"

#include "redis/encode.h"

#include "base/check.h"
#include "base/sha256.h"
#include "redis/resp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HASHED "sha256:"
#define HASHED_BYTES (sizeof(HASHED) - 1)
#define PROBE_TTL "1000" /* ms: it leaves nothing behind */

static const char head[] = "*7\r\n$3\r\nSET\r\n$";
static const char options[] = "\r\n$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n";

static char *put(char *to, const void *data, size_t size)
{
	if (size > 0)
		memcpy(to, data, size);
	return to + size;
}

static enum wr_code make_probe(struct wr_redis_encoder *encoder, const char *pipeline)
{
	char key[WR_REDIS_ID_BYTES * 2];
	int size = snprintf(key, sizeof(key), "weir:%.200s:probe", pipeline);
	struct wr_bytes args[] = {wr_bytes_of("SET"),    wr_bytes(key, (size_t)size),
				  wr_bytes_of("1"),      wr_bytes_of("NX"),
				  wr_bytes_of("GET"),    wr_bytes_of("PX"),
				  wr_bytes_of(PROBE_TTL)};

	return wr_resp_append(&encoder->probe, args, WR_COUNT_OF(args));
}

enum wr_code wr_redis_encoder_init(struct wr_redis_encoder *encoder, const char *pipeline,
				   int64_t ttl_ms)
{
	char ttl[32];
	enum wr_code rc;

	WR_ASSERT(ttl_ms > 0);
	wr_buf_init(&encoder->prefix);
	wr_buf_init(&encoder->tail);
	wr_buf_init(&encoder->probe);
	snprintf(ttl, sizeof(ttl), "%" PRId64, ttl_ms);
	rc = wr_buf_printf(&encoder->prefix, "weir:%s:e:", pipeline);
	if (rc == WR_OK)
		rc = wr_buf_printf(&encoder->tail, "%s$%zu\r\n%s\r\n", options, strlen(ttl), ttl);
	if (rc == WR_OK)
		rc = make_probe(encoder, pipeline);
	return rc;
}

void wr_redis_encoder_fini(struct wr_redis_encoder *encoder)
{
	wr_buf_fini(&encoder->prefix);
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
static enum wr_code put_claim(const struct wr_redis_encoder *encoder, const struct wr_claim *claim,
			      struct wr_buf *out)
{
	struct wr_bytes id = claim->id;
	char hashed[HASHED_BYTES + WR_SHA256_HEX_BYTES] = HASHED;
	char *to = out->data + out->size;

	if (is_hashed(id)) {
		if (wr_sha256_hex(id, hashed + HASHED_BYTES) != WR_OK)
			return WR_ENOMEM;
		id = wr_bytes(hashed, HASHED_BYTES + WR_SHA256_HEX_BYTES - 1);
	}
	to = put(to, head, sizeof(head) - 1);
	to = wr_resp_put_number(to, encoder->prefix.size + id.size);
	to = put(to, "\r\n", 2);
	to = put(to, encoder->prefix.data, encoder->prefix.size);
	to = put(to, id.data, id.size);
	to = put(to, "\r\n$", 3);
	to = wr_resp_put_number(to, claim->value.size);
	to = put(to, "\r\n", 2);
	to = put(to, claim->value.data, claim->value.size);
	to = put(to, encoder->tail.data, encoder->tail.size);
	out->size = (size_t)(to - out->data);
	return WR_OK;
}

enum wr_code wr_redis_encode_set(const struct wr_redis_encoder *encoder,
				 const struct wr_claim_set *set, struct wr_buf *out)
{
	size_t i, start = out->size;
	enum wr_code rc;

	for (i = 0; i < set->count; i++) {
		WR_ASSERT(set->claims[i].value.size <= WR_CLAIM_VALUE_BYTES);
		rc = wr_buf_reserve(out, claim_bound(encoder, &set->claims[i]));
		if (rc == WR_OK)
			rc = put_claim(encoder, &set->claims[i], out);
		if (rc != WR_OK) {
			out->size = start;
			return rc;
		}
	}
	return WR_OK;
}

enum wr_code wr_redis_encode_probe(const struct wr_redis_encoder *encoder, struct wr_buf *out)
{
	return wr_buf_append(out, encoder->probe.data, encoder->probe.size);
}
