/*
 * The yardstick: what weir does for an event, at its barest. Takes batches from the partitions' queues, claims each
 * batch in one write to Redis, writes every event with its two headers (acks=all, idempotent), keeps a window of
 * batches in flight, and commits offsets when all that a batch wrote is acked; with --transaction-ms every so often a
 * transaction with the offsets of all that was written in it. No engine, no plugins, no retries: at the first fault it
 * ends.
 *
 * usage: bare_loop --brokers B --in TOPIC --out TOPIC --group G [--batch N] [--window N] [--redis ADDRESS]
 *                  [--linger-us N] [--transaction-ms N] [--count N]
 * Ends after `count` events (0: at SIGTERM) and prints one line of JSON.
 */
#include "config.h"

#include "tests/bench/bare_redis.h"
#include "tests/bench/bench.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PARTITIONS_MAX 64
#define COMMIT_NS INT64_C(100000000)
#define TRANSACTION_WAIT_MS 30000
#define VALUE_BYTES 320
#define TTL_MS (10 * 60 * 1000)

struct partition {
	int32_t id;
	rd_kafka_queue_t *queue;
	int64_t next;      /* behind the last retired; in transactions: behind the last written */
	int64_t committed; /* of `next` */
	char owner[300];   /* the claim's value up to the offset */
	size_t owner_size;
};

struct batch {
	rd_kafka_message_t **messages;
	bool *duplicate; /* another record owns the id */
	size_t count;
	size_t answered; /* claims */
	size_t pending;  /* acks */
	bool written;
};

struct loop {
	const char *brokers, *in, *out, *group, *redis_address;
	long batch_size, window_size, linger_us, count;
	long transaction_ms; /* 0: at least once */
	rd_kafka_t *consumer, *producer;
	rd_kafka_queue_t *events; /* the consumer's: rebalances and commits */
	rd_kafka_topic_t *topic;
	int wake_fd;
	struct partition partitions[PARTITIONS_MAX];
	size_t partition_count, turn;
	struct batch *window; /* a ring */
	size_t head, in_flight;
	size_t unanswered; /* of the ring from `head`: the first whose claims are not all there */
	struct bare_redis redis;
	bool committing;
	int64_t next_commit_ns, began_ns, ended_ns;
	long taken, retired, duplicates;
};

static volatile sig_atomic_t stopping;

static void stop(int number)
{
	(void)number;
	stopping = 1;
}

static struct batch *batch_at(struct loop *l, size_t index)
{
	return &l->window[(l->head + index) % (size_t)l->window_size];
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *arg)
{
	struct batch *batch = message->_private;

	(void)rk;
	(void)arg;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_die("delivery: %s", rd_kafka_err2str(message->err));
	batch->pending--;
}

static void wake_through(rd_kafka_queue_t *queue, int fd)
{
	static const uint64_t one = 1;

	rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof(one));
}

/* Of the transactions' client; there is none other of this id. */
static void begin_transactions(struct loop *l)
{
	rd_kafka_error_t *error = rd_kafka_init_transactions(l->producer, TRANSACTION_WAIT_MS);

	if (error == NULL)
		error = rd_kafka_begin_transaction(l->producer);
	if (error != NULL)
		bench_die("transactions: %s", rd_kafka_error_string(error));
}

static void open_producer(struct loop *l)
{
	char linger_ms[32];
	const char *const pairs[] = {"bootstrap.servers",
				     l->brokers,
				     "acks",
				     "all",
				     "enable.idempotence",
				     "true",
				     "linger.ms",
				     linger_ms,
				     "partitioner",
				     "murmur2_random",
				     "queue.buffering.max.messages",
				     "10000000",
				     "socket.nagle.disable",
				     "true",
				     NULL};
	rd_kafka_conf_t *conf;
	rd_kafka_queue_t *queue;

	snprintf(linger_ms, sizeof(linger_ms), "%.3f", (double)l->linger_us / 1000);
	conf = bench_conf(pairs);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	if (l->transaction_ms > 0)
		rd_kafka_conf_set(conf, "transactional.id", l->group, NULL, 0);
	l->producer = bench_client(RD_KAFKA_PRODUCER, conf);
	l->topic = rd_kafka_topic_new(l->producer, l->out, NULL);
	if (l->topic == NULL)
		bench_die("topic %s", l->out);
	queue = rd_kafka_queue_get_main(l->producer);
	wake_through(queue, l->wake_fd);
	rd_kafka_queue_destroy(queue);
	if (l->transaction_ms > 0)
		begin_transactions(l);
}

