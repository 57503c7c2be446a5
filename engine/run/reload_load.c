/* Making editions: from the file, from what was applied last. */
#include "config.h"

#include "run/reload_private.h"

#include "base/log.h"
#include "host/probe.h"
#include "run/last_applied.h"
#include "run/state_place.h"
#include "run/tried.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wr_edition *wr_edition_new(void)
{
	struct wr_edition *edition = calloc(1, sizeof(*edition));

	if (edition != NULL)
		edition->runners = 1;
	return edition;
}

void wr_edition_let_go(struct wr_edition *edition, unsigned runners, unsigned keepers)
{
	if (edition == NULL)
		return;
	WR_ASSERT(edition->runners >= runners && edition->keepers >= keepers);
	edition->runners -= runners;
	edition->keepers -= keepers;
	if (edition->runners > 0)
		return;
	wr_generation_destroy(edition->generation);
	wr_conf_destroy(edition->conf);
	edition->generation = NULL;
	edition->conf = NULL;
	if (edition->keepers > 0)
		return;
	wr_plugin_set_drop(edition->set);
	wr_conf_forget(&edition->text);
	free(edition);
}

enum wr_code wr_edition_parse(struct wr_edition *edition, const struct wr_reload_options *o,
			      struct wr_problems *problems)
{
	const struct wr_bytes text = wr_bytes(edition->text.data, edition->text.size);
	size_t before = problems->count;
	enum wr_code rc = wr_conf_parse_all(o->file, text, &edition->conf, problems);

	/* what plugins say of it comes with the rest */
	if (rc == WR_EINVAL && edition->conf != NULL && o->probe_program != NULL)
		wr_probe_conf(o->probe_program, edition->conf, text, false, WR_PROBE_MS, NULL,
			      problems);
	if (rc != WR_OK)
		return rc;
	if (o->hooks.check != NULL)
		o->hooks.check(o->hooks.arg, edition->conf, problems);
	return problems->count > before ? WR_EINVAL : WR_OK;
}

/* What plugins say of the rest comes with what is missing. */
static void explain(const struct wr_edition *edition, const struct wr_reload_options *o,
		    const struct wr_problems *found, struct wr_problems *problems)
{
	const struct wr_bytes text = wr_bytes(edition->text.data, edition->text.size);

	if (o->probe_program != NULL && wr_probe_conf(o->probe_program, edition->conf, text, false,
						      WR_PROBE_MS, NULL, problems) == WR_EINVAL)
		return;
	for (size_t i = 0; i < found->count; i++) {
		const struct wr_problem *p = &found->items[i];

		wr_problems_add(problems, p->file, (struct wr_conf_mark){p->line, p->column},
				p->path, "%s", p->text);
	}
}

enum wr_code wr_edition_take(struct wr_edition *edition, struct wr_plugin_store *store,
			     const struct wr_reload_options *o, struct wr_problems *problems)
{
	struct wr_problems found = WR_PROBLEMS_INIT;
	enum wr_code rc = wr_plugin_store_take(store, edition->conf, &edition->set, &found);

	if (rc != WR_OK)
		explain(edition, o, &found, problems);
	wr_problems_fini(&found);
	return rc;
}

/* ---- the first one ---- */

static void add_whole(const struct wr_reload *reload, struct wr_problems *problems,
		      const char *text)
{
	wr_problems_add(problems, reload->o.file, (struct wr_conf_mark){0, 0}, NULL, "%s", text);
}

static enum wr_code open_store(struct wr_reload *reload, const char *state_dir,
			       struct wr_problems *problems)
{
	struct wr_err err = {.text = ""};
	enum wr_code rc = WR_OK;
	char *folder = NULL;

	if (reload->store != NULL)
		return WR_OK;
	rc = wr_state_dir_open(state_dir, &reload->dir, &err);
	if (rc == WR_OK && asprintf(&folder, "%s/plugins", reload->dir.path) < 0)
		rc = WR_ENOMEM;
	if (rc == WR_OK && reload->dir.temporary)
		WR_LOG(WR_LOG_WARN, "state_dir can't be used: nothing is kept for the next start",
		       WR_STR("state_dir", state_dir), WR_STR("reason", err.text),
		       WR_STR("instead", reload->dir.path));
	if (rc == WR_OK)
		rc = wr_plugin_store_open(folder, &reload->store, &err);
	if (rc != WR_OK)
		add_whole(reload, problems, err.text[0] != '\0' ? err.text : wr_code_text(rc));
	free(folder);
	return rc;
}

static enum wr_code make_generation(struct wr_edition *edition, uint64_t number,
				    struct wr_problems *problems)
{
	edition->number = number;
	return wr_generation_create_from(edition->conf, number, edition->set, &edition->generation,
					 problems);
}

static bool is_same(const struct wr_last_applied *last, const struct wr_edition *edition)
{
	size_t count = wr_plugin_set_size(edition->set);

	if (last->text.size != edition->text.size || last->plugin_count != count ||
	    memcmp(last->text.data, edition->text.data, edition->text.size) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(wr_plugin_set_file(edition->set, i).sha256, last->plugins[i].sha256) !=
		    0)
			return false;
	}
	return true;
}

