#include "config.h"

#include "tests/http/fixture.h"

#include "base/check.h"
#include "http/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#define WAIT_MS 10000
#define START_NS (100 * WR_NS_PER_S)

static int64_t test_mono_ns(const struct wr_clock *clock)
{
	return atomic_load(&((const struct test_clock *)(const void *)clock)->mono_ns);
}

static int64_t test_wall_ms(const struct wr_clock *clock)
{
	return INT64_C(1767225600000) + test_mono_ns(clock) / WR_NS_PER_MS;
}

static void write_status(struct wr_admin_port *port, struct wr_json_out *out)
{
	(void)port;
	wr_json_out_integer(out, "generation", 1);
}

static void write_list(struct wr_admin_port *port, struct wr_json_out *out)
{
	(void)port;
	wr_json_out_begin_array(out, "list");
	wr_json_out_end(out);
}

static enum wr_code set_paused(struct wr_admin_port *port, const char *pipeline, bool paused,
			       const char *who, struct wr_json_out *out)
{
	struct fake_engine *engine = WR_CONTAINER_OF(port, struct fake_engine, port);

	if (strcmp(pipeline, "pay/ments") != 0)
		return WR_ENOTFOUND;
	engine->paused = paused;
	snprintf(engine->client, sizeof(engine->client), "%s", who);
	wr_json_out_text(out, "name", pipeline);
	wr_json_out_bool(out, "paused", paused);
	return WR_OK;
}

static enum wr_code reload(struct wr_admin_port *port, const struct wr_admin_order *order,
			   wr_admin_begin_fn begin, void *arg, struct wr_err *err)
{
	struct fake_engine *engine = WR_CONTAINER_OF(port, struct fake_engine, port);

	engine->order = *order;
	snprintf(engine->client, sizeof(engine->client), "%s", order->who);
	atomic_fetch_add(&engine->reloads, 1);
	while (atomic_load(&engine->holds_reloads))
		usleep(1000);
	if (engine->reload_code != WR_OK)
		return wr_err_set(err, engine->reload_code, "the reason");
	wr_json_out_text(
	    begin(arg, engine->reload_result,
		  engine->reload_result != WR_ADMIN_DONE ? "w.yaml:3:1: it is wrong" : NULL),
	    "result", "so it ended");
	return WR_OK;
}

static enum wr_code one_generation(struct wr_admin_port *port, uint64_t number,
				   struct wr_json_out *out)
{
	(void)port;
	if (number != 7)
		return WR_ENOTFOUND;
	wr_json_out_integer(out, "number", 7);
	return WR_OK;
}

static const struct wr_admin_ops engine_ops = {
    .status = write_status,
    .pipelines = write_list,
    .plugins = write_list,
    .config = write_list,
    .set_paused = set_paused,
    .reload = reload,
    .generations = write_list,
    .one_generation = one_generation,
};

static void set_defaults(struct fixture *f)
{
	static char host[] = "127.0.0.1", topic[] = "events";

	f->ingest = (struct wr_conf_ingest){
	    .listener = {.configured = true, .host = host},
	    .topic = topic,
	    .ack = WR_ACK_PERSISTED,
	    .ack_timeout_ms = 30000,
	    .max_body_bytes = 65536,
	    .max_event_bytes = 16384,
	    .max_batch_events = 100,
	    .max_connections = 100,
	    .request_timeout_ms = 20000,
	};
	f->engine.port.ops = &engine_ops;
	f->admin = (struct wr_conf_listener){.configured = true, .host = host};
	f->deps = (struct wr_http_deps){
	    .clock = &f->clock.clock,
	    .ingest = &f->ingest,
	    .admin = &f->admin,
	    .port = &f->engine.port,
	    .metrics = f->metrics,
	    .health = f->health,
	    .open_sink = fake_kafka_open,
	    .open_sink_arg = &f->kafka,
	    .max_waiting_bytes = 1024 * 1024,
	    .sweep_interval_ms = 5,
	};
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->clock.clock = (struct wr_clock){test_mono_ns, test_wall_ms};
	atomic_init(&f->clock.mono_ns, START_NS);
	fake_kafka_init(&f->kafka);
	wr_log_set_level(WR_LOG_ERROR);
	if (wr_metrics_create(&f->metrics) != WR_OK ||
	    wr_health_create(&f->clock.clock, &f->health) != WR_OK)
		return -1;
	set_defaults(f);
	*state = f;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	/* So that the stop need not wait. */
	fake_kafka_complete_all(&f->kafka, WR_OK);
	if (f->http != NULL)
		stop_server(f, 100);
	wr_health_destroy(f->health);
	wr_metrics_destroy(f->metrics);
	fake_kafka_fini(&f->kafka);
	free(f);
	return 0;
}

void start_server(struct fixture *f)
{
	struct wr_err err = {.text = ""};

	assert_int_equal(wr_http_create(&f->deps, &f->http, &err), WR_OK);
	if (wr_http_start(f->http, &err) != WR_OK)
		fail_msg("no server: %s", err.text);
}

