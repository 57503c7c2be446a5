/* What the engine tells the admin API, read back as JSON. */
#include "config.h"

#include "run/admin.h"

#include "base/log.h"
#include "host/plugin.h"
#include "tests/run/answer.h"

#include <sys/eventfd.h>

static char name[] = "pay", topic[] = "in", group[] = "g", out_name[] = "default",
	    out_topic[] = "out", dlq[] = "dead", instance[] = "node-a", file[] = "w.yaml";
static char *topics[] = {topic};
static struct wr_conf_output outputs[] = {{.name = out_name, .topic = out_topic}};
static struct wr_conf_pipeline conf_pipeline = {.name = name,
						.group = group,
						.topics = {topics, 1},
						.outputs = outputs,
						.output_count = 1,
						.dlq_topic = dlq};
static struct wr_conf conf = {.file = file, .instance = instance};
static const struct weir_plugin entry = {.abi_major = 1, .abi_minor_needed = 2};
static char path[] = "/p/fraud.so";
static struct wr_plugin plugin = {.magic = WR_PLUGIN_MAGIC,
				  .entry = &entry,
				  .id = "fraud",
				  .version = "1.4.0",
				  .path = path,
				  .sha256 = "abc"};
static struct wr_stage stages[2] = {{.plugin = &plugin, .name = "first"},
				    {.plugin = &plugin, .name = "second", .index = 1}};
static struct wr_pipeline pipeline = {
    .conf = &conf_pipeline, .stages = stages, .stage_count = 2, .generation = 7};
static struct wr_generation generation = {
    .number = 7, .conf = &conf, .pipelines = &pipeline, .pipeline_count = 1};

static struct wr_clock_fake now;
static struct wr_health *health;
static struct wr_board *board;
static struct wr_admin *admin;
static struct wr_board_lane *lanes[2];
static int wake_fd;

static int begin(void **state)
{
	struct wr_admin_options options = {.clock = &now.clock, .version = "1.2.3"};

	(void)state;
	wr_log_set_level(WR_LOG_ERROR);
	wr_clock_fake_init(&now, INT64_C(1767225600000));
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wr_health_create(&now.clock, &health) != WR_OK || wr_board_create(&board) != WR_OK ||
	    wr_json_reader_create(&reader) != WR_OK)
		return -1;
	options.health = health;
	options.board = board;
	for (uint32_t i = 0; i < 2; i++)
		lanes[i] = wr_board_join(board, "pay", i, wake_fd);
	return wr_admin_create(&options, &admin) == WR_OK ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	wr_admin_destroy(admin);
	wr_board_leave(lanes[0]);
	wr_board_leave(lanes[1]);
	wr_board_destroy(board);
	wr_health_destroy(health);
	wr_json_reader_destroy(reader);
	close(wake_fd);
	return 0;
}

static void ask(void (*show)(struct wr_admin_port *port, struct wr_json_out *out))
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_json_out out;
	struct wr_err err = {.text = ""};

	wr_json_out_init(&out, &text);
	wr_json_out_begin_object(&out, NULL);
	show(wr_admin_port(admin), &out);
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	if (wr_json_read(reader, wr_bytes(text.data, text.size), NULL, &err) != WR_OK)
		fail_msg("%s", err.text);
	wr_buf_fini(&text);
}

static void publish(int lane, enum wr_board_state state)
{
	struct wr_board_partition partitions[2] = {
	    {.topic = "in", .id = lane, .committed = 3, .position = 8, .lag = 10},
	    {.topic = "in", .id = lane + 2, .committed = -1, .position = -1, .lag = -1}};
	const struct wr_board_snapshot snapshot = {.state = state,
						   .generation = 7,
						   .in_flight = 2,
						   .window = 16,
						   .parked = 1,
						   .oldest_s = 0.5,
						   .counts = {.taken = 20, .processed = 9},
						   .circuits = {{.stage = "second",
								 .generation = 7,
								 .open_s = 12.5,
								 .probe_s = 0.25}},
						   .circuit_count = lane == 1 ? 1 : 0,
						   .partitions = partitions,
						   .partition_count = 2};

	wr_board_publish(lanes[lane], &snapshot);
}

static enum wr_code set_paused(const char *of, bool paused)
{
	struct wr_buf text = WR_BUF_INIT;
	struct wr_json_out out;
	enum wr_code rc;

