#include "config.h"

#include "redis/target.h"

#include "tests/unit.h"

#include <stdint.h>

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static void assert_greets(const struct wr_conf_redis *conf, const char *expected, size_t commands)
{
	struct wr_redis_target target;
	struct wr_buf out = WR_BUF_INIT;
	size_t count;

	assert_int_equal(wr_redis_target_init(&target, conf, "pay"), WR_OK);
	assert_int_equal(wr_redis_target_greet(&target, &out, &count), WR_OK);
	assert_string_equal(wr_buf_text(&out), expected);
	assert_int_equal(count, commands);
	wr_buf_fini(&out);
	wr_redis_target_fini(&target);
}

#define NAME "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$8\r\nweir:pay\r\n"

static void a_plain_redis_hears_the_name_only(void **state)
{
	const struct wr_conf_redis conf = {.host = text("h")};

	(void)state;
	assert_greets(&conf, NAME, 1);
}

static void a_password_comes_first_and_the_database_next(void **state)
{
	const struct wr_conf_redis conf = {
	    .host = text("h"), .password = text("p w"), .database = 12};

	(void)state;
	assert_greets(&conf,
		      "*2\r\n$4\r\nAUTH\r\n$3\r\np w\r\n"
		      "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n" NAME,
		      3);
}

static void a_user_is_named_with_its_password(void **state)
{
	const struct wr_conf_redis conf = {
	    .host = text("h"), .username = text("u"), .password = text("p")};

	(void)state;
	assert_greets(&conf, "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n" NAME, 2);
}

static void the_configuration_may_go_before(void **state)
{
	char host[] = "h", display[] = "redis://h";
	const struct wr_conf_redis conf = {.host = host, .display = display, .port = 1};
	struct wr_redis_target target;

	(void)state;
	assert_int_equal(wr_redis_target_init(&target, &conf, "pay"), WR_OK);
	host[0] = display[0] = 'X';
	assert_string_equal(target.host, "h");
	assert_string_equal(target.display, "redis://h");
	assert_int_equal(target.port, 1);
	wr_redis_target_fini(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_redis_hears_the_name_only),
	    cmocka_unit_test(a_password_comes_first_and_the_database_next),
	    cmocka_unit_test(a_user_is_named_with_its_password),
	    cmocka_unit_test(the_configuration_may_go_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