static void open_consumer(struct loop *l)
{
	const char *const pairs[] = {"bootstrap.servers",
				     l->brokers,
				     "group.id",
				     l->group,
				     "enable.auto.commit",
				     "false",
				     "enable.auto.offset.store",
				     "false",
				     "auto.offset.reset",
				     "earliest",
				     "isolation.level",
				     "read_committed",
				     "queued.min.messages",
				     "1000000",
				     "queued.max.messages.kbytes",
				     "16384",
				     "fetch.wait.max.ms",
				     "20",
				     "partition.assignment.strategy",
				     "range,roundrobin",
				     "socket.nagle.disable",
				     "true",
				     NULL};
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_conf_t *conf = bench_conf(pairs);

	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
					   RD_KAFKA_EVENT_ERROR);
	l->consumer = bench_client(RD_KAFKA_CONSUMER, conf);
	rd_kafka_poll_set_consumer(l->consumer);
	l->events = rd_kafka_queue_get_consumer(l->consumer);
	wake_through(l->events, l->wake_fd);
	rd_kafka_topic_partition_list_add(topics, l->in, RD_KAFKA_PARTITION_UA);
	if (rd_kafka_subscribe(l->consumer, topics) != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_die("can't subscribe to %s", l->in);
	rd_kafka_topic_partition_list_destroy(topics);
}

static void assign(struct loop *l, const rd_kafka_topic_partition_list_t *list)
{
	struct partition *p;

	if (l->partition_count > 0 || list->cnt > PARTITIONS_MAX)
		bench_die("a second assignment, or too many partitions");
	for (int i = 0; i < list->cnt; i++) {
		p = &l->partitions[l->partition_count++];
		p->id = list->elems[i].partition;
		p->next = p->committed = -1;
		p->owner_size =
		    (size_t)snprintf(p->owner, sizeof(p->owner), "C|0/%s/%d/", l->in, (int)p->id);
		p->queue = rd_kafka_queue_get_partition(l->consumer, l->in, p->id);
		rd_kafka_queue_forward(p->queue, NULL);
		wake_through(p->queue, l->wake_fd);
	}
	rd_kafka_assign(l->consumer, list);
}

static void serve_consumer(struct loop *l)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(l->events, 0)) != NULL) {
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
			l->committing = false;
		} else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE &&
			   rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
			assign(l, rd_kafka_event_topic_partition_list(event));
		} else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
			rd_kafka_assign(l->consumer, NULL);
		} else {
			fprintf(stderr, "consumer: %s\n", rd_kafka_event_error_string(event));
		}
		rd_kafka_event_destroy(event);
	}
}

/* The claim's value of a message: its owner. Returns the size. */
static size_t owner_of(struct loop *l, const rd_kafka_message_t *message, char value[VALUE_BYTES])
{
	struct partition *p = l->partitions;
	char digits[24];
	size_t count = 0, size;
	uint64_t offset = (uint64_t)message->offset;

	while (p->id != message->partition)
		p++;
	size = p->owner_size;
	memcpy(value, p->owner, size);
	do {
		digits[count++] = (char)('0' + offset % 10);
		offset /= 10;
	} while (offset > 0);
	while (count > 0)
		value[size++] = digits[--count];
	return size;
}

static void claim(struct loop *l, struct batch *batch)
{
	char value[VALUE_BYTES];
	size_t i, size;

	if (l->redis_address == NULL) {
		batch->answered = batch->count;
		return;
	}
	for (i = 0; i < batch->count; i++) {
		size = owner_of(l, batch->messages[i], value);
		bare_redis_claim(&l->redis, batch->messages[i]->key, batch->messages[i]->key_len,
				 value, size);
	}
}

/* Fills a batch from the partitions in turn. */
static bool take(struct loop *l)
{
	struct batch *batch;
	size_t tries;
	ssize_t got;

	if (l->in_flight == (size_t)l->window_size || l->partition_count == 0 || stopping)
		return false;
	batch = batch_at(l, l->in_flight);
	batch->count = 0;
	for (tries = 0; tries < l->partition_count && batch->count < (size_t)l->batch_size;
	     tries++) {
		l->turn = (l->turn + 1) % l->partition_count;
		got = rd_kafka_consume_batch_queue(l->partitions[l->turn].queue, 0,
						   batch->messages + batch->count,
						   (size_t)l->batch_size - batch->count);
		batch->count += got > 0 ? (size_t)got : 0;
	}
	if (batch->count == 0)
		return false;
	if (l->taken == 0)
		l->began_ns = bench_now_ns();
	l->taken += (long)batch->count;
	memset(batch->duplicate, 0, batch->count * sizeof(batch->duplicate[0]));
	batch->answered = batch->pending = 0;
	batch->written = false;
	l->in_flight++;
	claim(l, batch);
	return true;
}

