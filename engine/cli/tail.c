#include "config.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/kafka_args.h"
#include "cli/record.h"
#include "cli/stop.h"
#include "kafka/client.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 100
#define METADATA_STEP_MS 500
#define METADATA_MOMENT_MS 10
#define METADATA_TIMEOUT_MS 10000

struct tail {
	const struct wr_command *command;
	struct wr_kafka_args kafka;
	const char *topic;
	long long count; /* 0: no end */
	long long partition;
	long long timeout_ms; /* 0: none */
	bool from_beginning;
	bool exit_at_end;
	bool json;

	rd_kafka_t *rk;
	rd_kafka_topic_t *rkt;
	rd_kafka_queue_t *queue;
	int32_t *partitions;
	bool *started;
	bool *at_end;
	size_t partition_count;
	long long shown;
	bool failed;
	struct wr_buf text;
	struct wr_cli_header *headers;
	size_t header_capacity;
};

static const struct wr_option options[] = {
    WR_KAFKA_OPTIONS,
    {"count", 'n', "N", "stop after N records"},
    {"from-beginning", 0, NULL, "start with the oldest records, not with new ones"},
    {"partition", 'p', "P", "only this partition"},
    {"timeout", 0, "D", "stop when no record has come for so long (\"10s\")"},
    {"exit-at-end", 'e', NULL, "stop at the end of the topic"},
    {"json", 'j', NULL, "one JSON object a line"},
    {NULL, 0, NULL, NULL},
};

static int parse(struct tail *tail, int argc, char **argv)
{
	struct wr_args args;
	int exit_status;

	wr_args_begin(&args, tail->command, argc, argv);
	while (wr_args_next(&args)) {
		bool ok = true;

		if (args.option == NULL && tail->topic != NULL)
			return wr_args_wrong(tail->command, "takes one topic");
		else if (args.option == NULL)
			tail->topic = args.value;
		else if (wr_args_is(&args, "count"))
			ok = wr_args_number(&args, 1, LLONG_MAX, &tail->count);
		else if (wr_args_is(&args, "partition"))
			ok = wr_args_number(&args, 0, INT32_MAX, &tail->partition);
		else if (wr_args_is(&args, "timeout"))
			ok = wr_args_duration_ms(&args, &tail->timeout_ms);
		else if (wr_args_is(&args, "from-beginning"))
			tail->from_beginning = true;
		else if (wr_args_is(&args, "exit-at-end"))
			tail->exit_at_end = true;
		else if (wr_args_is(&args, "json"))
			tail->json = true;
		else if (!wr_kafka_args_take(&tail->kafka, &args, &exit_status))
			return exit_status;
		if (!ok)
			return WR_EXIT_USAGE;
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (tail->topic == NULL)
		return wr_args_wrong(tail->command, "wants a topic");
	return -1;
}

static int complain(const struct tail *tail, const char *what, const char *why)
{
	fprintf(stderr, "weir %s: %s: %s\n", tail->command->name, what, why);
	return WR_EXIT_WRONG;
}

/* Keeps the partitions that were asked for. */
static int choose_partitions(struct tail *tail, const rd_kafka_metadata_topic_t *topic)
{
	size_t count = (size_t)topic->partition_cnt;

	if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return complain(tail, tail->topic, rd_kafka_err2str(topic->err));
	if (tail->partition >= 0 && (size_t)tail->partition >= count) {
		fprintf(stderr, "weir tail: %s has %zu partitions, counted from 0\n", tail->topic,
			count);
		return WR_EXIT_WRONG;
	}
	tail->partitions = calloc(count + 1, sizeof(*tail->partitions));
	tail->started = calloc(count + 1, sizeof(*tail->started));
	tail->at_end = calloc(count + 1, sizeof(*tail->at_end));
	if (tail->partitions == NULL || tail->started == NULL || tail->at_end == NULL)
		return complain(tail, tail->topic, "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (tail->partition < 0 || topic->partitions[i].id == tail->partition)
			tail->partitions[tail->partition_count++] = topic->partitions[i].id;
	}
	return WR_EXIT_OK;
}

/* The next step of so many; at least a moment, or nothing would be asked. */
static int step_ms(int64_t end_ns)
{
	int64_t left_ms = (end_ns - wr_clock_mono_ns(&wr_clock_real)) / WR_NS_PER_MS;

	if (left_ms > METADATA_STEP_MS)
		return METADATA_STEP_MS;
	return left_ms > METADATA_MOMENT_MS ? (int)left_ms : METADATA_MOMENT_MS;
}

/* Asks for the metadata in short steps, so that a signal ends it and errors are heard of meanwhile. While no broker
 * answers no record comes either: --timeout ends that as well. */
static rd_kafka_resp_err_t read_metadata(struct tail *tail,
					 const struct rd_kafka_metadata **metadata_r)
{
	int64_t timeout_ms = tail->timeout_ms > 0 ? tail->timeout_ms : METADATA_TIMEOUT_MS;
	int64_t end_ns = wr_clock_mono_ns(&wr_clock_real) + timeout_ms * WR_NS_PER_MS;
	rd_kafka_resp_err_t error;

	do {
		error = rd_kafka_metadata(tail->rk, 0, tail->rkt, metadata_r, step_ms(end_ns));
		rd_kafka_poll(tail->rk, 0);
	} while (error != RD_KAFKA_RESP_ERR_NO_ERROR && !wr_stop_asked() &&
		 wr_clock_mono_ns(&wr_clock_real) < end_ns);
	return error;
}

static int find_partitions(struct tail *tail)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t error = read_metadata(tail, &metadata);
	int exit_status;

	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		return complain(tail, "can't reach Kafka", rd_kafka_err2str(error));
	if (metadata->topic_cnt == 1)
		exit_status = choose_partitions(tail, &metadata->topics[0]);
	else
		exit_status = complain(tail, tail->topic, "no such topic");
	rd_kafka_metadata_destroy(metadata);
	return exit_status;
}

