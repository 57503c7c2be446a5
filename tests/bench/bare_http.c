/*
 * The yardstick for the ingest endpoint: libmicrohttpd and librdkafka and nothing else. A POST's body becomes a record
 * as it is, under a key of its own as an event's id is (so that Kafka's partitions all get their share), the connection
 * is suspended until Kafka acked it (acks=all, idempotent), and then 202 is answered. No parsing, no checks, no
 * deadlines, no metrics; the same flags as the engine's listener.
 *
 *	bare_http BROKERS TOPIC PORT [LINGER_US]
 *
 * It prints its port and runs until SIGTERM or SIGINT.
 */
#include "config.h"

#include <librdkafka/rdkafka.h>
#include <microhttpd.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS 4096u
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)

struct request {
	struct MHD_Connection *connection;
	char *body;
	size_t size, capacity;
	int is_waiting;
	rd_kafka_resp_err_t error;
};

static rd_kafka_t *producer;
static rd_kafka_topic_t *topic;
static struct MHD_Response *accepted;
static atomic_bool is_running = true;

static void die(const char *what)
{
	fprintf(stderr, "bare_http: %s\n", what);
	exit(1);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *arg)
{
	struct request *req = message->_private;

	(void)rk;
	(void)arg;
	req->error = message->err;
	MHD_resume_connection(req->connection);
}

static enum MHD_Result append(struct request *req, const char *data, size_t size)
{
	char *body;

	if (req->size + size > req->capacity) {
		req->capacity = (req->size + size) * 2;
		body = realloc(req->body, req->capacity);
		if (body == NULL)
			return MHD_NO;
		req->body = body;
	}
	memcpy(req->body + req->size, data, size);
	req->size += size;
	return MHD_YES;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size_p, void **context_p)
{
	static uint64_t count; /* the daemon's only thread */
	struct request *req = *context_p;
	char key[24];

	(void)arg;
	(void)url;
	(void)method;
	(void)version;
	if (req == NULL) {
		*context_p = calloc(1, sizeof(*req));
		return *context_p != NULL ? MHD_YES : MHD_NO;
	}
	if (*size_p > 0) {
		enum MHD_Result result = append(req, data, *size_p);

		*size_p = 0;
		return result;
	}
	if (req->is_waiting)
		return MHD_queue_response(connection, req->error == 0 ? 202 : 503, accepted);
	req->is_waiting = 1;
	req->connection = connection;
	MHD_suspend_connection(connection);
	snprintf(key, sizeof(key), "%" PRIu64, ++count);
	if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, 0, req->body, req->size, key,
			     strlen(key), req) != 0) {
		req->error = rd_kafka_last_error();
		MHD_resume_connection(connection);
	}
	return MHD_YES;
}

static void completed(void *arg, struct MHD_Connection *connection, void **context_p,
		      enum MHD_RequestTerminationCode code)
{
	struct request *req = *context_p;

	(void)arg;
	(void)connection;
	(void)code;
	if (req != NULL)
		free(req->body);
	free(req);
	*context_p = NULL;
}

static void *poll_reports(void *arg)
{
	(void)arg;
	while (atomic_load_explicit(&is_running, memory_order_relaxed))
		rd_kafka_poll(producer, 50);
	return NULL;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[256];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
		die(text);
}

static void make_producer(const char *brokers, const char *topic_name, long linger_us)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char linger_ms[32], text[256];

	snprintf(linger_ms, sizeof(linger_ms), "%.3f", (double)linger_us / 1000);
	set(conf, "bootstrap.servers", brokers);
	set(conf, "enable.idempotence", "true");
	set(conf, "acks", "all");
	set(conf, "linger.ms", linger_ms);
	set(conf, "socket.nagle.disable", "true");
	set(conf, "partitioner", "murmur2_random");
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (producer == NULL)
		die(text);
	topic = rd_kafka_topic_new(producer, topic_name, NULL);
	if (topic == NULL)
		die("no topic");
}

static struct MHD_Daemon *start(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static char text[] = "{\"accepted\":1}";

	accepted = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
	if (accepted == NULL)
		die("no memory");
	return MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
		MHD_USE_TURBO,
	    0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    CONNECTION_MEMORY_BYTES, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;
	pthread_t poller;
	sigset_t signals;
	int signal_number;

	if (argc < 4)
		die("usage: bare_http BROKERS TOPIC PORT [LINGER_US]");
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	make_producer(argv[1], argv[2], argc > 4 ? strtol(argv[4], NULL, 10) : 1000);
	daemon = start((int)strtol(argv[3], NULL, 10));
	if (daemon == NULL)
		die("can't listen");
	if (pthread_create(&poller, NULL, poll_reports, NULL) != 0)
		die("no thread");
	printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&signals, &signal_number);
	/* The connections that are suspended are resumed by their acks. */
	rd_kafka_flush(producer, 10000);
	atomic_store(&is_running, false);
	pthread_join(poller, NULL);
	MHD_stop_daemon(daemon);
	MHD_destroy_response(accepted);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(producer);
	return 0;
}
