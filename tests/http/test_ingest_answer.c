#include "config.h"

#include "tests/unit.h"

#include "http/ingest_answer.h"

static const char text[] = "[{\"a\":1},\n{\"b\":2},\n{\"c\":3}]";

static struct wr_event_item items[3];

static struct wr_event_body batch(int first, int second, int third)
{
	const struct wr_event_body body = {.items = items, .count = 3, .is_batch = true};
	const int fates[] = {first, second, third};
	size_t i;

	for (i = 0; i < 3; i++)
		items[i] = (struct wr_event_item){.fate = fates[i],
						  .status = 413,
						  .detail = "too big",
						  .sent = wr_bytes(text + 1 + 9 * i, 7)};
	return body;
}

static void assert_answer(const struct wr_event_body *body, unsigned status, const char *expected)
{
	struct wr_buf out = WR_BUF_INIT;
	unsigned found = 0;

	assert_int_equal(wr_ingest_answer(body, wr_bytes_of(text), &out, &found), WR_OK);
	assert_int_equal(found, status);
	if (strstr(wr_buf_text(&out), expected) == NULL)
		fail_msg("%s\nis not in\n%s", expected, wr_buf_text(&out));
	wr_buf_fini(&out);
}

static void all_accepted_is_just_a_number(void **state)
{
	struct wr_event_body body = batch(WR_FATE_ACCEPTED, WR_FATE_ACCEPTED, WR_FATE_ACCEPTED);

	(void)state;
	assert_answer(&body, 202, "{\"accepted\":3}");
}

static void some_rejected_are_listed_with_their_place(void **state)
{
	struct wr_event_body body = batch(WR_FATE_ACCEPTED, WR_FATE_INVALID, WR_FATE_REFUSED);

	(void)state;
	assert_answer(
	    &body, 202,
	    "{\"accepted\":1,\"rejected\":2,\"failed\":0,\"errors\":["
	    "{\"index\":1,\"status\":413,\"detail\":\"too big\","
	    "\"position\":{\"offset\":10,\"line\":2,\"column\":1}},"
	    "{\"index\":2,\"status\":422,\"detail\":\"Kafka refuses this record for good\","
	    "\"position\":{\"offset\":19,\"line\":3,\"column\":1}}]}");
}

static void all_rejected_is_unprocessable(void **state)
{
	struct wr_event_body body = batch(WR_FATE_INVALID, WR_FATE_INVALID, WR_FATE_INVALID);

	(void)state;
	assert_answer(&body, 422, "\"accepted\":0,\"rejected\":3,\"failed\":0");
}

static void one_that_may_be_lost_makes_it_a_503(void **state)
{
	static const int fates[] = {WR_FATE_PENDING, WR_FATE_NOT_STORED, WR_FATE_UNKNOWN};
	struct wr_event_body body;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(fates); i++) {
		body = batch(WR_FATE_ACCEPTED, WR_FATE_INVALID, fates[i]);
		assert_answer(&body, 503,
			      "\"accepted\":1,\"rejected\":1,\"failed\":1,\"errors\":[");
		assert_answer(&body, 503,
			      "{\"index\":2,\"status\":503,\"detail\":\"Kafka did not ");
	}
}

static void a_single_event_has_the_status_of_its_fate(void **state)
{
	static const struct {
		int fate;
		unsigned status;
		const char *part;
	} cases[] = {
	    {WR_FATE_ACCEPTED, 202, "{\"accepted\":1}"},
	    {WR_FATE_INVALID, 413, "\"detail\":\"too big\"}"},
	    {WR_FATE_REFUSED, 422, "urn:weir:problem:invalid-event"},
	    {WR_FATE_NOT_STORED, 503, "urn:weir:problem:unavailable"},
	    {WR_FATE_UNKNOWN, 503, "urn:weir:problem:unknown-outcome"},
	    {WR_FATE_PENDING, 503, "urn:weir:problem:unknown-outcome"},
	};
	struct wr_event_body body;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(cases); i++) {
		body = batch(cases[i].fate, 0, 0);
		body.count = 1;
		body.is_batch = false;
		assert_answer(&body, cases[i].status, cases[i].part);
	}
}

static void a_body_refused_as_a_whole_says_why_and_where(void **state)
{
	struct wr_event_body body = {.status = 400,
				     .detail = "expected a value",
				     .has_error_offset = true,
				     .error_offset = 11};

	(void)state;
	assert_answer(
	    &body, 400,
	    "{\"type\":\"urn:weir:problem:bad-json\",\"title\":\"The body is not valid JSON\","
	    "\"status\":400,\"detail\":\"expected a value\","
	    "\"position\":{\"offset\":11,\"line\":2,\"column\":2}}");
	body = (struct wr_event_body){.status = 400, .detail = "the body is empty"};
	assert_answer(&body, 400, "urn:weir:problem:bad-request");
	body = (struct wr_event_body){.status = 413, .detail = "too many", .is_batch = true};
	assert_answer(&body, 413, "\"detail\":\"too many\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_accepted_is_just_a_number),
	    cmocka_unit_test(some_rejected_are_listed_with_their_place),
	    cmocka_unit_test(all_rejected_is_unprocessable),
	    cmocka_unit_test(one_that_may_be_lost_makes_it_a_503),
	    cmocka_unit_test(a_single_event_has_the_status_of_its_fate),
	    cmocka_unit_test(a_body_refused_as_a_whole_says_why_and_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
