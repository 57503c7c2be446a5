#include "config.h"

#include "tests/unit.h"

#include "run/health.h"

#include "base/clock.h"

#define START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct fixture {
	struct wr_clock_fake clock;
	struct wr_health *health;
	struct wr_buf text;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	wr_clock_fake_init(&fixture.clock, START_MS);
	wr_buf_init(&fixture.text);
	*state = &fixture;
	return wr_health_create(&fixture.clock.clock, &fixture.health) == WR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	wr_health_destroy(f->health);
	wr_buf_fini(&f->text);
	return 0;
}

static const char *render(struct fixture *f)
{
	bool ready = false;

	wr_buf_clear(&f->text);
	assert_int_equal(wr_health_render(f->health, &f->text, &ready), WR_OK);
	assert_int_equal(ready, wr_health_ready(f->health));
	return wr_buf_text(&f->text);
}

static void without_conditions_it_is_ready(void **state)
{
	struct fixture *f = *state;

	assert_true(wr_health_ready(f->health));
	assert_string_equal(render(f), "{\"ready\":true,\"reasons\":[]}");
}

static void one_unready_component_is_enough(void **state)
{
	struct fixture *f = *state;

	wr_health_set(f->health, "kafka", true, NULL);
	wr_health_set(f->health, "redis", false, "no answer");
	assert_false(wr_health_ready(f->health));
	assert_string_equal(render(f), "{\"ready\":false,\"reasons\":[{\"component\":\"redis\","
				       "\"reason\":\"no answer\","
				       "\"since\":\"2026-01-01T00:00:00.000Z\"}]}");
	wr_health_set(f->health, "redis", true, NULL);
	assert_string_equal(render(f), "{\"ready\":true,\"reasons\":[]}");
}

static void since_is_when_it_ceased_to_be_ready_not_when_the_reason_changed(void **state)
{
	struct fixture *f = *state;

	wr_health_set(f->health, "redis", false, "no answer");
	wr_clock_fake_advance_ms(&f->clock, 1500);
	wr_health_set(f->health, "redis", false, "out of memory there");
	assert_string_equal(render(f), "{\"ready\":false,\"reasons\":[{\"component\":\"redis\","
				       "\"reason\":\"out of memory there\","
				       "\"since\":\"2026-01-01T00:00:00.000Z\"}]}");
	wr_health_set(f->health, "redis", true, NULL);
	wr_health_set(f->health, "redis", false, "no answer");
	assert_non_null(strstr(render(f), "2026-01-01T00:00:01.500Z"));
}

static void a_cleared_component_no_longer_counts(void **state)
{
	struct fixture *f = *state;

	wr_health_set(f->health, "a", false, "x");
	wr_health_set(f->health, "b", false, "y");
	wr_health_set(f->health, "c", false, "z");
	wr_health_clear(f->health, "b");
	wr_health_clear(f->health, "never named");
	assert_null(strstr(render(f), "\"b\""));
	wr_health_clear(f->health, "a");
	wr_health_clear(f->health, "c");
	assert_true(wr_health_ready(f->health));
}

static void names_and_reasons_are_copied_and_escaped(void **state)
{
	struct fixture *f = *state;
	char component[] = "pipeline/\"x\"", reason[] = "why";

	wr_health_set(f->health, component, false, reason);
	memset(component, 'q', sizeof(component) - 1);
	memset(reason, 'q', sizeof(reason) - 1);
	assert_non_null(strstr(render(f), "\"pipeline/\\\"x\\\"\",\"reason\":\"why\""));
}

static void a_missing_reason_is_an_empty_text(void **state)
{
	struct fixture *f = *state;

	wr_health_set(f->health, "a", false, NULL);
	assert_non_null(strstr(render(f), "\"reason\":\"\""));
}

static void rendering_appends(void **state)
{
	struct fixture *f = *state;

	wr_buf_append_text(&f->text, "x");
	assert_int_equal(wr_health_render(f->health, &f->text, NULL), WR_OK);
	assert_string_equal(wr_buf_text(&f->text), "x{\"ready\":true,\"reasons\":[]}");
}

static void destroying_nothing_does_nothing(void **state)
{
	(void)state;
	wr_health_destroy(NULL);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(without_conditions_it_is_ready),
	    WITH_FIXTURE(one_unready_component_is_enough),
	    WITH_FIXTURE(since_is_when_it_ceased_to_be_ready_not_when_the_reason_changed),
	    WITH_FIXTURE(a_cleared_component_no_longer_counts),
	    WITH_FIXTURE(names_and_reasons_are_copied_and_escaped),
	    WITH_FIXTURE(a_missing_reason_is_an_empty_text),
	    WITH_FIXTURE(rendering_appends),
	    cmocka_unit_test(destroying_nothing_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
