#include "config.h"

#include "core/mark.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

static enum wr_code decode(const char *text, struct wr_mark *mark_r)
{
	return wr_mark_decode(wr_bytes_of(text), mark_r, NULL);
}

static void expect_encoded(const struct wr_mark *mark, const char *expected)
{
	char text[WR_MARK_TEXT_BYTES];
	size_t size = wr_mark_encode(mark, text);

	assert_string_equal(text, expected);
	assert_int_equal(size, strlen(expected));
}

static void a_mark_is_text(void **state)
{
	struct wr_mark mark = {
	    .incarnation = 2,
	    .forgotten = 1,
	    .start = 100,
	    .next = 150,
	    .last = {1700000000000, 0xfeed},
	    .others = {{0, 50, {-1, 0xab}}, {200, 300, {5, 0}}},
	    .other_count = 2,
	    .abandoned = {{1, 7, WR_MARK_OPEN}, {2, 50, 100}},
	    .abandoned_count = 2,
	};

	(void)state;
	expect_encoded(&mark, "1 2 1 100 150 1700000000000 000000000000feed"
			      " d0-50:-1:00000000000000ab d200-300:5:0000000000000000"
			      " a1:7-* a2:50-100");
	expect_encoded(&(struct wr_mark){0}, "1 0 0 0 0 0 0000000000000000");
}

/* What decodes encodes to the very same text. */
static void a_mark_comes_back(void **state)
{
	static const char *const texts[] = {
	    "1 0 0 0 0 0 0000000000000000",
	    "1 2 1 100 150 1700000000000 000000000000feed d0-50:-1:00000000000000ab"
	    " d200-300:5:0000000000000000 a1:7-* a2:50-100",
	    "1 2147483647 2147483647 9223372036854775805 9223372036854775806"
	    " -9223372036854775808 ffffffffffffffff",
	    "1 1 0 5 5 0 0000000000000000 a0:0-1 a0:2-3 a1:0-1",
	};
	struct wr_mark mark;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(texts); i++) {
		assert_int_equal(decode(texts[i], &mark), WR_OK);
		expect_encoded(&mark, texts[i]);
	}
}

static void the_largest_mark_fits(void **state)
{
	struct wr_mark mark = {.incarnation = UINT32_MAX / 2,
			       .start = INT64_MAX - 2,
			       .next = INT64_MAX - 1,
			       .last = {INT64_MIN, UINT64_MAX},
			       .other_count = WR_MARK_OTHERS_MAX,
			       .abandoned_count = WR_MARK_ABANDONED_MAX},
		       back;
	char text[WR_MARK_TEXT_BYTES];
	size_t size;

	(void)state;
	for (int i = 0; i < WR_MARK_OTHERS_MAX; i++) {
		int64_t from = 1000000000000000000 + 10 * i;

		mark.others[i] = (struct wr_done){from, from + 1, {INT64_MIN, UINT64_MAX}};
	}
	for (int i = 0; i < WR_MARK_ABANDONED_MAX; i++) {
		int64_t from = 1000000000000000000 + 10 * i;

		mark.abandoned[i] = (struct wr_abandoned){UINT32_MAX / 2, from, from + 1};
	}
	size = wr_mark_encode(&mark, text);
	assert_true(size > 3500);
	assert_int_equal(wr_mark_decode(wr_bytes(text, size), &back, NULL), WR_OK);
	assert_int_equal(back.abandoned_count, WR_MARK_ABANDONED_MAX);
	expect_encoded(&back, text);
}

