/*
 * What the benchmark asks of Kafka.
 *
 * usage: bench_kafka create --topic T [--partitions N]        the broker stamps its records with their arrival
 *        bench_kafka delete --topic T
 *        bench_kafka fill --topic T --count N [--bytes N]     writes events 0 to N-1
 *        bench_kafka span --topic T --count N [--timeout S] [--transactions 1]
 *                                                             waits for N records; prints when they arrived
 *        bench_kafka latency --in T --out T [--rate N] [--seconds N]
 * and --brokers B for each. Results are one line of JSON.
 */
#include "config.h"

#include "tests/bench/bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ADMIN_MS 20000
#define WARM_UP_NS INT64_C(1000000000)
#define PARTITIONS_MAX 64

struct task {
	const char *brokers, *topic, *in, *out;
	long partitions, count, bytes, timeout_s, rate, seconds;
	long transactions; /* 1: the topic is written in transactions */
};

static rd_kafka_t *open_producer(const struct task *t, const char *linger_ms)
{
	const char *const pairs[] = {"bootstrap.servers",
				     t->brokers,
				     "acks",
				     "all",
				     "enable.idempotence",
				     "true",
				     "linger.ms",
				     linger_ms,
				     "partitioner",
				     "murmur2_random",
				     "queue.buffering.max.messages",
				     "1000000",
				     "socket.nagle.disable",
				     "true",
				     NULL};

	return bench_client(RD_KAFKA_PRODUCER, bench_conf(pairs));
}

static rd_kafka_t *open_consumer(const struct task *t)
{
	const char *const pairs[] = {"bootstrap.servers",
				     t->brokers,
				     "group.id",
				     "bench-meter",
				     "enable.auto.commit",
				     "false",
				     "fetch.wait.max.ms",
				     "1",
				     "socket.nagle.disable",
				     "true",
				     NULL};

	return bench_client(RD_KAFKA_CONSUMER, bench_conf(pairs));
}

/* Waits for the result of an admin request and dies unless it is what it should be. */
static void await_admin(rd_kafka_queue_t *queue, bool (*failed)(const rd_kafka_event_t *event))
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_MS);

	if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_die("the broker did not answer: %s",
			  event != NULL ? rd_kafka_event_error_string(event) : "timed out");
	if (failed(event))
		exit(1);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
}

static bool topic_failed(const rd_kafka_event_t *event)
{
	const rd_kafka_topic_result_t **results;
	size_t count;

	if (rd_kafka_event_type((rd_kafka_event_t *)(uintptr_t)event) ==
	    RD_KAFKA_EVENT_CREATETOPICS_RESULT)
		results = rd_kafka_CreateTopics_result_topics(
		    rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)event),
		    &count);
	else
		results = rd_kafka_DeleteTopics_result_topics(
		    rd_kafka_event_DeleteTopics_result((rd_kafka_event_t *)(uintptr_t)event),
		    &count);
	if (count == 1 && rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	fprintf(stderr, "topic: %s\n",
		count == 1 ? rd_kafka_err2str(rd_kafka_topic_result_error(results[0])) : "?");
	return true;
}

static int create(const struct task *t)
{
	rd_kafka_t *client = open_producer(t, "0");
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_NewTopic_t *topic =
	    rd_kafka_NewTopic_new(t->topic, (int)t->partitions, 1, NULL, 0);

	rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
	rd_kafka_NewTopic_set_config(topic, "file.delete.delay.ms", "0");
	rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
	await_admin(queue, topic_failed);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_destroy(client);
	return 0;
}

static int delete (const struct task *t)
{
	rd_kafka_t *client = open_producer(t, "0");
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(t->topic);

	rd_kafka_DeleteTopics(client, &topic, 1, NULL, queue);
	await_admin(queue, topic_failed);
	rd_kafka_DeleteTopic_destroy(topic);
	rd_kafka_destroy(client);
	return 0;
}

static void send_event(rd_kafka_t *producer, rd_kafka_topic_t *topic, int32_t partition,
		       uint64_t number, size_t size)
{
	char event[65536], id[BENCH_ID_BYTES + 1];

	bench_id(number, id);
	bench_event(number, bench_now_ns(), event, size);
	while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, event, size, id,
				BENCH_ID_BYTES, NULL) != 0) {
		if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			bench_die("produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_poll(producer, 10);
	}
}

static rd_kafka_topic_t *topic_of(rd_kafka_t *client, const char *name)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);

	if (topic == NULL)
		bench_die("topic %s", name);
	return topic;
}