void stop_server(struct fixture *f, int timeout_ms)
{
	wr_http_stop(f->http, timeout_ms);
	wr_http_destroy(f->http);
	f->http = NULL;
}

void advance_ms(struct fixture *f, int64_t ms)
{
	atomic_fetch_add(&f->clock.mono_ns, ms * WR_NS_PER_MS);
}

double metric(struct fixture *f, const char *name)
{
	struct wr_buf text = WR_BUF_INIT;
	const char *at;
	double value = -1;

	assert_int_equal(wr_metrics_render(f->metrics, &text), WR_OK);
	for (at = wr_buf_text(&text); at != NULL && *at != '\0'; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ' ')
			value = strtod(at + strlen(name), NULL);
	}
	wr_buf_fini(&text);
	return value;
}

int dial(struct fixture *f, enum wr_http_side side)
{
	const struct timeval patience = {.tv_sec = WAIT_MS / 1000};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)wr_http_port(f->http, side)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A server that closed meanwhile is not an error here: the answer tells. */
void send_bytes(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;
	ssize_t sent;

	while (size > 0) {
		sent = send(fd, at, size, MSG_NOSIGNAL);
		if (sent < 0)
			return;
		at += sent;
		size -= (size_t)sent;
	}
}

void send_text(int fd, const char *text)
{
	send_bytes(fd, text, strlen(text));
}

void post(int fd, const char *headers, const char *body)
{
	char head[1024];

	snprintf(head, sizeof(head),
		 "POST /api/events HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n",
		 headers, strlen(body));
	send_text(fd, head);
	send_text(fd, body);
}

bool has_answer_within_ms(int fd, int timeout_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, timeout_ms) == 1;
}

bool is_closed(int fd)
{
	char bytes[4096];
	ssize_t size;

	while (has_answer_within_ms(fd, WAIT_MS)) {
		size = recv(fd, bytes, sizeof(bytes) - 1, 0);
		if (size <= 0)
			return true;
		/* libmicrohttpd 0.9.75 writes the headers of its own 400 twice. */
		bytes[size] = '\0';
		assert_null(strstr(bytes, "live"));
	}
	return false;
}

static bool receive(int fd, char *byte)
{
	return has_answer_within_ms(fd, WAIT_MS) && recv(fd, byte, 1, 0) == 1;
}

static void read_head(int fd, struct answer *answer)
{
	size_t size = 0;

	*answer = (struct answer){.status = 0};
	while (size + 1 < sizeof(answer->headers) && receive(fd, &answer->headers[size])) {
		size++;
		if (size >= 4 && memcmp(answer->headers + size - 4, "\r\n\r\n", 4) == 0)
			break;
	}
	answer->headers[size] = '\0';
	if (size > 12 && strncmp(answer->headers, "HTTP/1.1 ", 9) == 0)
		answer->status = (int)strtol(answer->headers + 9, NULL, 10);
}

void read_answer_to_head(int fd, struct answer *answer)
{
	read_head(fd, answer);
	while (answer->status == 100)
		read_head(fd, answer);
}

void read_answer(int fd, struct answer *answer)
{
	const char *length;
	size_t size;

	read_answer_to_head(fd, answer);
	length = strcasestr(answer->headers, "\r\nContent-Length:");
	size = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
	assert_true(size < sizeof(answer->body));
	while (answer->body_size < size && receive(fd, &answer->body[answer->body_size]))
		answer->body_size++;
	answer->body[answer->body_size] = '\0';
	assert_int_equal(answer->body_size, size);
}

/* An answer to a path of the table is one that the table, and so the documentation, lists. */
static void assert_documented(enum wr_http_side side, const char *request,
			      const struct answer *answer)
{
	const struct wr_http_route *route;
	char method[16], path[256], allow[64];
	size_t i;

	if (sscanf(request, "%15s %255[^? ]", method, path) != 2 || answer->status == 0 ||
	    wr_http_route_find(side, method, path, &route, allow, sizeof(allow)) != WR_MATCH_FOUND)
		return;
	for (i = 0; route->statuses[i] != 0; i++) {
		if (route->statuses[i] == answer->status)
			return;
	}
	/* libmicrohttpd's own */
	if (answer->status != 431)
		fail_msg("%s %s answered %d", method, path, answer->status);
}

void exchange(struct fixture *f, enum wr_http_side side, const char *request, struct answer *answer)
{
	int fd = dial(f, side);

	send_text(fd, request);
	read_answer(fd, answer);
	close(fd);
	assert_documented(side, request, answer);
}

void exchange_post(struct fixture *f, const char *headers, const char *body, struct answer *answer)
{
	int fd = dial(f, WR_HTTP_INGEST);

	post(fd, headers, body);
	read_answer(fd, answer);
	close(fd);
	assert_documented(WR_HTTP_INGEST, "POST /api/events", answer);
}

void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" does not hold \"%s\"", text, part);
}