static const char *const unmade[] = {
    "",
    "1",
    "2 0 0 0 0 0 0000000000000000",
    "1  0 0 0 0 0 0000000000000000",
    "1 0 0 0 0 0 000000000000000",
    "1 0 0 0 0 0 00000000000000000",
    "1 0 0 0 0 0 000000000000000G",
    "1 0 0 0 0 0 000000000000000A",
    "1 0 0 0 0 0 0000000000000000 ",
    "1 0 0 0 0 -0 0000000000000000",
    "1 0 0 0 0 - 0000000000000000",
    "1 0 0 0 0 9223372036854775808 0000000000000000",
    "1 0 0 0 0 -9223372036854775809 0000000000000000",
    "1 00 0 0 0 0 0000000000000000",
    "1 -1 0 0 0 0 0000000000000000",
    "1 2147483648 0 0 0 0 0000000000000000",
    "1 99999999999999999999 0 0 0 0 0000000000000000",
    "1 0 1 0 0 0 0000000000000000",
    "1 0 0 2 1 0 0000000000000000",
    "1 0 0 -1 1 0 0000000000000000",
    "1 0 0 0 9223372036854775807 0 0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d0-0:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d0-5:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d6-7:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d9-10:0:0000000000000000",
    "1 0 0 5 5 0 0000000000000000 d0-5:0:0000000000000000",
    "1 0 0 5 5 0 0000000000000000 d5-6:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d3-2:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d0-2:0:0000000000000000 d2-3:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d11-12:0:0000000000000000 d0-2:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d0-*:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 d0-2",
    "1 0 0 5 9 0 0000000000000000 d0-2:0 0000000000000000",
    "1 0 0 5 9 0 0000000000000000 a0:3-3",
    "1 0 0 5 9 0 0000000000000000 a0:3-",
    "1 0 0 5 9 0 0000000000000000 a0:*-*",
    "1 0 0 5 9 0 0000000000000000 a1:0-3",
    "1 2 1 5 9 0 0000000000000000 a0:0-3",
    "1 0 0 5 9 0 0000000000000000 a0:0-3 a0:3-4",
    "1 0 0 5 9 0 0000000000000000 a0:5-6 a0:3-4",
    "1 2 0 5 9 0 0000000000000000 a1:5-6 a0:3-4",
    "1 2 0 5 9 0 0000000000000000 a0:3-* a0:5-6",
    "1 2 0 5 9 0 0000000000000000 a1:5-6 d0-2:0:0000000000000000",
    "1 0 0 5 9 0 0000000000000000 x",
    "weir1 0 5 9 0 0000000000000000",
};

static void whatever_no_encoding_made_is_refused(void **state)
{
	struct wr_mark mark;
	struct wr_err err;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(unmade); i++) {
		mark.next = 1;
		assert_int_equal(decode(unmade[i], &mark), WR_EINVAL);
		assert_int_equal(mark.next, 0);
		assert_int_equal(mark.other_count, 0);
	}
	assert_int_equal(wr_mark_decode(wr_bytes(NULL, 0), &mark, &err), WR_EINVAL);
	assert_non_null(strstr(err.text, "no done mark"));
}

static void too_many_ranges_are_refused(void **state)
{
	char text[2 * WR_MARK_TEXT_BYTES];
	struct wr_mark mark;
	int size;

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		size = snprintf(text, sizeof(text), "1 0 0 0 0 0 0000000000000000");
		for (int i = 0; i < WR_MARK_OTHERS_MAX + extra; i++)
			size += snprintf(text + size, sizeof(text) - (size_t)size,
					 " d%d-%d:0:0000000000000000", 3 * i + 1, 3 * i + 2);
		assert_int_equal(decode(text, &mark), extra == 0 ? WR_OK : WR_EINVAL);
		size = snprintf(text, sizeof(text), "1 0 0 0 0 0 0000000000000000");
		for (int i = 0; i < WR_MARK_ABANDONED_MAX + extra; i++)
			size += snprintf(text + size, sizeof(text) - (size_t)size, " a0:%d-%d",
					 3 * i, 3 * i + 1);
		assert_int_equal(decode(text, &mark), extra == 0 ? WR_OK : WR_EINVAL);
	}
}

/* The sanitizers watch the end; and what is accepted is text that we could have written. */
static void every_cut_and_every_changed_byte_is_read_within_bounds(void **state)
{
	static const char whole[] = "1 2 1 100 150 17 000000000000feed"
				    " d0-50:-1:00000000000000ab a1:7-* a2:50-100";
	char encoded[WR_MARK_TEXT_BYTES], *text;
	struct wr_mark mark;

	(void)state;
	for (size_t size = 0; size < sizeof(whole); size++) {
		text = malloc(size + 1);
		assert_non_null(text);
		memcpy(text, whole, size);
		wr_mark_decode(wr_bytes(text, size), &mark, NULL);
		wr_mark_metadata_decode(wr_bytes(text, size), &mark, NULL);
		free(text);
	}
	for (size_t i = 0; i + 1 < sizeof(whole); i++) {
		for (int byte = 0; byte < 256; byte++) {
			char changed[sizeof(whole)];

			memcpy(changed, whole, sizeof(whole));
			changed[i] = (char)byte;
			if (wr_mark_decode(wr_bytes(changed, sizeof(whole) - 1), &mark, NULL) !=
			    WR_OK)
				continue;
			assert_int_equal(wr_mark_encode(&mark, encoded), sizeof(whole) - 1);
			assert_memory_equal(encoded, changed, sizeof(whole) - 1);
		}
	}
}