	wr_json_out_init(&out, &text);
	wr_json_out_begin_object(&out, NULL);
	rc = wr_admin_port(admin)->ops->set_paused(wr_admin_port(admin), of, paused, "me", &out);
	wr_json_out_end(&out);
	assert_int_equal(wr_json_out_finish(&out), WR_OK);
	assert_string_equal(wr_buf_text(&text), rc != WR_OK ? "{}"
						: paused    ? "{\"name\":\"pay\",\"paused\":true}"
							 : "{\"name\":\"pay\",\"paused\":false}");
	wr_buf_fini(&text);
	return rc;
}

static const struct wr_admin_ops *ops(void)
{
	return wr_admin_port(admin)->ops;
}

static void the_status_says_who_and_since_when(void **state)
{
	(void)state;
	wr_admin_set_generation(admin, &generation);
	wr_clock_fake_advance_ms(&now, 1500);
	wr_health_set(health, "kafka", false, "no broker answers");
	ask(ops()->status);
	assert_type("/drifted", WR_JSON_BOOL);
	assert_type("/canary", WR_JSON_NULL);
	assert_text("/version", "1.2.3");
	assert_text("/instance", "node-a");
	assert_text("/started", "2026-01-01T00:00:00.000Z");
	assert_type("/uptime_seconds", WR_JSON_NUMBER);
	assert_integer("/pid", getpid());
	assert_integer("/generation", 7);
	assert_text("/log_level", "error");
	assert_text("/health/reasons/0/component", "kafka");
	assert_type("/pipelines/0", WR_JSON_OBJECT);
	assert_type("/plugins/0", WR_JSON_OBJECT);
}

static void before_a_generation_runs_there_is_nothing_of_one(void **state)
{
	(void)state;
	ask(ops()->status);
	assert_type("/generation", WR_JSON_NULL);
	assert_type("/pipelines", WR_JSON_ARRAY);
	assert_type("/pipelines/0", WR_JSON_MISSING);
	ask(ops()->plugins);
	assert_type("/plugins/0", WR_JSON_MISSING);
	ask(ops()->config);
	assert_type("/config", WR_JSON_MISSING);
}

static void a_pipeline_is_shown_with_its_lanes_and_their_sums(void **state)
{
	(void)state;
	wr_admin_set_generation(admin, &generation);
	publish(0, WR_BOARD_RUNNING);
	publish(1, WR_BOARD_IDLE);
	ask(ops()->pipelines);
	assert_text("/pipelines/0/name", "pay");
	assert_text("/pipelines/0/state", "running");
	assert_text("/pipelines/0/delivery", "at_least_once");
	assert_text("/pipelines/0/source/topics/0", "in");
	assert_text("/pipelines/0/source/group", "g");
	assert_text("/pipelines/0/outputs/default", "out");
	assert_text("/pipelines/0/dlq", "dead");
	assert_text("/pipelines/0/stages/1/name", "second");
	assert_text("/pipelines/0/stages/1/version", "1.4.0");
	assert_integer("/pipelines/0/lag", 20);
	assert_integer("/pipelines/0/in_flight", 4);
	assert_integer("/pipelines/0/events/taken", 40);
	assert_integer("/pipelines/0/events/processed", 18);
	assert_integer("/pipelines/0/lanes/1/lane", 1);
	assert_text("/pipelines/0/lanes/1/state", "idle");
	assert_integer("/pipelines/0/lanes/1/window", 16);
	assert_integer("/pipelines/0/lanes/1/parked", 1);
	assert_integer("/pipelines/0/lanes/0/partitions/0/committed", 3);
	assert_integer("/pipelines/0/lanes/0/partitions/0/position", 8);
	assert_integer("/pipelines/0/lanes/0/partitions/0/lag", 10);
	assert_type("/pipelines/0/lanes/0/partitions/1/committed", WR_JSON_NULL);
	assert_type("/pipelines/0/lanes/0/partitions/1/lag", WR_JSON_NULL);
	assert_type("/pipelines/0/lanes/0/open_circuits", WR_JSON_ARRAY);
	assert_type("/pipelines/0/lanes/0/open_circuits/0", WR_JSON_MISSING);
	assert_text("/pipelines/0/lanes/1/open_circuits/0/stage", "second");
	assert_integer("/pipelines/0/lanes/1/open_circuits/0/generation", 7);
	assert_type("/pipelines/0/lanes/1/open_circuits/0/open_seconds", WR_JSON_NUMBER);
	assert_type("/pipelines/0/lanes/1/open_circuits/0/next_probe_seconds", WR_JSON_NUMBER);
	assert_type("/pipelines/0/lanes/1/open_circuits/1", WR_JSON_MISSING);
}