static int start(struct tail *tail)
{
	static const struct wr_kafka_setting defaults[] = {{"fetch.wait.max.ms", "50"},
							   {NULL, NULL}};
	static const struct wr_kafka_setting settings[] = {
	    {"isolation.level", "read_committed"},
	    {"enable.partition.eof", "true"},
	    {"enable.auto.commit", "false"},
	    {"auto.offset.reset", "earliest"},
	    {NULL, NULL},
	};
	int64_t from = tail->from_beginning ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
	int exit_status = wr_kafka_args_client(&tail->kafka, tail->command, RD_KAFKA_CONSUMER,
					       defaults, settings, &tail->rk);

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	tail->rkt = rd_kafka_topic_new(tail->rk, tail->topic, NULL);
	tail->queue = rd_kafka_queue_new(tail->rk);
	if (tail->rkt == NULL || tail->queue == NULL)
		return complain(tail, tail->topic, "not a topic name that Kafka takes");
	exit_status = find_partitions(tail);
	for (size_t i = 0; exit_status == WR_EXIT_OK && i < tail->partition_count; i++) {
		if (rd_kafka_consume_start_queue(tail->rkt, tail->partitions[i], from,
						 tail->queue) != 0)
			exit_status =
			    complain(tail, tail->topic, rd_kafka_err2str(rd_kafka_last_error()));
		else
			tail->started[i] = true;
	}
	return exit_status;
}

static bool reserve_headers(struct tail *tail, size_t count)
{
	struct wr_cli_header *headers;

	if (count <= tail->header_capacity)
		return true;
	headers = realloc(tail->headers, count * sizeof(*headers));
	if (headers == NULL)
		return false;
	tail->headers = headers;
	tail->header_capacity = count;
	return true;
}

static size_t read_headers(struct tail *tail, const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *list;
	size_t count = 0;
	const void *value;
	size_t size;

	if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    !reserve_headers(tail, rd_kafka_header_cnt(list)))
		return 0;
	while (count < tail->header_capacity &&
	       rd_kafka_header_get_all(list, count, &tail->headers[count].name, &value, &size) ==
		   RD_KAFKA_RESP_ERR_NO_ERROR)
		tail->headers[count++].value = wr_bytes(value, size);
	return count;
}

