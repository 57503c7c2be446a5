/* What a reload changes of the listeners. */
#include "config.h"

#include "http/internal.h"

#include "base/check.h"

#include <stdio.h>

static const struct wr_conf_listener *listener_of(const struct wr_conf *conf, size_t side)
{
	return side == WR_HTTP_INGEST ? &conf->ingest.listener : &conf->admin;
}

static enum wr_code make(const struct wr_conf *conf, size_t side, size_t max_waiting_bytes,
			 struct wr_http_settings **settings_r, struct wr_problems *problems)
{
	const struct wr_conf_ingest *ingest = side == WR_HTTP_INGEST ? &conf->ingest : NULL;
	const char *name = wr_http_side_name((enum wr_http_side)side);
	char pointer[64], path[64];
	enum wr_http_pem wrong;
	struct wr_err err;
	enum wr_code rc = wr_http_settings_create(listener_of(conf, side), ingest,
						  max_waiting_bytes, settings_r, &wrong, &err);

	if (rc == WR_OK)
		return WR_OK;
	snprintf(pointer, sizeof(pointer), "/http/%s/tls/%s", name,
		 wrong == WR_PEM_KEY ? "key_file" : "cert_file");
	snprintf(path, sizeof(path), "http.%s.tls.%s", name,
		 wrong == WR_PEM_KEY ? "key_file" : "cert_file");
	wr_problems_add(problems, conf->file, wr_conf_mark(conf, pointer), path, "%s", err.text);
	return rc;
}

void wr_http_check(const struct wr_conf *conf, struct wr_problems *problems)
{
	struct wr_http_settings *settings;

	for (size_t side = 0; side < WR_HTTP_SIDES; side++) {
		if (!listener_of(conf, side)->configured)
			continue;
		make(conf, side, conf->memory_bytes, &settings, problems);
		wr_http_settings_unref(settings);
	}
}

void wr_http_prepare(struct wr_http *http, const struct wr_conf *conf, struct wr_problems *problems)
{
	WR_CHECK(http, HTTP_MAGIC);
	for (size_t side = 0; side < WR_HTTP_SIDES; side++) {
		struct wr_http_listener *listener = &http->listeners[side];

		wr_http_settings_unref(listener->prepared);
		listener->prepared = NULL;
		/* that one comes or goes needs a restart, which is said elsewhere */
		if (listener->conf != NULL && listener_of(conf, side)->configured)
			make(conf, side, http->deps.max_waiting_bytes, &listener->prepared,
			     problems);
	}
}

void wr_http_compare(const struct wr_http *http, void (*tell)(void *arg, const char *what),
		     void *arg)
{
	char what[64];

	WR_CHECK(http, HTTP_MAGIC);
	for (size_t side = 0; side < WR_HTTP_SIDES; side++) {
		const struct wr_http_listener *listener = &http->listeners[side];

		if (listener->prepared == NULL ||
		    wr_http_certificate_equal(listener->prepared->certificate,
					      listener->certificate))
			continue;
		snprintf(what, sizeof(what), "http.%s.tls: another certificate",
			 wr_http_side_name((enum wr_http_side)side));
		tell(arg, what);
	}
}

static void remember_certificate(struct wr_http_listener *listener)
{
	struct wr_http_certificate *certificate = listener->prepared->certificate;

	wr_http_certificate_unref(listener->certificate);
	listener->certificate = NULL;
	if (certificate != NULL)
		listener->certificate = wr_http_certificate_ref(certificate);
}

void wr_http_apply(struct wr_http *http)
{
	WR_CHECK(http, HTTP_MAGIC);
	for (size_t side = 0; side < WR_HTTP_SIDES; side++) {
		struct wr_http_listener *listener = &http->listeners[side];

		if (listener->prepared == NULL)
			continue;
		remember_certificate(listener);
		wr_http_settings_unref(
		    atomic_exchange(&listener->next_settings, listener->prepared));
		listener->prepared = NULL;
	}
}
