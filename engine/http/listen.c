#include "config.h"

#include "http/listen.h"

#include "base/secret.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define MAX_PEM_BYTES ((size_t)1024 * 1024)

static enum wr_code resolve(const char *host, int port, struct addrinfo **address_r,
			    struct wr_err *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	char port_text[16];
	int failed;

	*address_r = NULL;
	snprintf(port_text, sizeof(port_text), "%d", port);
	failed = getaddrinfo(host, port_text, &hints, address_r);
	if (failed == 0)
		return WR_OK;
	return wr_err_set(err, WR_EINVAL, "%s is not an address to listen on: %s", host,
			  gai_strerror(failed));
}

static enum wr_code bind_and_listen(int fd, const struct addrinfo *address, const char *host,
				    int port, struct wr_err *err)
{
	const int on = 1;
	enum wr_code rc = WR_EIO;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return WR_OK;
	if (errno == EADDRINUSE)
		rc = WR_EUNAVAILABLE;
	else if (errno == EADDRNOTAVAIL)
		rc = WR_EINVAL;
	else if (errno == EACCES)
		rc = WR_EREFUSED;
	return wr_err_set(err, rc, "can't listen on %s, port %d: %s", host, port, strerror(errno));
}

static int port_of(int fd)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);

	if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
		return 0;
	if (bound.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)&bound)->sin6_port);
	return ntohs(((const struct sockaddr_in *)(const void *)&bound)->sin_port);
}

enum wr_code wr_listen_socket(const char *host, int port, int *fd_r, int *port_r,
			      struct wr_err *err)
{
	struct addrinfo *address;
	enum wr_code rc;
	int fd;

	*fd_r = -1;
	*port_r = 0;
	rc = resolve(host, port, &address, err);
	if (rc != WR_OK)
		return rc;
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		rc = wr_err_set(err, WR_EIO, "can't make a socket: %s", strerror(errno));
	else
		rc = bind_and_listen(fd, address, host, port, err);
	freeaddrinfo(address);
	if (rc != WR_OK) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	*fd_r = fd;
	*port_r = port_of(fd);
	return WR_OK;
}

static enum wr_code read_stream(FILE *file, const char *path, char **text_r, struct wr_err *err)
{
	char *text = malloc(MAX_PEM_BYTES + 1);
	size_t size;

	if (text == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory to read %s", path);
	size = fread(text, 1, MAX_PEM_BYTES, file);
	text[size] = '\0';
	*text_r = text;
	if (ferror(file) != 0)
		return wr_err_set(err, WR_EIO, "can't read %s: %s", path, strerror(errno));
	if (size == MAX_PEM_BYTES)
		return wr_err_set(err, WR_EINVAL, "%s is too large for a PEM file", path);
	return WR_OK;
}

static enum wr_code read_file(const char *path, char **text_r, struct wr_err *err)
{
	FILE *file = fopen(path, "re");
	enum wr_code rc;

	if (file == NULL)
		return wr_err_set(err, errno == ENOENT ? WR_ENOTFOUND : WR_EIO, "can't open %s: %s",
				  path, strerror(errno));
	/* No copy of a key in a buffer that is not wiped. */
	(void)setvbuf(file, NULL, _IONBF, 0);
	rc = read_stream(file, path, text_r, err);
	fclose(file);
	return rc;
}

enum wr_code wr_listen_load_tls(const struct wr_conf_tls *conf, struct wr_listen_tls *tls_r,
				enum wr_http_pem *wrong_r, struct wr_err *err)
{
	enum wr_code rc;

	*wrong_r = WR_PEM_CERTIFICATE;

	*tls_r = (struct wr_listen_tls){NULL, NULL};
	if (conf->cert_file == NULL && conf->key_file == NULL)
		return WR_OK;
	if (conf->cert_file == NULL || conf->key_file == NULL)
		return wr_err_set(err, WR_EINVAL, "TLS needs both a cert_file and a key_file");
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return wr_err_set(err, WR_EUNSUPPORTED, "this libmicrohttpd was built without TLS");
	rc = read_file(conf->cert_file, &tls_r->cert, err);
	if (rc == WR_OK) {
		*wrong_r = WR_PEM_KEY;
		rc = read_file(conf->key_file, &tls_r->key, err);
	}
	if (rc != WR_OK)
		wr_listen_free_tls(tls_r);
	return rc;
}

void wr_listen_free_tls(struct wr_listen_tls *tls)
{
	wr_secret_free(&tls->cert);
	wr_secret_free(&tls->key);
}
