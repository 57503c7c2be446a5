#include "config.h"

#include "conf/conf.h"
#include "tests/unit.h"

static void a_pipeline_is_found_by_its_name(void **state)
{
	struct wr_conf_pipeline pipelines[] = {{.name = (char[]){"a"}}, {.name = (char[]){"ab"}}};
	const struct wr_conf conf = {.pipelines = pipelines, .pipeline_count = 2};

	(void)state;
	assert_ptr_equal(wr_conf_find_pipeline(&conf, "a"), &pipelines[0]);
	assert_ptr_equal(wr_conf_find_pipeline(&conf, "ab"), &pipelines[1]);
	assert_null(wr_conf_find_pipeline(&conf, "b"));
	assert_null(wr_conf_find_pipeline(&conf, ""));
	assert_null(wr_conf_find_pipeline(&conf, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_pipeline_is_found_by_its_name)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
