#include "tests/conf/parsing.h"

#include <stdlib.h>

/* Every allocation of this program comes through here, and the one whose turn it is fails. */
void *__libc_malloc(size_t size); /* NOLINT(bugprone-reserved-identifier): glibc's own */
void *__libc_calloc(size_t count, size_t size);  /* NOLINT(bugprone-reserved-identifier) */
void *__libc_realloc(void *memory, size_t size); /* NOLINT(bugprone-reserved-identifier) */
void __libc_free(void *memory);                  /* NOLINT(bugprone-reserved-identifier) */

static long until_failure; /* 0: none fails */
static long live;

static bool fails(void)
{
	return until_failure > 0 && --until_failure == 0;
}

static void *count(void *memory)
{
	live += memory != NULL ? 1 : 0;
	return memory;
}

void *malloc(size_t size)
{
	return fails() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *memory, size_t size)
{
	if (fails())
		return NULL;
	return memory == NULL ? count(__libc_realloc(memory, size)) : __libc_realloc(memory, size);
}

void free(void *memory)
{
	live -= memory != NULL ? 1 : 0;
	__libc_free(memory);
}

static const char valid[] =
    "instance: &i ${WEIR_TEST_UNSET:-node-a}\n"
    "log: { level: debug }\n"
    "kafka: { brokers: localhost:9092, properties: { a: lz4, b: true } }\n"
    "redis: { url: \"redis://me@localhost:6380/3\", password_file: /proc/self/comm }\n"
    "http: { admin: { listen: \"127.0.0.1:8081\", token: s3cret } }\n"
    "pipelines:\n"
    "  - name: payments\n"
    "    source: { topics: [events, more] }\n"
    "    event_id: { header: ce_id, missing: drop }\n"
    "    dlq: { topic: events-dlq }\n"
    "    stages: [{ plugin: validate.so, config: { a: [1, x, 2, {}, 3, 4, 5, 6, 7, 8, 9], b: *i, "
    "'c\\': \"\\n\", d: { e: [1, 2, 3, 4, 5, 6], f: ~ } } }]\n"
    "    outputs: { alerts: fraud-alerts, default: processed-events }\n";

/* Fails the first, the second, ... allocation of a load until one load needs no more. */
static void fail_each(const char *text, enum wr_code otherwise)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	enum wr_code rc = WR_ENOMEM;
	struct wr_conf *conf;
	long n, before;
	bool failed;

	for (n = 1; n < 100000; n++) {
		before = live;
		until_failure = n;
		rc = wr_conf_parse("f", wr_bytes_of(text), &conf, &problems);
		failed = until_failure == 0;
		until_failure = 0;
		if (!failed) {
			assert_int_equal(rc, otherwise);
			wr_conf_destroy(conf);
			wr_problems_fini(&problems);
			assert_int_equal(live, before);
			break;
		}
		/* The C library may go on without what it was refused (a buffer); then so does weir. */
		if (rc != otherwise) {
			assert_int_equal(rc, WR_ENOMEM);
			assert_null(conf);
			assert_true(problems.count > 0);
			assert_string_equal(problems.items[problems.count - 1].text,
					    "out of memory");
		}
		wr_conf_destroy(conf);
		wr_problems_fini(&problems);
		assert_int_equal(live, before);
	}
	assert_true(n > 50 && n < 100000);
}

static void without_memory_a_load_fails_and_leaves_nothing(void **state)
{
	(void)state;
	fail_each(valid, WR_OK);
}

static void without_memory_errors_are_still_reported(void **state)
{
	(void)state;
	fail_each("instnce: a\nlog: { level: inf, level: x }\n" BROKERS REDIS PIPELINE
		  "    lanes: 0\n",
		  WR_EINVAL);
}

/* Makes a page, with each allocation failing in turn: no page, or the whole. */
static void fail_each_of_page(enum wr_code (*make)(struct wr_buf *out))
{
	struct wr_buf whole = WR_BUF_INIT, page = WR_BUF_INIT;
	bool failed = true;
	enum wr_code rc;
	long before, n;

	assert_int_equal(make(&whole), WR_OK);
	before = live;
	for (n = 1; failed; n++) {
		until_failure = n;
		rc = make(&page);
		failed = until_failure == 0;
		until_failure = 0;
		if (rc == WR_OK)
			assert_true(wr_bytes_equal(wr_bytes(page.data, page.size),
						   wr_bytes(whole.data, whole.size)));
		else
			assert_int_equal(rc, WR_ENOMEM);
		wr_buf_fini(&page);
		assert_int_equal(live, before);
	}
	assert_true(n > 5);
	wr_buf_fini(&whole);
}

static void without_memory_no_page_is_made(void **state)
{
	(void)state;
	fail_each_of_page(wr_conf_json_schema);
	fail_each_of_page(wr_conf_reference_markdown);
	fail_each_of_page(wr_conf_reference_man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_memory_a_load_fails_and_leaves_nothing),
	    cmocka_unit_test(without_memory_errors_are_still_reported),
	    cmocka_unit_test(without_memory_no_page_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
