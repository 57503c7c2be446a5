#include "config.h"

#include "tests/http/fixture.h"

#include "http/listen.h"
#include "tests/http/certificate.h"

#include <openssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>

static char folder[] = "/tmp/weir-listen-XXXXXX";
static char cert_file[64], key_file[64], missing_file[64];

static int make_files(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(cert_file, sizeof(cert_file), "%s/cert.pem", folder);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", folder);
	snprintf(missing_file, sizeof(missing_file), "%s/missing.pem", folder);
	return certificate_write(cert_file, key_file) ? 0 : -1;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(cert_file);
	unlink(key_file);
	return rmdir(folder);
}

static void any_free_port_is_told(void **state)
{
	struct wr_err err;
	int fd, port, other_fd, other_port;

	(void)state;
	assert_int_equal(wr_listen_socket("127.0.0.1", 0, &fd, &port, &err), WR_OK);
	assert_true(port > 0);
	assert_int_equal(wr_listen_socket("127.0.0.1", port, &other_fd, &other_port, &err),
			 WR_EUNAVAILABLE);
	assert_int_equal(other_fd, -1);
	assert_contains(err.text, "Address already in use");
	close(fd);
}

static void ipv6_is_an_address_too(void **state)
{
	struct wr_err err;
	int fd, port;
	enum wr_code rc = wr_listen_socket("::1", 0, &fd, &port, &err);

	(void)state;
	/* Not every machine that builds has it. */
	if (rc == WR_OK) {
		assert_true(port > 0);
		close(fd);
	} else {
		assert_int_equal(fd, -1);
	}
}

static void what_is_no_address_here_is_refused(void **state)
{
	static const char *const hosts[] = {"example.invalid", "300.1.1.1", "192.0.2.1"};
	struct wr_err err;
	size_t i;
	int fd, port;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(hosts); i++) {
		assert_int_equal(wr_listen_socket(hosts[i], 0, &fd, &port, &err), WR_EINVAL);
		assert_contains(err.text, hosts[i]);
		assert_int_equal(fd, -1);
	}
}

static void tls_files_are_read_or_named(void **state)
{
	struct wr_conf_tls conf = {NULL, NULL};
	struct wr_listen_tls tls;
	enum wr_http_pem wrong;
	struct wr_err err;

	(void)state;
	assert_int_equal(wr_listen_load_tls(&conf, &tls, &wrong, &err), WR_OK);
	assert_null(tls.cert);
	conf.cert_file = cert_file;
	assert_int_equal(wr_listen_load_tls(&conf, &tls, &wrong, &err), WR_EINVAL);
	conf.key_file = missing_file;
	assert_int_equal(wr_listen_load_tls(&conf, &tls, &wrong, &err), WR_ENOTFOUND);
	assert_contains(err.text, "missing.pem");
	assert_null(tls.cert);
	conf.key_file = folder;
	assert_int_equal(wr_listen_load_tls(&conf, &tls, &wrong, &err), WR_EIO);
	conf.key_file = key_file;
	assert_int_equal(wr_listen_load_tls(&conf, &tls, &wrong, &err), WR_OK);
	assert_contains(tls.cert, "BEGIN CERTIFICATE");
	wr_listen_free_tls(&tls);
	assert_null(tls.key);
}

static void use_tls(struct fixture *f)
{
	f->ingest.listener.tls = (struct wr_conf_tls){cert_file, key_file};
}

static void a_key_that_does_not_fit_stops_the_start(void **state)
{
	struct fixture *f = *state;
	struct wr_err err;

	f->ingest.listener.tls = (struct wr_conf_tls){cert_file, cert_file};
	assert_int_equal(wr_http_create(&f->deps, &f->http, &err), WR_OK);
	assert_int_equal(wr_http_start(f->http, &err), WR_EINVAL);
	assert_contains(err.text, "http.ingest: ");
	assert_contains(err.text, "cert.pem: holds no private key in PEM");
}

static void exchange_tls(int fd, const char *request, char *answer, int size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int got, used = 0;

	assert_non_null(context);
	ssl = SSL_new(context);
	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	assert_int_equal(SSL_connect(ssl), 1);
	assert_int_equal(SSL_write(ssl, request, (int)strlen(request)), (int)strlen(request));
	while (used + 1 < size && (got = SSL_read(ssl, answer + used, size - used - 1)) > 0)
		used += got;
	answer[used] = '\0';
	SSL_free(ssl);
	SSL_CTX_free(context);
}

static void events_are_taken_over_tls(void **state)
{
	struct fixture *f = *state;
	char answer[2048];
	int fd;

	use_tls(f);
	fake_kafka_ack_at_once(&f->kafka, WR_OK);
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	exchange_tls(fd,
		     "POST /api/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		     "Content-Length: 13\r\n\r\n{\"eventId\":1}",
		     answer, sizeof(answer));
	assert_contains(answer, "HTTP/1.1 202");
	assert_contains(answer, "{\"accepted\":1}");
	close(fd);
}

static void no_plain_text_goes_into_a_tls_connection(void **state)
{
	struct fixture *f = *state;
	char answer[2048];
	int fd;

	use_tls(f);
	start_server(f);
	fd = dial(f, WR_HTTP_INGEST);
	exchange_tls(fd, "POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
		     answer, sizeof(answer));
	assert_contains(answer, "HTTP/1.1 413");
	close(fd);
	fd = dial(f, WR_HTTP_INGEST);
	send_text(fd, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(is_closed(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_free_port_is_told),
	    cmocka_unit_test(ipv6_is_an_address_too),
	    cmocka_unit_test(what_is_no_address_here_is_refused),
	    cmocka_unit_test(tls_files_are_read_or_named),
	    WITH_SERVER(a_key_that_does_not_fit_stops_the_start),
	    WITH_SERVER(events_are_taken_over_tls),
	    WITH_SERVER(no_plain_text_goes_into_a_tls_connection),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
