/*
 * A lane that keeps the order of keys whose events lie in retry topics: a source partition, two tiers and the topic of
 * replays. Its first stage emits a record to the alerts for ids that begin with "E". Its second one notes whom it is
 * called for, and asks for retries of those that `failing` names.
 */
#ifndef WR_TESTS_RUN_PARKED_KEYS_H
#define WR_TESTS_RUN_PARKED_KEYS_H

#include "tests/run/lane_fixture.h"

#include "core/envelope.h"

#include <stdio.h>
#include <string.h>

enum { IN, SHORT, LONG, REPLAYS };

static struct fixture f;
static const char *failing; /* ids that begin with one of these letters ask for a retry */
static const char *refused; /* or are refused for good */
static char called[400];    /* the ids, in order, that the second stage was called for */
static char *topics[] = {(char *)(uintptr_t) "in"};

static inline enum weir_verdict handler(struct weir_call *call, const struct weir_event *ev,
					struct weir_result *res, int stage)
{
	struct weir_record alert = {.size = sizeof(alert), .key = ev->key, .value = {"alert", 5}};
	const char *id = ev->id.data;
	size_t used = strlen(called);

	if (stage == 0 && id[0] == 'E')
		assert_true(call->host->emit(call, res, 1, &alert));
	if (stage == 0)
		return WEIR_OK;
	snprintf(called + used, sizeof(called) - used, "%.*s ", (int)ev->id.size, id);
	if (strchr(refused, id[0]) != NULL)
		return WEIR_FAIL;
	if (strchr(failing, id[0]) == NULL)
		return WEIR_OK;
	call->host->set_error(call, res, "busy", "the ledger is busy");
	return WEIR_RETRY;
}

static inline void prepare(enum wr_conf_retry_mode mode)
{
	static const char *const names[] = {"in", "p.retry.5s", "p.retry.1m", "p.retry.0"};

	fixture_init(&f);
	f.handler = handler;
	f.conf.topics = (struct wr_conf_strings){topics, 1};
	for (int i = 0; i < FIXTURE_STAGES; i++) {
		struct wr_conf_retry *retry = &f.stages[i].retry;

		retry->mode = mode;
		retry->attempts = 4;
		retry->tiers_ms[0] = 5000;
		retry->tiers_ms[1] = 60000;
		retry->tier_count = 2;
	}
	for (int i = 0; i < 4; i++) {
		f.partitions[i].pub.topic = names[i];
		f.partitions[i].pub.id = 0;
		f.assigned[i] = &f.partitions[i].pub;
		f.topics[i] = (struct wr_source_topic){names[i], 1};
	}
	f.assigned_count = f.topic_count = 4;
	failing = refused = "";
	called[0] = '\0';
}

static inline void start(void)
{
	fixture_start(&f);
	fixture_settle(&f);
}

static inline int set_up(void **state)
{
	(void)state;
	prepare(WR_RETRY_KEY);
	start();
	return 0;
}

static inline int set_up_exactly_once(void **state)
{
	(void)state;
	prepare(WR_RETRY_KEY);
	f.conf.delivery = WR_EXACTLY_ONCE;
	start();
	return 0;
}

/* Each test starts the lane itself. */
static inline int set_up_only(void **state)
{
	(void)state;
	prepare(WR_RETRY_KEY);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

static inline void send(const char *id, const char *key)
{
	fixture_send(&f, IN, id, key);
	fixture_settle(&f);
}

static inline const struct fixture_write *parked(const char *topic, size_t n)
{
	return fixture_write_to(&f, topic, n);
}

/* The n-th record of a retry topic comes to its partition. */
static inline void append(int partition, size_t n)
{
	fixture_redeliver(&f, partition,
			  parked(partition == SHORT ? "p.retry.5s" : "p.retry.1m", n));
}

static inline const char *value_of(const char *id)
{
	static char value[64];

	snprintf(value, sizeof(value), "{\"id\":\"%s\"}", id);
	return value;
}

static inline void assert_out(size_t n, const char *id)
{
	assert_string_equal(fixture_write_to(&f, "out", n)->value, value_of(id));
}

static inline void assert_behind(const struct fixture_write *write, const char *id,
				 const char *attempts)
{
	assert_string_equal(write->value, value_of(id));
	assert_true(fixture_has_header(write, "weir-order", "behind"));
	if (strcmp(attempts, "0") == 0)
		assert_null(strstr(write->headers, "weir-attempts="));
	else
		assert_true(fixture_has_header(write, "weir-attempts", attempts));
	assert_int_equal(write->partition, 0);
}

/* A record of a retry topic that the lane did not write, or a predecessor did. */
static inline struct fixture_write forged(const char *id, const char *key, const char *more)
{
	struct fixture_write write = {.partition = 0};

	snprintf(write.key, sizeof(write.key), "%s", key);
	snprintf(write.value, sizeof(write.value), "%s", value_of(id));
	snprintf(write.headers, sizeof(write.headers),
		 "weir-pipeline=p\nweir-event-id=%s\nweir-attempts=0\nweir-first-failed-at=0\n"
		 "weir-replays=0\nweir-origin-topic=in\nweir-origin-partition=0\n%s",
		 id, more);
	return write;
}

/* Of the key k, which it parks. */
static inline struct fixture_write forged_first(const char *more)
{
	char headers[160];

	snprintf(headers, sizeof(headers),
		 "weir-order=first\nweir-origin-offset=0\nweir-owner=0/in/0/0\n%s", more);
	return forged("x", "k", headers);
}

/* Two events of a key that are parked, one behind the other, and come to the short tier. */
static inline void park_two(void)
{
	failing = "a";
	send("a", "k");
	send("b", "k");
	append(SHORT, 0);
	append(SHORT, 1);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define ALONE(name) cmocka_unit_test_setup_teardown(name, set_up_only, tear_down)

#endif