/* The number of a configuration that would have this one: one that was tried keeps its own, no other gets it. */
static uint64_t number_beside_tried(const struct wr_reload *reload,
				    const struct wr_edition *edition, uint64_t number)
{
	const struct wr_tried tried = wr_tried_read(reload->dir.path);
	const struct wr_tried this = wr_tried_of(
	    tried.number, wr_bytes(edition->text.data, edition->text.size), edition->set);

	if (tried.number < number)
		return number;
	if (strcmp(tried.what, this.what) != 0)
		return tried.number + 1;
	WR_LOG(WR_LOG_WARN,
	       "the file says what was tried as a canary and never took all keys: it does now",
	       WR_INT("generation", tried.number), WR_STR("file", reload->o.file));
	return tried.number;
}

/* What was applied last keeps its number over a restart. */
static uint64_t first_number(const struct wr_reload *reload, const struct wr_edition *edition)
{
	struct wr_last_applied last;
	struct wr_err err;
	uint64_t number = 1;

	if (wr_last_applied_read(reload->dir.path, &last, &err) == WR_OK) {
		bool same = wr_state_place_is_same_file(last.file, reload->absolute_file) &&
			    is_same(&last, edition);

		number = same ? last.number : number_beside_tried(reload, edition, last.number + 1);
		wr_last_applied_fini(&last);
	}
	return number;
}

/* As the file says. */
static enum wr_code load_file(struct wr_reload *reload, struct wr_edition *edition,
			      struct wr_problems *problems)
{
	enum wr_code rc;

	reload->read_wall_ms = wr_clock_wall_ms(reload->o.clock);
	rc = wr_conf_read(reload->o.file, &edition->text, problems);
	if (rc == WR_OK)
		rc = wr_edition_parse(edition, &reload->o, problems);
	if (rc == WR_OK)
		rc = open_store(reload, edition->conf->state_dir, problems);
	if (rc == WR_OK)
		rc = wr_edition_take(edition, reload->store, &reload->o, problems);
	if (rc == WR_OK)
		rc = make_generation(edition, first_number(reload, edition), problems);
	return rc;
}

static enum wr_code take_last(struct wr_reload *reload, struct wr_edition *edition,
			      struct wr_last_applied *last, struct wr_problems *problems,
			      struct wr_err *err)
{
	enum wr_code rc;

	if (!wr_state_place_is_same_file(last->file, reload->absolute_file))
		return wr_err_set(err, WR_ENOTFOUND, "what was applied last came from %s",
				  last->file);
	edition->text = last->text;
	last->text = (struct wr_buf)WR_BUF_INIT;
	rc = wr_plugin_store_restore(reload->store, last->plugins, last->plugin_count,
				     &edition->set, err);
	if (rc == WR_OK)
		rc = wr_edition_parse(edition, &reload->o, problems);
	if (rc == WR_OK)
		rc = make_generation(edition, last->number, problems);
	if (rc != WR_OK && problems->count > 0)
		wr_err_set(err, rc, "%s", problems->items[0].text);
	return rc;
}

/* As it was applied last. err says why not. */
static enum wr_code load_last(struct wr_reload *reload, struct wr_edition *edition,
			      struct wr_err *err)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	char *state_dir = wr_state_place_find(reload->absolute_file);
	struct wr_last_applied last = {.text = WR_BUF_INIT};
	enum wr_code rc = WR_ENOMEM;

	if (state_dir != NULL)
		rc = open_store(reload, state_dir, &problems);
	if (rc == WR_OK)
		rc = wr_last_applied_read(reload->dir.path, &last, err);
	if (rc == WR_OK)
		rc = take_last(reload, edition, &last, &problems, err);
	wr_last_applied_fini(&last);
	free(state_dir);
	wr_problems_fini(&problems);
	return rc;
}

/* Whoever relies on it is to know where it was looked for. */
static void explain_last(const struct wr_reload *reload, struct wr_problems *problems,
			 const struct wr_err *err)
{
	if (err->text[0] != '\0' && !reload->dir.temporary)
		wr_problems_add(problems, reload->o.file, (struct wr_conf_mark){0, 0}, NULL,
				"no configuration that was applied before can run instead: %s",
				err->text);
}

enum wr_code wr_reload_load_first(struct wr_reload *reload, struct wr_problems *problems)
{
	struct wr_err err = {.text = ""};
	enum wr_code rc;

	reload->current = wr_edition_new();
	if (reload->current == NULL)
		return WR_ENOMEM;
	rc = load_file(reload, reload->current, problems);
	if (rc == WR_OK || rc == WR_ENOMEM || reload->o.strict)
		return rc;
	wr_edition_let_go(reload->current, 1, 0);
	reload->current = wr_edition_new();
	if (reload->current == NULL)
		return WR_ENOMEM;
	if (load_last(reload, reload->current, &err) != WR_OK) {
		explain_last(reload, problems, &err);
		return rc;
	}
	reload->drifted = true;
	return WR_OK;
}

void wr_reload_keep(struct wr_reload *reload)
{
	const struct wr_edition *edition = reload->current;
	struct wr_err err;

	if (!reload->dir.temporary) {
		wr_tried_forget(reload->dir.path, edition->number);
		wr_state_place_note(reload->absolute_file, edition->conf->state_dir);
	}
	if (reload->dir.temporary ||
	    wr_last_applied_write(reload->dir.path, edition->number, reload->absolute_file,
				  wr_bytes(edition->text.data, edition->text.size), edition->set,
				  &err) == WR_OK)
		return;
	WR_LOG(WR_LOG_WARN, "the configuration that runs could not be kept for the next start",
	       WR_STR("reason", err.text));
}
