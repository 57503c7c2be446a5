/*
 * What of a listener can change while it runs: token, limits, certificate. Immutable: a change is another one in its
 * place, and each request keeps the one that it began with. Internal to http/.
 */
#ifndef WR_HTTP_SETTINGS_H
#define WR_HTTP_SETTINGS_H

#include "conf/load.h"
#include "http/certificate.h"
#include "http/server.h"

#include <stdatomic.h>

struct wr_http_settings {
	uint32_t magic;
	_Atomic unsigned refs;
	char *token; /* NULL: none */
	int64_t request_timeout_ms;
	size_t max_body_bytes;
	char too_large[128];                     /* what is told to a larger one */
	struct wr_http_certificate *certificate; /* NULL: no TLS */

	/* of ingest */
	size_t max_event_bytes;
	size_t max_batch_events;
	int64_t ack_timeout_ms;
	enum wr_conf_ack ack;
};

/* Of ingest, with ingest->listener; of the admin listener, with ingest NULL. Reads the files of the certificate. WR_OK,
 * with one reference; the codes of wr_listen_load_tls() and wr_http_certificate_create(), where `wrong_r` is the file
 * that is to blame. */
enum wr_code wr_http_settings_create(const struct wr_conf_listener *listener,
				     const struct wr_conf_ingest *ingest, size_t max_waiting_bytes,
				     struct wr_http_settings **settings_r,
				     enum wr_http_pem *wrong_r, struct wr_err *err);

struct wr_http_settings *wr_http_settings_ref(struct wr_http_settings *settings);
void wr_http_settings_unref(struct wr_http_settings *settings); /* NULL does nothing */

#endif
