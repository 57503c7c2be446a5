/*
 * Configurations from text for the tests of conf/: what they load to, or the lines of their errors.
 */
#ifndef WR_TESTS_CONF_PARSING_H
#define WR_TESTS_CONF_PARSING_H

#include "tests/unit.h"

#include "conf/load.h"

#include <stdio.h>

/* The errors of a text, a line each as wr_problems_render() writes them; "" when it loads. */
struct parsed {
	struct wr_conf *conf;
	struct wr_problems problems;
	struct wr_buf buf;
	const char *errors;
	enum wr_code rc;
};

static inline struct parsed parse(const char *text)
{
	struct parsed p = {.problems = WR_PROBLEMS_INIT, .buf = WR_BUF_INIT};

	p.rc = wr_conf_parse("f", wr_bytes_of(text), &p.conf, &p.problems);
	assert_int_equal(wr_problems_render(&p.problems, &p.buf), WR_OK);
	p.errors = wr_buf_text(&p.buf);
	assert_non_null(p.errors);
	return p;
}

static inline void parsed_fini(struct parsed *p)
{
	wr_conf_destroy(p->conf);
	wr_problems_fini(&p->problems);
	wr_buf_fini(&p->buf);
}

/* A text that must load. */
static inline struct parsed parse_valid(const char *text)
{
	struct parsed p = parse(text);

	if (p.rc != WR_OK)
		print_error("%s", p.errors);
	assert_int_equal(p.rc, WR_OK);
	assert_string_equal(p.errors, "");
	assert_non_null(p.conf);
	return p;
}

/* What the cases share; with nothing else they load. Their lines count for the places of errors: 1, 1 and 6. */
#define BROKERS "kafka: { brokers: b:1 }\n"
#define REDIS "redis: { url: \"redis://h\" }\n"
#define PIPELINE                           \
	"pipelines:\n"                     \
	"  - name: p\n"                    \
	"    source: { topics: [in] }\n"   \
	"    dlq: { topic: dead }\n"       \
	"    stages: [{ plugin: x.so }]\n" \
	"    outputs: { default: out }\n"

/* A text and all its errors. */
struct error_case {
	const char *text, *errors;
};

static inline void check_errors(const struct error_case *cases, size_t count)
{
	struct parsed p;
	size_t i;

	for (i = 0; i < count; i++) {
		p = parse(cases[i].text);
		if (strcmp(p.errors, cases[i].errors) != 0)
			fail_msg("of\n%s\nexpected\n%s\nfound\n%s", cases[i].text, cases[i].errors,
				 p.errors);
		assert_int_equal(p.rc, WR_EINVAL);
		assert_null(p.conf);
		parsed_fini(&p);
	}
}

#endif
