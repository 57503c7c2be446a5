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

static void an_ingest_topic_is_read_by_a_pipeline_or_it_is_said_which_is_like_it(void **state)
{
	char *one[] = {(char[]){"orders"}}, *two[] = {(char[]){"refunds"}, (char[]){"events"}};
	struct wr_conf_pipeline pipelines[] = {{.topics = {one, 1}}, {.topics = {two, 2}}};
	struct wr_conf conf = {.pipelines = pipelines, .pipeline_count = 2};
	const char *meant;

	(void)state;
	conf.ingest.topic = (char[]){"evnts"};
	assert_true(wr_conf_ingest_is_read(&conf, &meant));
	conf.ingest.listener.configured = true;
	assert_false(wr_conf_ingest_is_read(&conf, &meant));
	assert_string_equal(meant, "events");
	conf.ingest.topic = (char[]){"something-else"};
	assert_false(wr_conf_ingest_is_read(&conf, &meant));
	assert_null(meant);
	conf.ingest.topic = (char[]){"events"};
	assert_true(wr_conf_ingest_is_read(&conf, &meant));
	assert_null(meant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pipeline_is_found_by_its_name),
	    cmocka_unit_test(an_ingest_topic_is_read_by_a_pipeline_or_it_is_said_which_is_like_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