static void produce(struct loop *l, struct batch *batch, const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
	rd_kafka_resp_err_t error;

	rd_kafka_header_add(headers, "weir-event-id", 13, message->key, (ssize_t)message->key_len);
	rd_kafka_header_add(headers, "weir-generation", 15, "1", 1);
	batch->pending++;
	do {
		error = rd_kafka_producev(
		    l->producer, RD_KAFKA_V_RKT(l->topic),
		    RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA), RD_KAFKA_V_MSGFLAGS(0),
		    RD_KAFKA_V_KEY(message->key, message->key_len),
		    RD_KAFKA_V_VALUE(message->payload, message->len),
		    RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(message, NULL)),
		    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(batch), RD_KAFKA_V_END);
		if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(l->producer, 10);
	} while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		bench_die("produce: %s", rd_kafka_err2str(error));
}

/* Whether another record owns the id. */
static bool is_duplicate(struct loop *l, const rd_kafka_message_t *message,
			 const struct bare_reply *reply)
{
	char value[VALUE_BYTES];
	size_t size;

	if (reply->is_nil)
		return false;
	size = owner_of(l, message, value);
	return size != reply->size || memcmp(value, reply->text, size) != 0;
}

static bool answer(struct loop *l)
{
	struct bare_reply reply;
	struct batch *batch;
	bool moved = false;

	if (l->redis_address == NULL || l->unanswered == l->in_flight)
		return false;
	if (!bare_redis_read(&l->redis))
		return false;
	while (l->unanswered < l->in_flight && bare_redis_next(&l->redis, &reply)) {
		batch = batch_at(l, l->unanswered);
		if (is_duplicate(l, batch->messages[batch->answered], &reply)) {
			batch->duplicate[batch->answered] = true;
			l->duplicates++;
		}
		batch->answered++;
		l->unanswered += batch->answered == batch->count;
		moved = true;
	}
	return moved;
}

static void advance(struct loop *l, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct partition *p = l->partitions;

		while (p->id != batch->messages[i]->partition)
			p++;
		p->next = batch->messages[i]->offset + 1;
	}
}

static bool write_ready(struct loop *l)
{
	struct batch *batch;
	bool moved = false;

	for (size_t i = 0; i < l->in_flight; i++) {
		batch = batch_at(l, i);
		if (batch->answered < batch->count)
			break;
		if (batch->written)
			continue;
		for (size_t n = 0; n < batch->count; n++) {
			if (!batch->duplicate[n])
				produce(l, batch, batch->messages[n]);
		}
		if (l->transaction_ms > 0)
			advance(l, batch);
		batch->written = moved = true;
	}
	return moved;
}

static bool retire(struct loop *l)
{
	struct batch *batch;
	bool moved = false;

	while (l->in_flight > 0) {
		batch = batch_at(l, 0);
		if (!batch->written || batch->pending > 0)
			break;
		if (l->transaction_ms == 0)
			advance(l, batch);
		for (size_t i = 0; i < batch->count; i++)
			rd_kafka_message_destroy(batch->messages[i]);
		l->retired += (long)batch->count;
		l->head = (l->head + 1) % (size_t)l->window_size;
		l->in_flight--;
		l->unanswered -= l->unanswered > 0;
		moved = true;
	}
	if (moved)
		l->ended_ns = bench_now_ns();
	return moved;
}

/* What is to be committed, in a list of the caller's. */
static rd_kafka_topic_partition_list_t *uncommitted(struct loop *l)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)l->partition_count);

	for (size_t i = 0; i < l->partition_count; i++) {
		struct partition *p = &l->partitions[i];

		if (p->next == p->committed)
			continue;
		rd_kafka_topic_partition_list_add(list, l->in, p->id)->offset = p->next;
		p->committed = p->next;
	}
	return list;
}

/* Ends the transaction, waiting for the acks of all that was written, and begins the next. */
static void commit_transaction(struct loop *l, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(l->consumer);
	rd_kafka_error_t *error =
	    rd_kafka_send_offsets_to_transaction(l->producer, list, group, TRANSACTION_WAIT_MS);

	if (error == NULL)
		error = rd_kafka_commit_transaction(l->producer, TRANSACTION_WAIT_MS);
	if (error == NULL)
		error = rd_kafka_begin_transaction(l->producer);
	if (error != NULL)
		bench_die("commit: %s", rd_kafka_error_string(error));
	rd_kafka_consumer_group_metadata_destroy(group);
}

