/*
 * A running HTTP server with a fake Kafka and a clock that stands until it is told, and a client that sends exactly the
 * bytes it is given.
 */
#ifndef WR_TESTS_HTTP_FIXTURE_H
#define WR_TESTS_HTTP_FIXTURE_H

#include "tests/unit.h"

#include "http/server.h"
#include "tests/http/fake_sink.h"

#include <stdatomic.h>

struct test_clock {
	struct wr_clock clock;
	_Atomic int64_t mono_ns;
};

/* An engine that says little and remembers what it was told. */
struct fake_engine {
	struct wr_admin_port port;
	bool paused;      /* of the only pipeline, "pay/ments" */
	char client[128]; /* who told it last */
	enum wr_code reload_code;
	enum wr_admin_result reload_result;
	_Atomic bool holds_reloads;  /* none comes to its end */
	_Atomic int reloads;         /* that have begun */
	struct wr_admin_order order; /* of the last one; `who` is in `client` */
};

struct fixture {
	struct test_clock clock;
	struct fake_kafka kafka;
	struct fake_engine engine;
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_conf_ingest ingest;
	struct wr_conf_listener admin;
	struct wr_http_deps deps;
	struct wr_http *http; /* NULL until start_server() */
};

/* cmocka's set-up and tear-down. The server is not started yet, so that a test can change the configuration. */
int set_up(void **state);
int tear_down(void **state);

void start_server(struct fixture *f);
void stop_server(struct fixture *f, int timeout_ms);
void advance_ms(struct fixture *f, int64_t ms);

/* The value of the sample that begins with `name`, labels included; -1 when it is not there. */
double metric(struct fixture *f, const char *name);

struct answer {
	int status; /* 0: the connection ended without one */
	char headers[2048];
	char body[65536];
	size_t body_size;
};

/* A connection to a listener. */
int dial(struct fixture *f, enum wr_http_side side);
void send_bytes(int fd, const void *bytes, size_t size);
void send_text(int fd, const char *text);

/* Sends "POST /api/events" with the headers, each ended by \r\n, and a Content-Length. */
void post(int fd, const char *headers, const char *body);

/* Reads one answer. Those that say 100 are skipped. The body of an answer to HEAD is not waited for. */
void read_answer(int fd, struct answer *answer);
void read_answer_to_head(int fd, struct answer *answer);

/* Whether the other side closes, within seconds; what it sends before is passed over, but must not hold a second
 * answer with a body. */
bool is_closed(int fd);

/* Whether something can be read within the time. */
bool has_answer_within_ms(int fd, int timeout_ms);

/* On a connection of its own. */
void exchange(struct fixture *f, enum wr_http_side side, const char *request,
	      struct answer *answer);
void exchange_post(struct fixture *f, const char *headers, const char *body, struct answer *answer);

void assert_contains(const char *text, const char *part);

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
