#include "config.h"

#include "http/settings.h"

#include "base/check.h"
#include "base/secret.h"
#include "http/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAGIC UINT32_C(0x48534554)
#define ADMIN_REQUEST_TIMEOUT_MS INT64_C(10000)
#define ADMIN_MAX_BODY_BYTES ((size_t)1024 * 1024)

static void say_limit(struct wr_http_settings *settings, const char *key)
{
	snprintf(settings->too_large, sizeof(settings->too_large),
		 "the body is larger than %zu bytes%s%s%s", settings->max_body_bytes,
		 key != NULL ? " (" : "", key != NULL ? key : "", key != NULL ? ")" : "");
}

static void set_ingest(struct wr_http_settings *settings, const struct wr_conf_ingest *ingest,
		       size_t max_waiting_bytes)
{
	settings->request_timeout_ms = ingest->request_timeout_ms;
	settings->max_event_bytes = ingest->max_event_bytes;
	settings->max_batch_events = (size_t)ingest->max_batch_events;
	settings->ack_timeout_ms = ingest->ack_timeout_ms;
	settings->ack = ingest->ack;
	/* A body over the bound for all would be told to come again for ever. */
	settings->max_body_bytes = ingest->max_body_bytes;
	if (settings->max_body_bytes <= max_waiting_bytes) {
		say_limit(settings, "http.ingest.max_body");
	} else {
		settings->max_body_bytes = max_waiting_bytes;
		say_limit(settings, "a quarter of memory");
	}
}

static void set_admin(struct wr_http_settings *settings)
{
	settings->request_timeout_ms = ADMIN_REQUEST_TIMEOUT_MS;
	settings->max_body_bytes = ADMIN_MAX_BODY_BYTES;
	say_limit(settings, NULL);
}

static enum wr_code load_certificate(struct wr_http_settings *settings,
				     const struct wr_conf_tls *conf, enum wr_http_pem *wrong_r,
				     struct wr_err *err)
{
	struct wr_listen_tls tls;
	enum wr_code rc = wr_listen_load_tls(conf, &tls, wrong_r, err);

	if (rc != WR_OK || tls.cert == NULL)
		return rc;
	rc = wr_http_certificate_create(tls.cert, tls.key, &settings->certificate, wrong_r, err);
	if (rc == WR_EINVAL)
		wr_err_prefix(err, "%s", *wrong_r == WR_PEM_KEY ? conf->key_file : conf->cert_file);
	wr_listen_free_tls(&tls);
	return rc;
}

enum wr_code wr_http_settings_create(const struct wr_conf_listener *listener,
				     const struct wr_conf_ingest *ingest, size_t max_waiting_bytes,
				     struct wr_http_settings **settings_r,
				     enum wr_http_pem *wrong_r, struct wr_err *err)
{
	struct wr_http_settings *settings = calloc(1, sizeof(*settings));
	enum wr_code rc;

	*settings_r = NULL;
	*wrong_r = WR_PEM_CERTIFICATE;
	if (settings == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a listener");
	settings->magic = SETTINGS_MAGIC;
	atomic_init(&settings->refs, 1);
	if (ingest != NULL)
		set_ingest(settings, ingest, max_waiting_bytes);
	else
		set_admin(settings);
	rc = load_certificate(settings, &listener->tls, wrong_r, err);
	if (rc == WR_OK && listener->token != NULL &&
	    (settings->token = strdup(listener->token)) == NULL)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for a token");
	if (rc == WR_OK)
		*settings_r = settings;
	else
		wr_http_settings_unref(settings);
	return rc;
}

struct wr_http_settings *wr_http_settings_ref(struct wr_http_settings *settings)
{
	WR_CHECK(settings, SETTINGS_MAGIC);
	atomic_fetch_add_explicit(&settings->refs, 1, memory_order_relaxed);
	return settings;
}

void wr_http_settings_unref(struct wr_http_settings *settings)
{
	if (settings == NULL)
		return;
	WR_CHECK(settings, SETTINGS_MAGIC);
	if (atomic_fetch_sub_explicit(&settings->refs, 1, memory_order_acq_rel) > 1)
		return;
	wr_http_certificate_unref(settings->certificate);
	wr_secret_free(&settings->token);
	settings->magic = 0;
	free(settings);
}
