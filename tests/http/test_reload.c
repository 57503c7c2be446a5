/* Listeners whose settings change while they run. */
#include "config.h"

#include "tests/http/fixture.h"

#include "tests/http/certificate.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>

#define GET(path, more) "GET " path " HTTP/1.1\r\nHost: localhost\r\n" more "\r\n"
#define EVENT "{\"eventId\":1}"

static char folder[] = "/tmp/weir-reload-XXXXXX";
static char files[4][64]; /* two certificates and their keys */
static char old_token[] = "old-token", new_token[] = "new-token";
static struct wr_conf next; /* the configuration to go over to */
static struct wr_problems problems;
static char told[256];

static int make_files(void **state)
{
	static const char *const names[] = {"one.crt", "one.key", "two.crt", "two.key"};

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	for (int i = 0; i < 4; i++)
		snprintf(files[i], sizeof(files[i]), "%s/%s", folder, names[i]);
	return certificate_write(files[0], files[1]) && certificate_write(files[2], files[3]) ? 0
											      : -1;
}

static int remove_files(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		unlink(files[i]);
	return rmdir(folder);
}

static int begin(void **state)
{
	static char file[] = "weir.yaml";
	int failed = set_up(state);
	struct fixture *f = *state;

	if (failed != 0)
		return failed;
	problems = (struct wr_problems)WR_PROBLEMS_INIT;
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	next = (struct wr_conf){.file = file};
	return 0;
}

static int end(void **state)
{
	wr_problems_fini(&problems);
	return tear_down(state);
}

static void note(void *arg, const char *what)
{
	(void)arg;
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s;", what);
}

/* Makes the fixture's listeners, as they stand now, the next ones. */
static void prepare(struct fixture *f)
{
	next.ingest = f->ingest;
	next.admin = f->admin;
	wr_http_prepare(f->http, &next, &problems);
	told[0] = '\0';
	wr_http_compare(f->http, note, NULL);
}

static void apply(struct fixture *f)
{
	prepare(f);
	assert_int_equal(problems.count, 0);
	wr_http_apply(f->http);
}

/* ---- tokens and limits ---- */

static int status_of(struct fixture *f, enum wr_http_side side, const char *request)
{
	struct answer a;

	exchange(f, side, request, &a);
	return a.status;
}

static void tokens_change_for_the_next_request(void **state)
{
	struct fixture *f = *state;
	struct wr_conf_ingest first = f->ingest;
	struct wr_conf_listener first_admin = f->admin;
	struct answer a;
	int fd;

	first.listener.token = old_token;
	first_admin.token = old_token;
	f->deps.ingest = &first;
	f->deps.admin = &first_admin;
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	post(fd, "Authorization: Bearer old-token\r\n", EVENT);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	f->ingest.listener.token = f->admin.token = new_token;
	prepare(f);
	post(fd, "Authorization: Bearer old-token\r\n", EVENT);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202); /* nothing holds before it is applied */
	wr_http_apply(f->http);
	post(fd, "Authorization: Bearer old-token\r\n", EVENT); /* on the same connection */
	read_answer(fd, &a);
	assert_int_equal(a.status, 401);
	post(fd, "Authorization: Bearer new-token\r\n", EVENT);
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
	assert_int_equal(
	    status_of(f, WR_HTTP_ADMIN, GET("/metrics", "Authorization: Bearer old-token\r\n")),
	    401);
	assert_int_equal(
	    status_of(f, WR_HTTP_ADMIN, GET("/metrics", "Authorization: Bearer new-token\r\n")),
	    200);
	f->ingest.listener.token = f->admin.token = NULL;
	apply(f);
	assert_int_equal(status_of(f, WR_HTTP_ADMIN, GET("/metrics", "")), 200);
	stop_server(f, 100); /* before `first` goes */
}

static void a_request_that_has_begun_keeps_its_limits(void **state)
{
	struct fixture *f = *state;
	struct wr_conf_ingest first = f->ingest;
	struct answer a;
	int fd;

	f->deps.ingest = &first;
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	/* the answer 100 says that its headers were read */
	send_text(fd, "POST /api/events HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
		      "Content-Length: 34\r\n\r\n");
	assert_true(has_answer_within_ms(fd, 5000));
	f->ingest.max_batch_events = 1;
	f->ingest.max_body_bytes = 20;
	f->ingest.max_event_bytes = 20;
	apply(f);
	send_text(fd, "[{\"eventId\":1}\n,{\"eventId\":2}    ]");
	read_answer(fd, &a);
	assert_int_equal(a.status, 202);
	close(fd);
	exchange_post(f, "", "[{\"eventId\":1}\n,{\"eventId\":2}    ]", &a);
	assert_int_equal(a.status, 413);
	assert_contains(a.body, "larger than 20 bytes (http.ingest.max_body)");
	stop_server(f, 100);
}

static void each_limit_of_ingest_can_change(void **state)
{
	struct fixture *f = *state;
	struct wr_conf_ingest first = f->ingest;
	struct answer a;

	f->deps.ingest = &first;
	start_server(f);
	f->ingest.max_batch_events = 1;
	apply(f);
	exchange_post(f, "", "[{\"eventId\":1},{\"eventId\":2}]", &a);
	assert_int_equal(a.status, 413);
	f->ingest.max_batch_events = 2;
	f->ingest.max_event_bytes = 12;
	apply(f);
	exchange_post(f, "", EVENT, &a);
	assert_int_equal(a.status, 413);
	f->ingest.max_event_bytes = 100;
	f->ingest.ack = WR_ACK_ACCEPTED;
	pthread_mutex_lock(&f->kafka.mutex);
	f->kafka.acks_at_once = false;
	pthread_mutex_unlock(&f->kafka.mutex);
	apply(f);
	exchange_post(f, "", EVENT, &a); /* although Kafka says nothing */
	assert_int_equal(a.status, 202);
	stop_server(f, 100);
}

