/* watch: true. */
#include "config.h"

#include "run/reload_private.h"

#include "base/log.h"
#include "host/plugin.h"

#include <stdlib.h>

#define REST_NS (500 * WR_NS_PER_MS) /* a copy or an editor may take several steps */

static void tell(const struct wr_err *err)
{
	WR_LOG(WR_LOG_WARN, "a file is not watched", WR_STR("reason", err->text));
}

static void follow_plugins(struct wr_reload *reload, const struct wr_conf *conf)
{
	const struct wr_plugin_set *set = reload->current->set;

	for (size_t i = 0; i < wr_plugin_set_size(set); i++) {
		const char *name = wr_plugin_set_file(set, i).name;
		struct wr_err err;
		char *path;
		enum wr_code rc = wr_plugin_find(name, &conf->plugin_path, &path, &err);

		if (rc == WR_OK)
			rc = wr_watch_follow(reload->watch, path, reload->read_wall_ms, &err);
		if (rc != WR_OK)
			tell(&err);
		free(path);
	}
}

static void follow_certificate(struct wr_reload *reload, const struct wr_conf_listener *listener)
{
	const char *const files[] = {listener->tls.cert_file, listener->tls.key_file};
	struct wr_err err;

	for (size_t i = 0; i < WR_COUNT_OF(files); i++) {
		if (listener->configured && files[i] != NULL &&
		    wr_watch_follow(reload->watch, files[i], reload->read_wall_ms, &err) != WR_OK)
			tell(&err);
	}
}

void wr_reload_follow(struct wr_reload *reload)
{
	const struct wr_conf *conf = reload->current->conf;
	struct wr_err err;

	if (!conf->watch) {
		wr_watch_destroy(reload->watch);
		reload->watch = NULL;
		return;
	}
	if (reload->watch == NULL && wr_watch_create(&reload->watch, &err) != WR_OK) {
		tell(&err);
		return;
	}
	if (wr_watch_follow(reload->watch, reload->o.file, reload->read_wall_ms, &err) != WR_OK)
		tell(&err);
	follow_plugins(reload, conf);
	follow_certificate(reload, &conf->ingest.listener);
	follow_certificate(reload, &conf->admin);
	/* something may have changed between the reading and now */
	reload->watch_rests_mono_ns = wr_clock_mono_ns(reload->o.clock) + REST_NS;
}

int wr_reload_watch_wait_ms(const struct wr_reload *reload)
{
	int64_t left;

	if (reload->watch == NULL || reload->watch_rests_mono_ns == 0)
		return -1;
	left = reload->watch_rests_mono_ns - wr_clock_mono_ns(reload->o.clock);
	return left > 0 ? (int)(left / WR_NS_PER_MS) + 1 : 0;
}

void wr_reload_forget_changes(struct wr_reload *reload, const struct wr_reload_request *request)
{
	/* A rollback reads none of them, and a rehearsal leaves all as it is: what has changed is still owed, also what the
	 * watch has not seen at rest yet. */
	if (request->rollback || request->dry_run)
		return;
	reload->watch_owes = false;
	if (reload->watch != NULL)
		wr_watch_has_changed(reload->watch);
}

void wr_reload_look(struct wr_reload *reload)
{
	const struct wr_reload_request request = {.who = "watch"};
	int64_t now = wr_clock_mono_ns(reload->o.clock);
	struct wr_err err;

	if (reload->watch == NULL)
		return;
	if (wr_watch_stirs(reload->watch)) {
		(void)wr_watch_rests(reload->watch); /* how they look now */
		reload->watch_rests_mono_ns = now + REST_NS;
	}
	if (reload->watch_rests_mono_ns == 0 || now < reload->watch_rests_mono_ns)
		return;
	if (!wr_watch_rests(reload->watch)) {
		/* Writing alone stirs nothing; its end does. */
		reload->watch_rests_mono_ns = now + REST_NS;
		return;
	}
	reload->watch_rests_mono_ns = 0;
	if (!reload->watch_owes && !wr_watch_has_changed(reload->watch))
		return;
	/* Somebody else's may be under way, or a canary: ask again until the files have been read. */
	reload->watch_owes = wr_reload_submit(reload, &request, NULL, NULL, &err) != WR_OK;
	if (reload->watch_owes)
		reload->watch_rests_mono_ns = now + REST_NS;
}
