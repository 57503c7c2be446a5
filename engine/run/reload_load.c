/* Making editions: from the file, from what was applied last. */
#include "config.h"

#include "run/reload_private.h"

#include "base/log.h"
#include "host/probe.h"
#include "run/kept_text.h"
#include "run/state_place.h"

#include <inttypes.h>
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
	reload->last_err = err;
	if (rc == WR_OK && reload->dir.temporary)
		WR_LOG(WR_LOG_WARN, "state_dir can't be used: nothing is kept for the next start",
		       WR_STR("state_dir", state_dir), WR_STR("reason", err.text),
		       WR_STR("instead", reload->dir.path));
	if (rc == WR_OK)
		rc = wr_plugin_store_open(folder, &reload->store, &err);
	if (rc != WR_OK)
		add_whole(reload, problems, err.text[0] != '\0' ? err.text : wr_code_text(rc));
	free(folder);
	if (rc == WR_OK)
		wr_reload_recall(reload);
	return rc;
}

static enum wr_code make_generation(struct wr_edition *edition, uint64_t number,
				    struct wr_problems *problems)
{
	edition->number = number;
	return wr_generation_create_from(edition->conf, number, edition->set, &edition->generation,
					 problems);
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
		rc = make_generation(edition, wr_reload_first_number(reload, edition), problems);
	return rc;
}

static enum wr_code take_last(struct wr_reload *reload, struct wr_edition *edition,
			      struct wr_problems *problems, struct wr_err *err)
{
	struct wr_last_applied *last = &reload->last;
	enum wr_code rc;

	if (!reload->has_last) {
		*err = reload->last_err;
		return WR_ENOTFOUND;
	}
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
	enum wr_code rc = WR_ENOMEM;

	if (state_dir != NULL)
		rc = open_store(reload, state_dir, &problems);
	if (rc == WR_OK)
		rc = take_last(reload, edition, &problems, err);
	free(state_dir);
	wr_problems_fini(&problems);
	return rc;
}

/* ---- a former one ---- */

/* Which there are instead. */
static void append_others(struct wr_reload *reload, struct wr_buf *text)
{
	const char *lead = "; there is ";

	for (size_t i = 0; i < reload->history.count; i++) {
		if (!wr_past_is_whole(&reload->history.items[i]))
			continue;
		(void)wr_buf_printf(text, "%s%" PRIu64, lead,
				    reload->history.items[i].entry.number);
		lead = ", ";
	}
}

static enum wr_code find_past(struct wr_reload *reload, const struct wr_past **past_r,
			      struct wr_problems *problems)
{
	struct wr_past *past = wr_history_find(&reload->history, reload->o.generation);
	struct wr_buf text = WR_BUF_INIT;

	*past_r = past;
	if (past != NULL && wr_past_is_whole(past))
		return WR_OK;
	if (reload->dir.temporary) {
		add_whole(reload, problems, reload->last_err.text);
		return WR_ENOTFOUND;
	}
	(void)wr_buf_printf(&text, "generation %" PRIu64 " is not kept in %s", reload->o.generation,
			    reload->dir.path);
	append_others(reload, &text);
	add_whole(reload, problems, wr_buf_text(&text) != NULL ? text.data : "no memory");
	wr_buf_fini(&text);
	return WR_ENOTFOUND;
}

static enum wr_code take_past(struct wr_reload *reload, struct wr_edition *edition,
			      const struct wr_past *past, struct wr_problems *problems)
{
	struct wr_err err = {.text = "no memory"};
	enum wr_code rc = wr_kept_text_read(reload->dir.path, past->text, &edition->text, &err);

	if (rc == WR_OK)
		rc = wr_plugin_set_copy(past->set, &edition->set, &err);
	if (rc != WR_OK)
		add_whole(reload, problems, err.text);
	if (rc == WR_OK)
		rc = wr_edition_parse(edition, &reload->o, problems);
	if (rc == WR_OK)
		rc = make_generation(edition, wr_reload_first_number(reload, edition), problems);
	return rc;
}

/* As it was when that generation was applied. */
static enum wr_code load_past(struct wr_reload *reload, struct wr_edition *edition,
			      struct wr_problems *problems)
{
	char *state_dir = wr_state_place_of(reload->absolute_file);
	const struct wr_past *past;
	enum wr_code rc = WR_ENOMEM;

	reload->read_wall_ms = wr_clock_wall_ms(reload->o.clock);
	if (state_dir != NULL)
		rc = open_store(reload, state_dir, problems);
	if (rc == WR_OK)
		rc = find_past(reload, &past, problems);
	if (rc == WR_OK)
		rc = take_past(reload, edition, past, problems);
	free(state_dir);
	if (rc != WR_OK)
		return rc;
	reload->drifted = true;
	free(reload->started_as);
	if (asprintf(&reload->started_as, "start, as generation %" PRIu64, reload->o.generation) <
	    0)
		reload->started_as = NULL;
	return WR_OK;
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

static enum wr_code load_any(struct wr_reload *reload, struct wr_problems *problems)
{
	struct wr_err err = {.text = ""};
	enum wr_code rc;

	if (reload->o.generation != 0)
		return load_past(reload, reload->current, problems);
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
	reload->drifted = reload->fell_back = true;
	return WR_OK;
}

enum wr_code wr_reload_load_first(struct wr_reload *reload, struct wr_problems *problems)
{
	enum wr_code rc;

	reload->current = wr_edition_new();
	if (reload->current == NULL)
		return WR_ENOMEM;
	rc = load_any(reload, problems);
	if (rc == WR_OK)
		wr_reload_find_previous(reload);
	wr_last_applied_fini(&reload->last);
	return rc;
}
