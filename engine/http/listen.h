/*
 * What a listener needs before it can start: a bound socket and the text of its certificate.
 */
#ifndef WR_HTTP_LISTEN_H
#define WR_HTTP_LISTEN_H

#include "base/err.h"
#include "conf/conf.h"
#include "http/certificate.h"

/* A listening socket on a literal address; port 0 is any free one, *port_r says which. The caller owns *fd_r, -1 on
 * failure. WR_OK, WR_EINVAL (no such address), WR_EUNAVAILABLE (in use), WR_EREFUSED (not permitted), WR_EIO. */
enum wr_code wr_listen_socket(const char *host, int port, int *fd_r, int *port_r,
			      struct wr_err *err);

/* PEM texts; both NULL: no TLS. */
struct wr_listen_tls {
	char *cert;
	char *key;
};

/* Reads the files; *wrong_r is the one that is to blame for a failure. WR_OK, WR_EINVAL (one without the other, too large), WR_ENOTFOUND, WR_EIO, WR_EUNSUPPORTED,
 * WR_ENOMEM. */
enum wr_code wr_listen_load_tls(const struct wr_conf_tls *conf, struct wr_listen_tls *tls_r,
				enum wr_http_pem *wrong_r, struct wr_err *err);

/* Wipes and frees. */
void wr_listen_free_tls(struct wr_listen_tls *tls);

#endif