static void commit(struct loop *l, bool and_wait)
{
	rd_kafka_topic_partition_list_t *list;
	int64_t now = bench_now_ns();

	if (!and_wait && (l->committing || now < l->next_commit_ns))
		return;
	l->next_commit_ns =
	    now + (l->transaction_ms > 0 ? l->transaction_ms * INT64_C(1000000) : COMMIT_NS);
	list = uncommitted(l);
	if (list->cnt > 0 && l->transaction_ms > 0)
		commit_transaction(l, list);
	else if (list->cnt > 0 && and_wait)
		rd_kafka_commit(l->consumer, list, 0);
	else if (list->cnt > 0)
		l->committing = rd_kafka_commit_queue(l->consumer, list, l->events, NULL, NULL) ==
				RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_topic_partition_list_destroy(list);
}

/* Until the next commit, when one may be due. */
static int wait_ms(const struct loop *l)
{
	int64_t left_ms = (l->next_commit_ns - bench_now_ns()) / 1000000 + 1;

	return left_ms > 0 && left_ms < 100 ? (int)left_ms : 100;
}

static void wait_for_something(struct loop *l)
{
	struct pollfd waiting[2] = {{.fd = l->wake_fd, .events = POLLIN},
				    {.fd = -1, .events = POLLIN}};
	uint64_t count;

	if (l->redis_address != NULL && l->unanswered < l->in_flight)
		waiting[1].fd = l->redis.fd;
	if (waiting[1].fd >= 0 && l->redis.out_size > 0)
		waiting[1].events = POLLIN | POLLOUT;
	poll(waiting, 2, wait_ms(l));
	if (waiting[0].revents != 0)
		(void)!read(l->wake_fd, &count, sizeof(count));
}

static bool is_over(const struct loop *l)
{
	if (stopping)
		return l->in_flight == 0;
	return l->count > 0 && l->retired >= l->count;
}

static void run(struct loop *l)
{
	bool moved;

	while (!is_over(l)) {
		serve_consumer(l);
		/* The whole window at once: small batches then share their writes. */
		for (moved = false; take(l); moved = true)
			;
		if (l->redis_address != NULL)
			bare_redis_flush(&l->redis);
		moved = answer(l) || moved;
		if (l->redis_address == NULL)
			l->unanswered = l->in_flight;
		moved = write_ready(l) || moved;
		moved = rd_kafka_poll(l->producer, 0) > 0 || moved;
		moved = retire(l) || moved;
		commit(l, false);
		if (!moved)
			wait_for_something(l);
	}
	commit(l, true);
}

static void close_all(struct loop *l)
{
	for (size_t i = 0; i < l->partition_count; i++)
		rd_kafka_queue_destroy(l->partitions[i].queue);
	rd_kafka_queue_destroy(l->events);
	rd_kafka_consumer_close(l->consumer);
	rd_kafka_destroy(l->consumer);
	rd_kafka_topic_destroy(l->topic);
	rd_kafka_destroy(l->producer);
}

int main(int argc, char **argv)
{
	struct loop l = {
	    .brokers = "127.0.0.1:9092", .group = "bare", .batch_size = 1000, .window_size = 16};
	const struct bench_option options[] = {
	    {"--brokers", &l.brokers, NULL},
	    {"--in", &l.in, NULL},
	    {"--out", &l.out, NULL},
	    {"--group", &l.group, NULL},
	    {"--redis", &l.redis_address, NULL},
	    {"--batch", NULL, &l.batch_size},
	    {"--window", NULL, &l.window_size},
	    {"--linger-us", NULL, &l.linger_us},
	    {"--transaction-ms", NULL, &l.transaction_ms},
	    {"--count", NULL, &l.count},
	    {NULL, NULL, NULL},
	};

	bench_options(argc, argv, 1, options);
	if (l.in == NULL || l.out == NULL || l.batch_size < 1 || l.window_size < 1)
		bench_die("--in and --out are needed, --batch and --window are 1 or more");
	l.window = calloc((size_t)l.window_size, sizeof(*l.window));
	for (long i = 0; i < l.window_size; i++) {
		l.window[i].messages = calloc((size_t)l.batch_size, sizeof(rd_kafka_message_t *));
		l.window[i].duplicate = calloc((size_t)l.batch_size, sizeof(bool));
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	l.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l.redis_address != NULL)
		bare_redis_open(&l.redis, l.redis_address, "bench", TTL_MS);
	open_producer(&l);
	open_consumer(&l);
	run(&l);
	printf("{\"events\": %ld, \"duplicates\": %ld, \"seconds\": %.3f, \"peak_rss_kib\": %ld}\n",
	       l.retired, l.duplicates, (double)(l.ended_ns - l.began_ns) / 1e9,
	       bench_peak_rss_kib());
	close_all(&l);
	return 0;
}
