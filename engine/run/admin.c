#include "config.h"

#include "run/admin.h"

#include "base/check.h"
#include "base/lock.h"
#include "base/log.h"
#include "conf/show.h"
#include "run/admin_reload.h"
#include "run/admin_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADMIN_MAGIC UINT32_C(0x41444D4E)

struct wr_admin {
	uint32_t magic;
	struct wr_admin_port port;
	struct wr_admin_options o;
	int64_t started_mono_ns, started_wall_ms;
	struct wr_lock lock;                    /* before the board's and health's */
	const struct wr_generation *generation; /* [lock]; NULL: none yet */
	struct wr_admin_reloads reloads;
};

static struct wr_admin *self_of(struct wr_admin_port *port)
{
	struct wr_admin *admin = WR_CONTAINER_OF(port, struct wr_admin, port);

	WR_CHECK(admin, ADMIN_MAGIC);
	return admin;
}

static void put_generation_locked(struct wr_admin *admin, struct wr_json_out *out)
{
	wr_lock_assert_held(&admin->lock);
	if (admin->generation != NULL)
		wr_json_out_integer(out, "generation", (int64_t)admin->generation->number);
	else
		wr_json_out_null(out, "generation");
}

static void put_health(struct wr_admin *admin, struct wr_json_out *out)
{
	struct wr_buf text = WR_BUF_INIT;

	if (wr_health_render(admin->o.health, &text, NULL) == WR_OK)
		wr_json_out_raw(out, "health", wr_bytes(text.data, text.size));
	else
		out->rc = WR_ENOMEM;
	wr_buf_fini(&text);
}

static void show_status(struct wr_admin_port *port, struct wr_json_out *out)
{
	struct wr_admin *admin = self_of(port);
	int64_t up_ns = wr_clock_mono_ns(admin->o.clock) - admin->started_mono_ns;

	wr_json_out_bool(out, "drifted", wr_admin_reloads_has_drifted(&admin->reloads));
	wr_admin_reloads_canary(&admin->reloads, out);
	wr_lock_take(&admin->lock);
	wr_json_out_text(out, "version", admin->o.version);
	wr_json_out_text(out, "instance",
			 admin->generation != NULL ? admin->generation->conf->instance : NULL);
	wr_json_out_integer(out, "pid", getpid());
	wr_json_out_time(out, "started", admin->started_wall_ms);
	wr_json_out_number(out, "uptime_seconds", (double)(up_ns / WR_NS_PER_MS) / 1000);
	wr_json_out_text(out, "log_level", wr_log_level_name(wr_log_get_level()));
	put_health(admin, out);
	put_generation_locked(admin, out);
	wr_admin_show_pipelines(out, admin->generation, admin->o.board);
	wr_admin_show_plugins(out, admin->generation);
	wr_lock_release(&admin->lock);
}

static void show_pipelines(struct wr_admin_port *port, struct wr_json_out *out)
{
	struct wr_admin *admin = self_of(port);

	wr_lock_take(&admin->lock);
	wr_admin_show_pipelines(out, admin->generation, admin->o.board);
	wr_lock_release(&admin->lock);
}

static void show_plugins(struct wr_admin_port *port, struct wr_json_out *out)
{
	struct wr_admin *admin = self_of(port);

	wr_lock_take(&admin->lock);
	wr_admin_show_plugins(out, admin->generation);
	wr_lock_release(&admin->lock);
}

static void show_config(struct wr_admin_port *port, struct wr_json_out *out)
{
	struct wr_admin *admin = self_of(port);

	wr_lock_take(&admin->lock);
	put_generation_locked(admin, out);
	if (admin->generation != NULL) {
		wr_json_out_text(out, "file", admin->generation->conf->file);
		wr_conf_show(admin->generation->conf, out, "config");
	}
	wr_lock_release(&admin->lock);
}

static void set_health(struct wr_admin *admin, const char *pipeline, bool paused)
{
	char component[192];

	snprintf(component, sizeof(component), "pipeline/%.160s", pipeline);
	if (paused)
		wr_health_set(admin->o.health, component, false, "paused by an operator");
	else
		wr_health_clear(admin->o.health, component);
}

static enum wr_code set_paused(struct wr_admin_port *port, const char *pipeline, bool paused,
			       const char *who, struct wr_json_out *out)
{
	struct wr_admin *admin = self_of(port);
	bool changed;
	enum wr_code rc = wr_board_set_paused(admin->o.board, pipeline, paused, &changed);

	if (rc != WR_OK)
		return rc;
	if (changed) {
		set_health(admin, pipeline, paused);
		WR_LOG(WR_LOG_INFO, paused ? "pipeline paused" : "pipeline resumed",
		       WR_STR("pipeline", pipeline), WR_STR("who", who));
	}
	wr_json_out_text(out, "name", pipeline);
	wr_json_out_bool(out, "paused", paused);
	return WR_OK;
}

static enum wr_code reload(struct wr_admin_port *port, const struct wr_admin_order *order,
			   wr_admin_begin_fn begin, void *arg, struct wr_err *err)
{
	return wr_admin_reloads_ask(&self_of(port)->reloads, order, begin, arg, err);
}

static void show_generations(struct wr_admin_port *port, struct wr_json_out *out)
{
	wr_admin_reloads_list(&self_of(port)->reloads, out);
}

static enum wr_code show_one_generation(struct wr_admin_port *port, uint64_t number,
					struct wr_json_out *out)
{
	return wr_admin_reloads_one(&self_of(port)->reloads, number, out);
}

static const struct wr_admin_ops ops = {
    .status = show_status,
    .pipelines = show_pipelines,
    .plugins = show_plugins,
    .config = show_config,
    .set_paused = set_paused,
    .reload = reload,
    .generations = show_generations,
    .one_generation = show_one_generation,
};

enum wr_code wr_admin_create(const struct wr_admin_options *options, struct wr_admin **admin_r)
{
	struct wr_admin *admin = calloc(1, sizeof(*admin));

	*admin_r = NULL;
	if (admin == NULL)
		return WR_ENOMEM;
	admin->magic = ADMIN_MAGIC;
	admin->port.ops = &ops;
	admin->o = *options;
	admin->started_mono_ns = wr_clock_mono_ns(options->clock);
	admin->started_wall_ms = wr_clock_wall_ms(options->clock);
	wr_lock_init(&admin->lock);
	wr_admin_reloads_init(&admin->reloads);
	*admin_r = admin;
	return WR_OK;
}

void wr_admin_destroy(struct wr_admin *admin)
{
	if (admin == NULL)
		return;
	WR_CHECK(admin, ADMIN_MAGIC);
	wr_admin_reloads_fini(&admin->reloads);
	wr_lock_fini(&admin->lock);
	admin->magic = 0;
	free(admin);
}

void wr_admin_set_generation(struct wr_admin *admin, const struct wr_generation *generation)
{
	WR_CHECK(admin, ADMIN_MAGIC);
	wr_lock_take(&admin->lock);
	admin->generation = generation;
	wr_lock_release(&admin->lock);
}

struct wr_admin_port *wr_admin_port(struct wr_admin *admin)
{
	WR_CHECK(admin, ADMIN_MAGIC);
	return &admin->port;
}

void wr_admin_open_reload(struct wr_admin *admin, struct wr_reload *with)
{
	WR_CHECK(admin, ADMIN_MAGIC);
	wr_admin_reloads_open(&admin->reloads, with);
}

void wr_admin_close_reload(struct wr_admin *admin)
{
	WR_CHECK(admin, ADMIN_MAGIC);
	wr_admin_reloads_close(&admin->reloads);
}