static void metadata_carries_the_interval_alone(void **state)
{
	struct wr_mark mark = {
	    .incarnation = 2,
	    .start = 100,
	    .next = 150,
	    .last = {17, 0xfeed},
	    .others = {{0, 50, {1, 1}}},
	    .other_count = 1,
	    .abandoned = {{1, 7, WR_MARK_OPEN}},
	    .abandoned_count = 1,
	};
	struct wr_mark back;
	char text[WR_MARK_METADATA_BYTES];
	size_t size = wr_mark_metadata_encode(&mark, text);

	(void)state;
	assert_string_equal(text, "weir1 2 100 150 17 000000000000feed");
	assert_int_equal(wr_mark_metadata_decode(wr_bytes(text, size), &back, NULL), WR_OK);
	assert_int_equal(back.incarnation, 2);
	assert_int_equal(back.start, 100);
	assert_int_equal(back.next, 150);
	assert_int_equal(back.last.timestamp_ms, 17);
	assert_int_equal(back.last.hash, 0xfeed);
	assert_int_equal(back.other_count, 0);
	assert_int_equal(back.abandoned_count, 0);
}

static void the_largest_metadata_fits(void **state)
{
	struct wr_mark mark = {.incarnation = UINT32_MAX,
			       .start = INT64_MAX,
			       .next = INT64_MAX,
			       .last = {INT64_MIN, UINT64_MAX}};
	char text[WR_MARK_METADATA_BYTES];

	(void)state;
	assert_true(wr_mark_metadata_encode(&mark, text) < WR_MARK_METADATA_BYTES);
}

static void metadata_says_whether_keys_are_parked(void **state)
{
	static const struct wr_mark mark = {.incarnation = UINT32_MAX / 2,
					    .start = INT64_MAX - 1,
					    .next = INT64_MAX - 1,
					    .last = {INT64_MIN, UINT64_MAX}};
	char text[WR_MARK_METADATA_BYTES];
	size_t size = wr_mark_metadata_encode(&mark, text);
	struct wr_mark back;

	(void)state;
	assert_false(wr_mark_metadata_is_parked(wr_bytes(text, size)));
	size = wr_mark_metadata_add_parked(text, size);
	assert_true(size < WR_MARK_METADATA_BYTES);
	assert_true(wr_mark_metadata_is_parked(wr_bytes(text, size)));
	assert_int_equal(wr_mark_metadata_decode(wr_bytes(text, size), &back, NULL), WR_OK);
	assert_int_equal(back.next, mark.next);
	assert_false(wr_mark_metadata_is_parked(wr_bytes(text, size - 1)));
	assert_false(wr_mark_metadata_is_parked(wr_bytes_of("x parked")));
	assert_false(wr_mark_metadata_is_parked(wr_bytes(NULL, 0)));
}

static void metadata_of_others_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "weir",
	    "weir1",
	    "weir2 0 5 9 0 0000000000000000",
	    "weir1 0 9 5 0 0000000000000000",
	    "weir1 0 5 9 0 0000000000000000 ",
	    "weir1 0 5 9 0 0000000000000000 a0:1-2",
	    "{\"version\":1}",
	    "1 0 0 0 0 0 0000000000000000",
	};
	struct wr_mark mark;
	struct wr_err err;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT_OF(bad); i++)
		assert_int_equal(wr_mark_metadata_decode(wr_bytes_of(bad[i]), &mark, &err),
				 WR_EINVAL);
	assert_non_null(strstr(err.text, "metadata"));
	assert_int_equal(wr_mark_metadata_decode(wr_bytes(NULL, 0), &mark, NULL), WR_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_mark_is_text),
	    cmocka_unit_test(a_mark_comes_back),
	    cmocka_unit_test(the_largest_mark_fits),
	    cmocka_unit_test(whatever_no_encoding_made_is_refused),
	    cmocka_unit_test(too_many_ranges_are_refused),
	    cmocka_unit_test(every_cut_and_every_changed_byte_is_read_within_bounds),
	    cmocka_unit_test(metadata_carries_the_interval_alone),
	    cmocka_unit_test(the_largest_metadata_fits),
	    cmocka_unit_test(metadata_says_whether_keys_are_parked),
	    cmocka_unit_test(metadata_of_others_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
