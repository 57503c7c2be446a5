#include "config.h"

#include "tests/unit.h"

#include "http/headers.h"

static const char *check(const char *const *fields, const char *version,
			 struct wr_http_headers *headers_r)
{
	*headers_r = (struct wr_http_headers){.has_body = false};
	for (; fields[0] != NULL; fields += 2)
		wr_http_headers_add(headers_r, wr_bytes_of(fields[0]), wr_bytes_of(fields[1]));
	wr_http_headers_check(headers_r, version);
	return headers_r->wrong;
}

#define CHECK(headers, ...) check((const char *const[]){__VA_ARGS__, NULL}, "HTTP/1.1", headers)

static void names_are_found_in_any_case(void **state)
{
	struct wr_http_headers h;

	(void)state;
	assert_null(CHECK(&h, "content-TYPE", "a/b", "HOST", "x", "TraceParent", "t", "X-Y", "z"));
	assert_memory_equal(h.content_type.data, "a/b", 3);
	assert_int_equal(h.content_type.size, 3);
	assert_int_equal(h.host.size, 1);
	assert_int_equal(h.traceparent.size, 1);
	assert_null(h.origin.data);
	assert_false(h.has_body);
}

static void an_empty_value_is_there(void **state)
{
	struct wr_http_headers h;

	(void)state;
	h = (struct wr_http_headers){.has_body = false};
	wr_http_headers_add(&h, wr_bytes_of("Host"), wr_bytes(NULL, 0));
	assert_non_null(h.host.data);
}

static void space_around_a_value_is_no_part_of_it(void **state)
{
	struct wr_http_headers h;

	(void)state;
	assert_null(CHECK(&h, "Idempotency-Key", " a b\t "));
	assert_int_equal(h.idempotency_key.size, 3);
	assert_memory_equal(h.idempotency_key.data, "a b", 3);
}

static void the_length_of_the_body_is_read(void **state)
{
	struct wr_http_headers h;

	(void)state;
	assert_null(CHECK(&h, "Content-Length", "0"));
	assert_false(h.has_body);
	assert_null(CHECK(&h, "Content-Length", "18446744073709551615"));
	assert_true(h.has_body);
	assert_true(h.content_length == UINT64_MAX);
	assert_null(CHECK(&h, "Transfer-Encoding", "Chunked"));
	assert_true(h.has_body && h.is_chunked);
}

static void what_reads_in_two_ways_is_wrong(void **state)
{
	struct wr_http_headers h;

	(void)state;
	assert_non_null(CHECK(&h, "Content-Length", "1", "Transfer-Encoding", "chunked"));
	assert_non_null(CHECK(&h, "Content-Length", "1", "content-length", "1"));
	assert_non_null(CHECK(&h, "Content-Length", ""));
	assert_non_null(CHECK(&h, "Content-Length", "1 1"));
	assert_non_null(CHECK(&h, "Content-Length", "18446744073709551616"));
	assert_non_null(CHECK(&h, "Transfer-Encoding", "gzip"));
	assert_non_null(CHECK(&h, "Transfer-Encoding", "chunked, chunked"));
	assert_non_null(CHECK(&h, "Host", "a", "Host", "a"));
	assert_non_null(CHECK(&h, "Authorization", "a", "Authorization", "b"));
	assert_non_null(
	    check((const char *const[]){"Transfer-Encoding", "chunked", NULL}, "HTTP/1.0", &h));
}

/* RFC 9110, section 5.6.2: every other byte in a name is wrong. */
static void a_name_is_a_token(void **state)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct wr_http_headers h;
	char name[3] = "X?";
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		name[1] = (char)c;
		h = (struct wr_http_headers){.has_body = false};
		wr_http_headers_add(&h, wr_bytes(name, 2), wr_bytes_of("v"));
		assert_int_equal(h.wrong == NULL, c != 0 && strchr(allowed, c) != NULL);
	}
	h = (struct wr_http_headers){.has_body = false};
	wr_http_headers_add(&h, wr_bytes("", 0), wr_bytes_of("v"));
	assert_non_null(h.wrong);
}

static void a_value_holds_no_control_characters(void **state)
{
	struct wr_http_headers h;
	char value[3] = "a?";
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		value[1] = (char)c;
		h = (struct wr_http_headers){.has_body = false};
		wr_http_headers_add(&h, wr_bytes_of("X"), wr_bytes(value, 2));
		assert_int_equal(h.wrong == NULL, c == '\t' || (c >= 0x20 && c != 0x7F));
	}
}

static void a_media_type_is_compared_without_its_parameters(void **state)
{
	struct wr_bytes rest;

	(void)state;
	assert_true(wr_http_mime_is(wr_bytes_of(" Text/Plain ; a=b; c=d"), "text/plain", &rest));
	assert_int_equal(rest.size, 9);
	assert_true(wr_http_mime_is(wr_bytes_of("text/plain"), "text/plain", &rest));
	assert_int_equal(rest.size, 0);
	assert_false(wr_http_mime_is(wr_bytes_of("text/plainer"), "text/plain", &rest));
	assert_false(wr_http_mime_is(wr_bytes_of(""), "text/plain", &rest));
}

static void only_utf8_is_a_charset(void **state)
{
	(void)state;
	assert_true(wr_http_charset_is_utf8(wr_bytes_of("")));
	assert_true(wr_http_charset_is_utf8(wr_bytes_of(" x=y")));
	assert_true(wr_http_charset_is_utf8(wr_bytes_of(" CHARSET=UTF-8")));
	assert_true(wr_http_charset_is_utf8(wr_bytes_of("x=y; charset=\"utf-8\" ")));
	assert_false(wr_http_charset_is_utf8(wr_bytes_of("charset=utf-16")));
	assert_false(wr_http_charset_is_utf8(wr_bytes_of("charset=")));
}

static void a_traceparent_is_checked(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
	    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
	    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
	    "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	};
	size_t i;

	(void)state;
	assert_true(wr_http_is_traceparent(
	    wr_bytes_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
	for (i = 0; i < UNIT_COUNT_OF(wrong); i++)
		assert_false(wr_http_is_traceparent(wr_bytes_of(wrong[i])));
	assert_false(wr_http_is_traceparent(wr_bytes(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_found_in_any_case),
	    cmocka_unit_test(an_empty_value_is_there),
	    cmocka_unit_test(space_around_a_value_is_no_part_of_it),
	    cmocka_unit_test(the_length_of_the_body_is_read),
	    cmocka_unit_test(what_reads_in_two_ways_is_wrong),
	    cmocka_unit_test(a_name_is_a_token),
	    cmocka_unit_test(a_value_holds_no_control_characters),
	    cmocka_unit_test(a_media_type_is_compared_without_its_parameters),
	    cmocka_unit_test(only_utf8_is_a_charset),
	    cmocka_unit_test(a_traceparent_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