/* ---- certificates ---- */

struct session {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
};

static void shake_hands(struct fixture *f, struct session *s)
{
	s->fd = dial(f, WR_HTTP_INGEST);
	s->context = SSL_CTX_new(TLS_client_method());
	assert_non_null(s->context);
	s->ssl = SSL_new(s->context);
	assert_non_null(s->ssl);
	assert_int_equal(SSL_set_fd(s->ssl, s->fd), 1);
	assert_int_equal(SSL_connect(s->ssl), 1);
}

static void hang_up(struct session *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
	close(s->fd);
}

/* Whether the server showed that certificate. */
static bool has_shown(const struct session *s, const char *cert_file)
{
	X509 *shown = SSL_get1_peer_certificate(s->ssl), *wanted;
	FILE *in = fopen(cert_file, "re");
	bool same;

	assert_non_null(in);
	wanted = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	same = shown != NULL && wanted != NULL && X509_cmp(shown, wanted) == 0;
	X509_free(shown);
	X509_free(wanted);
	return same;
}

static void talk(const struct session *s)
{
	static const char request[] = "POST /api/events HTTP/1.1\r\nHost: x\r\n"
				      "Content-Length: 13\r\n\r\n" EVENT;
	char text[2048];
	int size;

	assert_int_equal(SSL_write(s->ssl, request, (int)strlen(request)), (int)strlen(request));
	size = SSL_read(s->ssl, text, sizeof(text) - 1);
	assert_true(size > 0);
	text[size] = '\0';
	assert_contains(text, "HTTP/1.1 202");
}

static void copy_file(const char *from, const char *to)
{
	char command[256];

	snprintf(command, sizeof(command), "cp %s %s", from, to);
	assert_int_equal(system(command), 0);
}

static void a_session_that_begins_is_shown_the_new_certificate(void **state)
{
	struct fixture *f = *state;
	struct wr_conf_ingest first;
	struct session before, after;

	f->ingest.listener.tls = (struct wr_conf_tls){files[0], files[1]};
	first = f->ingest;
	f->deps.ingest = &first;
	start_server(f);
	shake_hands(f, &before);
	assert_true(has_shown(&before, files[0]));
	f->ingest.listener.tls = (struct wr_conf_tls){files[2], files[3]};
	prepare(f);
	assert_string_equal(told, "http.ingest.tls: another certificate;");
	wr_http_apply(f->http);
	shake_hands(f, &after);
	assert_true(has_shown(&after, files[2]));
	talk(&after);
	talk(&before); /* it goes on */
	hang_up(&before);
	hang_up(&after);
	prepare(f);
	assert_string_equal(told, "");
	stop_server(f, 100);
}

static void a_file_of_another_content_is_another_certificate(void **state)
{
	struct fixture *f = *state;
	struct wr_conf_ingest first;
	struct session s;
	char cert[64], key[64];

	snprintf(cert, sizeof(cert), "%s/now.crt", folder);
	snprintf(key, sizeof(key), "%s/now.key", folder);
	copy_file(files[0], cert);
	copy_file(files[1], key);
	f->ingest.listener.tls = (struct wr_conf_tls){cert, key};
	first = f->ingest;
	f->deps.ingest = &first;
	start_server(f);
	prepare(f);
	assert_string_equal(told, "");
	copy_file(files[2], cert);
	copy_file(files[3], key);
	prepare(f);
	assert_string_equal(told, "http.ingest.tls: another certificate;");
	wr_http_apply(f->http);
	shake_hands(f, &s);
	assert_true(has_shown(&s, files[2]));
	hang_up(&s);
	unlink(cert);
	unlink(key);
	stop_server(f, 100);
}

static void a_broken_certificate_is_told_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct wr_conf_ingest first;
	struct session s;

	f->ingest.listener.tls = (struct wr_conf_tls){files[0], files[1]};
	first = f->ingest;
	f->deps.ingest = &first;
	start_server(f);
	f->ingest.listener.tls = (struct wr_conf_tls){files[0], files[3]};
	prepare(f);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].path, "http.ingest.tls.key_file");
	assert_contains(problems.items[0].text, "two.key");
	assert_contains(problems.items[0].text, "does not belong to the certificate");
	wr_http_apply(f->http); /* nothing was prepared */
	shake_hands(f, &s);
	assert_true(has_shown(&s, files[0]));
	hang_up(&s);
	stop_server(f, 100);
}

static void what_is_wrong_is_told_before_there_is_a_server(void **state)
{
	struct fixture *f = *state;
	static char missing[] = "/nowhere/cert.pem";

	next.ingest = f->ingest;
	next.admin = f->admin;
	next.admin.tls = (struct wr_conf_tls){missing, files[1]};
	wr_http_check(&next, &problems);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].path, "http.admin.tls.cert_file");
	assert_contains(problems.items[0].text, "can't open /nowhere/cert.pem");
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(tokens_change_for_the_next_request),
	    RULE(a_request_that_has_begun_keeps_its_limits),
	    RULE(each_limit_of_ingest_can_change),
	    RULE(a_session_that_begins_is_shown_the_new_certificate),
	    RULE(a_file_of_another_content_is_another_certificate),
	    RULE(a_broken_certificate_is_told_and_changes_nothing),
	    RULE(what_is_wrong_is_told_before_there_is_a_server),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