static void show(struct tail *tail, const rd_kafka_message_t *message)
{
	struct wr_cli_record record = {
	    .topic = tail->topic,
	    .partition = message->partition,
	    .offset = message->offset,
	    .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
	    .key = wr_bytes(message->key, message->key_len),
	    .value = wr_bytes(message->payload, message->len),
	    .header_count = read_headers(tail, message),
	};
	enum wr_code rc;

	record.headers = tail->headers;
	wr_buf_clear(&tail->text);
	if (tail->json)
		rc = wr_cli_record_json(&record, &tail->text);
	else
		rc = wr_cli_record_text(&record, &tail->text);
	if (rc != WR_OK || fwrite(tail->text.data, 1, tail->text.size, stdout) != tail->text.size) {
		complain(tail, "can't write", rc != WR_OK ? wr_code_text(rc) : strerror(errno));
		tail->failed = true;
	}
	tail->shown++;
}

static void note_end(struct tail *tail, int32_t partition)
{
	for (size_t i = 0; i < tail->partition_count; i++) {
		if (tail->partitions[i] == partition)
			tail->at_end[i] = true;
	}
}

static bool all_at_end(const struct tail *tail)
{
	for (size_t i = 0; i < tail->partition_count; i++) {
		if (!tail->at_end[i])
			return false;
	}
	return true;
}

static void take(struct tail *tail, const rd_kafka_message_t *message)
{
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		show(tail, message);
	} else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		note_end(tail, message->partition);
	} else {
		complain(tail, tail->topic, rd_kafka_message_errstr(message));
		/* librdkafka mends what can be mended without saying so here. */
		tail->failed = true;
	}
}

static bool is_done(const struct tail *tail, int64_t quiet_since_ns)
{
	if (wr_stop_asked() || tail->failed || (tail->count > 0 && tail->shown >= tail->count))
		return true;
	if (tail->exit_at_end && all_at_end(tail))
		return true;
	return tail->timeout_ms > 0 &&
	       wr_clock_mono_ns(&wr_clock_real) - quiet_since_ns >= tail->timeout_ms * WR_NS_PER_MS;
}

static int follow(struct tail *tail)
{
	int64_t quiet_since_ns = wr_clock_mono_ns(&wr_clock_real);
	rd_kafka_message_t *message;

	while (!is_done(tail, quiet_since_ns)) {
		message = rd_kafka_consume_queue(tail->queue, 0);
		if (message == NULL) {
			fflush(stdout); /* nothing more for now: show what there is */
			message = rd_kafka_consume_queue(tail->queue, POLL_MS);
		}
		rd_kafka_poll(tail->rk, 0);
		if (message == NULL)
			continue;
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			quiet_since_ns = wr_clock_mono_ns(&wr_clock_real);
		take(tail, message);
		rd_kafka_message_destroy(message);
	}
	if (tail->failed || (tail->count > 0 && tail->shown < tail->count))
		return WR_EXIT_WRONG;
	return WR_EXIT_OK;
}

static void finish(struct tail *tail)
{
	for (size_t i = 0; i < tail->partition_count; i++) {
		if (tail->started[i])
			rd_kafka_consume_stop(tail->rkt, tail->partitions[i]);
	}
	if (tail->queue != NULL)
		rd_kafka_queue_destroy(tail->queue);
	if (tail->rkt != NULL)
		rd_kafka_topic_destroy(tail->rkt);
	if (tail->rk != NULL)
		rd_kafka_destroy(tail->rk);
	wr_kafka_args_fini(&tail->kafka);
	wr_buf_fini(&tail->text);
	free(tail->headers);
	free(tail->partitions);
	free(tail->started);
	free(tail->at_end);
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct tail tail = {.command = command, .partition = -1, .text = WR_BUF_INIT};
	int exit_status;

	wr_kafka_args_init(&tail.kafka);
	exit_status = parse(&tail, argc, argv);
	if (exit_status < 0) {
		wr_stop_on_signals();
		exit_status = start(&tail);
		if (exit_status == WR_EXIT_OK)
			exit_status = follow(&tail);
	}
	finish(&tail);
	return exit_status;
}

const struct wr_command wr_command_tail = {
    .name = "tail",
    .summary = "print the records of a topic with their headers",
    .usage = "TOPIC [OPTION...]",
    .description =
	"Prints the records of a topic as they come: partition and offset, time, key, headers,\n"
	"value. Bytes that can't be printed are shown as \\xNN; --json loses nothing. It joins no\n"
	"consumer group, commits nothing and sees only what is committed. Ends with Ctrl-C.\n"
	"\n"
	"Exit status: 0; 1 when Kafka or the topic can't be read, or when it ended before it had\n"
	"seen the N records of -n.\n",
    .options = options,
    .run = run,
};
