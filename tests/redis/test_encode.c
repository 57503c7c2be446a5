#include "config.h"

#include "redis/encode.h"

#include "base/sha256.h"
#include "tests/claim_store/claiming.h"
#include "tests/unit.h"

#include <stdio.h>

static struct wr_redis_encoder encoder;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(wr_redis_encoder_init(&encoder, "pay", 172800000), WR_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wr_redis_encoder_fini(&encoder);
	return 0;
}

/* The key that an id gets. */
static void key_of(struct wr_bytes id, char *key, size_t size)
{
	struct claiming *c = claiming_new(1);
	struct wr_buf out = WR_BUF_INIT;
	const char *at;

	claiming_put(c, 0, id, "v");
	assert_int_equal(wr_redis_encode_set(&encoder, &c->set, &out), WR_OK);
	at = strstr(wr_buf_text(&out), "weir:");
	assert_non_null(at);
	snprintf(key, size, "%.*s", (int)strcspn(at, "\r"), at);
	wr_buf_fini(&out);
	claiming_free(c);
}

static void a_set_becomes_one_command_a_claim(void **state)
{
	struct claiming *c = claiming_new(2);
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	claiming_put(c, 0, wr_bytes_of("ab"), "C|1/t/0/7");
	claiming_put(c, 1, wr_bytes("\r\n", 2), "");
	assert_int_equal(wr_buf_append_text(&out, "before "), WR_OK);
	assert_int_equal(wr_redis_encode_set(&encoder, &c->set, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out),
			    "before "
			    "*7\r\n$3\r\nSET\r\n$13\r\nweir:pay:e:ab\r\n$9\r\nC|1/t/0/7\r\n"
			    "$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$9\r\n172800000\r\n"
			    "*7\r\n$3\r\nSET\r\n$13\r\nweir:pay:e:\r\n\r\n$0\r\n\r\n"
			    "$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$9\r\n172800000\r\n");
	wr_buf_fini(&out);
	claiming_free(c);
}

static void an_id_of_128_bytes_is_its_own_key(void **state)
{
	char id[129], key[256], expected[256];

	(void)state;
	memset(id, 'i', 128);
	id[128] = '\0';
	key_of(wr_bytes_of(id), key, sizeof(key));
	snprintf(expected, sizeof(expected), "weir:pay:e:%s", id);
	assert_string_equal(key, expected);
}

static void a_longer_id_is_its_digest(void **state)
{
	char id[130], key[256], expected[256], hex[WR_SHA256_HEX_BYTES];

	(void)state;
	memset(id, 'i', 129);
	id[129] = '\0';
	assert_int_equal(wr_sha256_hex(wr_bytes_of(id), hex), WR_OK);
	key_of(wr_bytes_of(id), key, sizeof(key));
	snprintf(expected, sizeof(expected), "weir:pay:e:sha256:%s", hex);
	assert_string_equal(key, expected);
}

static void an_id_that_looks_like_a_digest_is_digested_too(void **state)
{
	char key[256], expected[256], hex[WR_SHA256_HEX_BYTES];

	(void)state;
	assert_int_equal(wr_sha256_hex(wr_bytes_of("sha256:x"), hex), WR_OK);
	key_of(wr_bytes_of("sha256:x"), key, sizeof(key));
	snprintf(expected, sizeof(expected), "weir:pay:e:sha256:%s", hex);
	assert_string_equal(key, expected);
	key_of(wr_bytes_of("sha256"), key, sizeof(key));
	assert_string_equal(key, "weir:pay:e:sha256");
}

static void the_probe_is_a_claim_that_no_event_makes(void **state)
{
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_redis_encode_probe(&encoder, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out),
			    "*7\r\n$3\r\nSET\r\n$14\r\nweir:pay:probe\r\n$1\r\n1\r\n"
			    "$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$4\r\n1000\r\n");
	wr_buf_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_set_becomes_one_command_a_claim),
	    TEST(an_id_of_128_bytes_is_its_own_key),
	    TEST(a_longer_id_is_its_digest),
	    TEST(an_id_that_looks_like_a_digest_is_digested_too),
	    TEST(the_probe_is_a_claim_that_no_event_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