static int fill(const struct task *t)
{
	rd_kafka_t *producer = open_producer(t, "20");
	rd_kafka_topic_t *topic = topic_of(producer, t->topic);

	for (long i = 0; i < t->count; i++) {
		send_event(producer, topic, RD_KAFKA_PARTITION_UA, (uint64_t)i, (size_t)t->bytes);
		if (i % 1000 == 0)
			rd_kafka_poll(producer, 0);
	}
	if (rd_kafka_flush(producer, 60000) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_die("not all events were acked");
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(producer);
	return 0;
}

static int ask_partitions(rd_kafka_t *client, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *metadata;
	int count;

	if (rd_kafka_metadata(client, 0, topic, &metadata, ADMIN_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	count = metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
	return count;
}

/* A topic that was created a moment ago may be unknown at first. */
static int partitions_of(rd_kafka_t *client, const char *name)
{
	const struct timespec nap = {0, 100000000};
	rd_kafka_topic_t *topic = topic_of(client, name);
	int count = 0;

	for (int tries = 0; tries < 100 && count < 1; tries++) {
		count = ask_partitions(client, topic);
		if (count < 1)
			nanosleep(&nap, NULL);
	}
	if (count < 1 || count > PARTITIONS_MAX)
		bench_die("%s has %d partitions", name, count);
	rd_kafka_topic_destroy(topic);
	return count;
}

/* The ends of the partitions; returns their sum, or -1 when a broker can't say now. */
static int64_t read_ends(rd_kafka_t *client, const char *topic, int partitions, int64_t *ends)
{
	int64_t low, sum = 0;

	for (int i = 0; i < partitions; i++) {
		if (rd_kafka_query_watermark_offsets(client, topic, i, &low, &ends[i], ADMIN_MS) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			return -1;
		sum += ends[i];
	}
	return sum;
}

static int64_t arrival_of(rd_kafka_t *client, const char *topic, int partition, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_message_t *message;
	int64_t arrived_ms;

	rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
	rd_kafka_assign(client, list);
	rd_kafka_topic_partition_list_destroy(list);
	message = rd_kafka_consumer_poll(client, ADMIN_MS);
	if (message == NULL || message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_die("can't read %s [%d] at %lld", topic, partition, (long long)offset);
	arrived_ms = rd_kafka_message_timestamp(message, NULL);
	rd_kafka_message_destroy(message);
	return arrived_ms;
}

static void assign_beginnings(rd_kafka_t *client, const char *topic, int partitions)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);

	for (int i = 0; i < partitions; i++)
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
	rd_kafka_assign(client, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Ends of a topic with transactions count their markers too, so its records are read to be counted, once it has about
 * as many as it should. */
static int64_t read_span(const struct task *t, rd_kafka_t *client, int partitions,
			 int64_t deadline_ns, int64_t *first_ms, int64_t *last_ms)
{
	rd_kafka_message_t *message;
	int64_t count = 0, ms;

	assign_beginnings(client, t->topic, partitions);
	while (count < t->count) {
		message = rd_kafka_consumer_poll(client, 100);
		if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			ms = rd_kafka_message_timestamp(message, NULL);
			*first_ms = ms < *first_ms ? ms : *first_ms;
			*last_ms = ms > *last_ms ? ms : *last_ms;
			count++;
		}
		if (message != NULL)
			rd_kafka_message_destroy(message);
		if (bench_now_ns() > deadline_ns)
			bench_die("%s has %lld committed records of %ld", t->topic,
				  (long long)count, t->count);
	}
	return count;
}

static int span(const struct task *t)
{
	rd_kafka_t *client = open_consumer(t);
	int partitions = partitions_of(client, t->topic);
	int64_t ends[PARTITIONS_MAX], count, first_ms = INT64_MAX, last_ms = 0, ms;
	int64_t deadline = bench_now_ns() + t->timeout_s * INT64_C(1000000000);
	const struct timespec nap = {0, 200000000};

	while ((count = read_ends(client, t->topic, partitions, ends)) < t->count) {
		if (bench_now_ns() > deadline)
			bench_die("%s has %lld records of %ld", t->topic, (long long)count,
				  t->count);
		nanosleep(&nap, NULL);
	}
	if (t->transactions)
		count = read_span(t, client, partitions, deadline, &first_ms, &last_ms);
	for (int i = 0; i < partitions && !t->transactions; i++) {
		if (ends[i] == 0)
			continue;
		ms = arrival_of(client, t->topic, i, 0);
		first_ms = ms < first_ms ? ms : first_ms;
		ms = arrival_of(client, t->topic, i, ends[i] - 1);
		last_ms = ms > last_ms ? ms : last_ms;
	}
	printf("{\"records\": %lld, \"seconds\": %.3f}\n", (long long)count,
	       (double)(last_ms - first_ms) / 1000);
	rd_kafka_destroy(client);
	return 0;
}

/* The reader of a latency run. */
struct reader {
	const struct task *task;
	rd_kafka_t *client;
	int64_t begin_ns; /* events sent before are warm-up */
	int64_t *latencies;
	size_t count, capacity;
	size_t records;
	atomic_bool stop;
};

static void *read_out(void *arg)
{
	struct reader *r = arg;
	rd_kafka_message_t *message;
	int64_t sent;

	while (!atomic_load(&r->stop)) {
		message = rd_kafka_consumer_poll(r->client, 100);
		if (message == NULL)
			continue;
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			sent = bench_event_sent_ns(message->payload, message->len);
			if (sent >= r->begin_ns && r->count < r->capacity)
				r->latencies[r->count++] = bench_now_ns() - sent;
			r->records++;
		}
		rd_kafka_message_destroy(message);
	}
	return NULL;
}

static void assign_ends(rd_kafka_t *client, const char *topic)
{
	int partitions = partitions_of(client, topic);
	int64_t ends[PARTITIONS_MAX];
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);

	if (read_ends(client, topic, partitions, ends) < 0)
		bench_die("no offsets of %s", topic);
	for (int i = 0; i < partitions; i++)
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = ends[i];
	rd_kafka_assign(client, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* Sends at the rate; returns how many. A millisecond's events go to one partition, the next one's to the next: spread
 * over all of them they would be as many requests, which load the broker, and while one is under way librdkafka spins
 * over what is to follow it. */
static long send_at_rate(const struct task *t, int64_t began_ns)
{
	rd_kafka_t *producer = open_producer(t, "0");
	rd_kafka_topic_t *topic = topic_of(producer, t->in);
	int partitions = partitions_of(producer, t->in);
	int32_t partition = 0;
	const struct timespec nap = {0, 1000000};
	int64_t elapsed_ns = 0;
	long sent = 0, due;

	while (elapsed_ns < WARM_UP_NS + t->seconds * INT64_C(1000000000)) {
		elapsed_ns = bench_now_ns() - began_ns;
		due = (long)((double)elapsed_ns * (double)t->rate / 1e9);
		for (; sent < due; sent++)
			send_event(producer, topic, partition,
				   ((uint64_t)began_ns << 20) + (uint64_t)sent, (size_t)t->bytes);
		partition = (partition + 1) % partitions;
		rd_kafka_poll(producer, 0);
		nanosleep(&nap, NULL);
	}
	rd_kafka_flush(producer, 10000);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(producer);
	return sent;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(const struct reader *r, double share)
{
	if (r->count == 0)
		return -1;
	return (double)r->latencies[(size_t)(share * (double)(r->count - 1))] / 1e6;
}

static int latency(const struct task *t)
{
	struct reader r = {.task = t, .client = open_consumer(t)};
	const struct timespec nap = {0, 100000000};
	pthread_t thread;
	int64_t began_ns;
	size_t before;
	long sent;

	r.capacity = (size_t)(t->rate * (t->seconds + 2));
	r.latencies = calloc(r.capacity, sizeof(r.latencies[0]));
	assign_ends(r.client, t->out);
	began_ns = bench_now_ns();
	r.begin_ns = began_ns + WARM_UP_NS;
	if (r.latencies == NULL || pthread_create(&thread, NULL, read_out, &r) != 0)
		bench_die("no memory");
	sent = send_at_rate(t, began_ns);
	do {
		before = r.records;
		nanosleep(&nap, NULL);
		nanosleep(&nap, NULL);
	} while (r.records != before && r.records < (size_t)sent);
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	qsort(r.latencies, r.count, sizeof(r.latencies[0]), compare);
	printf("{\"sent\": %ld, \"received\": %zu, \"p50_ms\": %.2f, \"p99_ms\": %.2f, "
	       "\"max_ms\": %.2f}\n",
	       sent, r.records, percentile_ms(&r, 0.5), percentile_ms(&r, 0.99),
	       percentile_ms(&r, 1));
	rd_kafka_destroy(r.client);
	free(r.latencies);
	return 0;
}

int main(int argc, char **argv)
{
	struct task t = {.brokers = "127.0.0.1:9092",
			 .partitions = 4,
			 .bytes = 210,
			 .timeout_s = 60,
			 .rate = 20000,
			 .seconds = 5};
	const struct bench_option options[] = {
	    {"--brokers", &t.brokers, NULL},
	    {"--topic", &t.topic, NULL},
	    {"--in", &t.in, NULL},
	    {"--out", &t.out, NULL},
	    {"--partitions", NULL, &t.partitions},
	    {"--count", NULL, &t.count},
	    {"--bytes", NULL, &t.bytes},
	    {"--timeout", NULL, &t.timeout_s},
	    {"--rate", NULL, &t.rate},
	    {"--seconds", NULL, &t.seconds},
	    {"--transactions", NULL, &t.transactions},
	    {NULL, NULL, NULL},
	};
	static const struct {
		const char *name;
		int (*run)(const struct task *t);
	} verbs[] = {{"create", create},
		     {"delete", delete},
		     {"fill", fill},
		     {"span", span},
		     {"latency", latency}};

	bench_options(argc, argv, 2, options);
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(&t);
	}
	bench_die("usage: bench_kafka create|delete|fill|span|latency [--option value ...]");
}
