#include "config.h"

#include "base/json.h"
#include "tests/unit.h"

#include <malloc.h>
#include <stdlib.h>

/* Every allocation of this program comes through here. */
void *__libc_malloc(size_t size); /* NOLINT(bugprone-reserved-identifier): glibc's own */

static unsigned long allocations;

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

static void read_ok(struct wr_json_reader *reader, const char *text, size_t size)
{
	assert_int_equal(wr_json_read(reader, wr_bytes(text, size), NULL, NULL), WR_OK);
}

static void a_steady_load_allocates_nothing(void **state)
{
	static const char text[] =
	    "{\"eventId\":\"4e1f\",\"a~b\":[1,2.5,\"\\u00fc\"],\"payload\":{\"n\":1}}";
	struct wr_json_reader *reader;
	struct wr_json_value value;
	unsigned long before;
	int i;

	(void)state;
	assert_int_equal(wr_json_reader_create(&reader), WR_OK);
	read_ok(reader, text, sizeof(text) - 1);
	before = allocations;
	for (i = 0; i < 1000; i++) {
		read_ok(reader, text, sizeof(text) - 1);
		assert_int_equal(wr_json_get(reader, wr_bytes_of("/a~0b/2"), &value),
				 WR_JSON_STRING);
		assert_int_equal(wr_json_get(reader, wr_bytes_of("/payload/n"), &value),
				 WR_JSON_INTEGER);
	}
	assert_int_equal(allocations, before);
	wr_json_reader_destroy(reader);
}

static size_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void what_a_large_document_took_goes_with_the_next_smaller(void **state)
{
	size_t size = (size_t)4 << 20, before;
	struct wr_json_reader *reader;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[0] = '"';
	text[size - 1] = '"';
	assert_int_equal(wr_json_reader_create(&reader), WR_OK);
	read_ok(reader, "[1]", 3);
	before = bytes_in_use();
	read_ok(reader, text, size);
	assert_true(bytes_in_use() > before + size);
	read_ok(reader, text, size); /* as large again: kept */
	assert_true(bytes_in_use() > before + size);
	read_ok(reader, "[1]", 3);
	assert_true(bytes_in_use() < before + (64 << 10));
	wr_json_reader_destroy(reader);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_steady_load_allocates_nothing),
	    cmocka_unit_test(what_a_large_document_took_goes_with_the_next_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