static void the_state_of_a_pipeline_is_that_of_its_lanes(void **state)
{
	static const struct {
		enum wr_board_state first, second;
		bool paused;
		const char *expected;
	} rows[] = {
	    {WR_BOARD_RUNNING, WR_BOARD_STARTING, false, "starting"},
	    {WR_BOARD_IDLE, WR_BOARD_IDLE, false, "idle"},
	    {WR_BOARD_RUNNING, WR_BOARD_RUNNING, true, "pausing"},
	    {WR_BOARD_PAUSED, WR_BOARD_PAUSING, true, "pausing"},
	    {WR_BOARD_PAUSED, WR_BOARD_PAUSED, true, "paused"},
	    {WR_BOARD_PAUSED, WR_BOARD_PAUSED, false, "running"},
	    {WR_BOARD_PAUSED, WR_BOARD_STOPPING, true, "stopping"},
	};

	(void)state;
	wr_admin_set_generation(admin, &generation);
	for (size_t i = 0; i < UNIT_COUNT_OF(rows); i++) {
		publish(0, rows[i].first);
		publish(1, rows[i].second);
		assert_int_equal(set_paused("pay", rows[i].paused), WR_OK);
		ask(ops()->pipelines);
		assert_text("/pipelines/0/state", rows[i].expected);
	}
}

static void a_plugin_is_listed_once_with_all_its_stages(void **state)
{
	(void)state;
	wr_admin_set_generation(admin, &generation);
	ask(ops()->plugins);
	assert_text("/plugins/0/id", "fraud");
	assert_text("/plugins/0/version", "1.4.0");
	assert_text("/plugins/0/file", "/p/fraud.so");
	assert_text("/plugins/0/sha256", "abc");
	assert_text("/plugins/0/abi", "1.2");
	assert_type("/plugins/0/build_id", WR_JSON_NULL);
	assert_text("/plugins/0/stages/0", "pay/first");
	assert_text("/plugins/0/stages/1", "pay/second");
	assert_type("/plugins/1", WR_JSON_MISSING);
}

static void the_configuration_is_that_of_the_generation(void **state)
{
	(void)state;
	wr_admin_set_generation(admin, &generation);
	ask(ops()->config);
	assert_integer("/generation", 7);
	assert_text("/file", "w.yaml");
	assert_text("/config/instance", "node-a");
}

static void a_paused_pipeline_is_not_ready_and_says_so(void **state)
{
	bool ready;
	struct wr_buf text = WR_BUF_INIT;

	(void)state;
	assert_int_equal(set_paused("pay", true), WR_OK);
	assert_int_equal(set_paused("pay", true), WR_OK);
	assert_true(wr_board_is_paused(lanes[0]));
	assert_int_equal(wr_health_render(health, &text, &ready), WR_OK);
	assert_false(ready);
	assert_non_null(strstr(wr_buf_text(&text), "\"component\":\"pipeline/pay\",\"reason\":"
						   "\"paused by an operator\""));
	wr_buf_fini(&text);
	assert_int_equal(set_paused("pay", false), WR_OK);
	assert_false(wr_board_is_paused(lanes[0]));
	assert_true(wr_health_ready(health));
}

static void a_pipeline_that_is_not_there_is_not_paused(void **state)
{
	(void)state;
	assert_int_equal(set_paused("nobody", true), WR_ENOTFOUND);
	assert_true(wr_health_ready(health));
}

#define WITH_ADMIN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_ADMIN(the_status_says_who_and_since_when),
	    WITH_ADMIN(before_a_generation_runs_there_is_nothing_of_one),
	    WITH_ADMIN(a_pipeline_is_shown_with_its_lanes_and_their_sums),
	    WITH_ADMIN(the_state_of_a_pipeline_is_that_of_its_lanes),
	    WITH_ADMIN(a_plugin_is_listed_once_with_all_its_stages),
	    WITH_ADMIN(the_configuration_is_that_of_the_generation),
	    WITH_ADMIN(a_paused_pipeline_is_not_ready_and_says_so),
	    WITH_ADMIN(a_pipeline_that_is_not_there_is_not_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
