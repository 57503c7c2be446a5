#include "config.h"

#include "redis/encode.h"

#include "base/sha256.h"
#include "redis/script.h"
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

static void a_claim_that_expects_calls_the_script(void **state)
{
	struct claiming *c = claiming_new(2);
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	claiming_put(c, 0, wr_bytes_of("ab"), "F|1");
	c->claims[0].expect = wr_bytes_of("C|1");
	claiming_put(c, 1, wr_bytes("", 0), "C|2");
	c->claims[1].expect = wr_bytes_of("");
	assert_int_equal(wr_redis_encode_set(&encoder, &c->set, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out),
			    "*8\r\n$7\r\nEVALSHA\r\n$40\r\n" WR_REDIS_SCRIPT_SHA1 "\r\n$1\r\n1\r\n"
			    "$13\r\nweir:pay:e:ab\r\n$5\r\nclaim\r\n$3\r\nC|1\r\n$3\r\nF|1\r\n"
			    "$9\r\n172800000\r\n"
			    "*8\r\n$7\r\nEVALSHA\r\n$40\r\n" WR_REDIS_SCRIPT_SHA1 "\r\n$1\r\n1\r\n"
			    "$11\r\nweir:pay:e:\r\n$5\r\nclaim\r\n$0\r\n\r\n$3\r\nC|2\r\n"
			    "$9\r\n172800000\r\n");
	wr_buf_fini(&out);
	claiming_free(c);
}

static void a_query_becomes_one_command_a_field(void **state)
{
	const struct wr_bytes fields[] = {wr_bytes_of("t/0"), wr_bytes_of("t/10")};
	struct wr_mark_query query = {.fields = fields, .count = 2};
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_redis_encode_query(&encoder, &query, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out),
			    "*3\r\n$4\r\nHGET\r\n$10\r\nweir:pay:m\r\n$3\r\nt/0\r\n"
			    "*3\r\n$4\r\nHGET\r\n$10\r\nweir:pay:m\r\n$4\r\nt/10\r\n");
	wr_buf_fini(&out);
}

static void a_mark_is_one_call_with_its_stamp(void **state)
{
	struct wr_redis_mark mark = {.incarnation = 3,
				     .next = 42,
				     .anyway = true,
				     .field = wr_bytes_of("t/0"),
				     .text = wr_bytes_of("text")};
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_redis_encode_mark(&encoder, &mark, &out), WR_OK);
	assert_string_equal(wr_buf_text(&out),
			    "*9\r\n$7\r\nEVALSHA\r\n$40\r\n" WR_REDIS_SCRIPT_SHA1 "\r\n$1\r\n1\r\n"
			    "$10\r\nweir:pay:m\r\n$4\r\nmark\r\n$3\r\nt/0\r\n"
			    "$31\r\n0000000003/0000000000000000042 \r\n$4\r\ntext\r\n$1\r\n1\r\n");
	out.size = 0;
	mark.incarnation = UINT32_MAX;
	mark.next = INT64_MAX;
	mark.anyway = false;
	assert_int_equal(wr_redis_encode_mark(&encoder, &mark, &out), WR_OK);
	assert_non_null(
	    strstr(wr_buf_text(&out),
		   "$31\r\n4294967295/9223372036854775807 \r\n$4\r\ntext\r\n$0\r\n\r\n"));
	wr_buf_fini(&out);
}

static void the_stamp_is_no_part_of_a_marks_text(void **state)
{
	static const char *const foreign[] = {"",
					      "1 2 3",
					      "0000000003/0000000000000000042",
					      "0000000003-0000000000000000042 t",
					      "000000003a/0000000000000000042 t",
					      "0000000003/0000000000000000042_t"};
	size_t i;

	(void)state;
	assert_true(
	    wr_bytes_equal(wr_redis_mark_text(wr_bytes_of("0000000003/0000000000000000042 text")),
			   wr_bytes_of("text")));
	assert_true(wr_bytes_equal(
	    wr_redis_mark_text(wr_bytes_of("0000000003/0000000000000000042 ")), wr_bytes("", 0)));
	for (i = 0; i < UNIT_COUNT_OF(foreign); i++)
		assert_true(wr_bytes_equal(wr_redis_mark_text(wr_bytes_of(foreign[i])),
					   wr_bytes_of(foreign[i])));
}

static void the_probe_is_a_claim_that_no_event_makes_and_the_script(void **state)
{
	static const char claim[] = "*7\r\n$3\r\nSET\r\n$14\r\nweir:pay:probe\r\n$1\r\n1\r\n"
				    "$2\r\nNX\r\n$3\r\nGET\r\n$2\r\nPX\r\n$4\r\n1000\r\n"
				    "*5\r\n$4\r\nEVAL\r\n";
	static const char end[] = "\r\n$1\r\n1\r\n$14\r\nweir:pay:probe\r\n$5\r\nprobe\r\n";
	struct wr_buf out = WR_BUF_INIT;

	(void)state;
	assert_int_equal(wr_redis_encode_probe(&encoder, &out), WR_OK);
	assert_memory_equal(wr_buf_text(&out), claim, strlen(claim));
	assert_non_null(strstr(wr_buf_text(&out), wr_redis_script));
	assert_string_equal(wr_buf_text(&out) + out.size - strlen(end), end);
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
	    TEST(a_claim_that_expects_calls_the_script),
	    TEST(a_query_becomes_one_command_a_field),
	    TEST(a_mark_is_one_call_with_its_stamp),
	    TEST(the_stamp_is_no_part_of_a_marks_text),
	    TEST(the_probe_is_a_claim_that_no_event_makes_and_the_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
