/* What a reload has tried in a child before it touches anything. */
#include "config.h"

#include "run/reload_private.h"

#include "host/probe.h"

#include <stdio.h>
#include <stdlib.h>

#define REST_NS (5 * WR_NS_PER_S) /* for the lanes, to take a snapshot of their state */

struct probing {
	struct wr_reload *reload;
	const struct wr_edition *edition;
	struct wr_probe_request request;
	bool needs_state;
};

/* Whether exactly this stage runs already, wherever in its pipeline. */
static bool runs_already(const struct probing *p, const struct wr_conf_pipeline *pipeline,
			 const struct wr_conf_stage *stage)
{
	const struct wr_edition *current = p->reload->current;
	const struct wr_conf_pipeline *there = wr_conf_find_pipeline(current->conf, pipeline->name);

	for (size_t i = 0; there != NULL && i < there->stage_count; i++) {
		if (wr_reload_same_stage(&there->stages[i], stage, current->set, p->edition->set))
			return true;
	}
	return false;
}

static enum wr_code add_stages(struct probing *p, size_t *count_r)
{
	const struct wr_conf *conf = p->edition->conf;
	enum wr_code rc = WR_OK;

	*count_r = 0;
	for (size_t i = 0; i < conf->pipeline_count && rc == WR_OK; i++) {
		for (size_t s = 0; s < conf->pipelines[i].stage_count && rc == WR_OK; s++) {
			if (runs_already(p, &conf->pipelines[i], &conf->pipelines[i].stages[s]))
				continue;
			rc = wr_probe_request_stage(&p->request, (uint32_t)i, (uint32_t)s);
			(*count_r)++;
		}
	}
	return rc;
}

static enum wr_code add_states(struct probing *p, struct wr_err *err)
{
	struct wr_states states;
	int64_t deadline = wr_clock_mono_ns(p->reload->o.clock) + REST_NS;
	enum wr_code rc = wr_swap_snapshot(p->reload->engine, deadline, &states, err);

	for (size_t i = 0; i < states.count && rc == WR_OK; i++)
		rc = wr_probe_request_state(&p->request, states.items[i].pipeline,
					    states.items[i].stage, &states.items[i].state);
	wr_states_fini(&states);
	return rc;
}

static void add_problem(const struct wr_reload *reload, struct wr_reload_answer *answer,
			const char *text)
{
	wr_problems_add(&answer->problems, reload->o.file, (struct wr_conf_mark){0, 0}, NULL, "%s",
			text);
}

static enum wr_code run_probe(const struct probing *p, struct wr_reload_answer *answer)
{
	const struct wr_reload *reload = p->reload;
	enum wr_code rc = wr_probe_run(reload->o.probe_program, &p->request, reload->o.file,
				       WR_PROBE_MS, &reload->stopping, &answer->problems);

	if (rc == WR_ECLOSED)
		add_problem(reload, answer, "the engine is stopping");
	if (rc == WR_EIO)
		add_problem(reload, answer, "no process could be started to try the plugins in");
	return rc;
}

enum wr_code wr_reload_probe(struct wr_reload *reload, const struct wr_edition *edition,
			     struct wr_reload_answer *answer)
{
	struct probing p = {.reload = reload, .edition = edition, .request = {-1}};
	struct wr_err err = {.text = "no memory for a probe"};
	char *folder = NULL;
	size_t count = 0;
	enum wr_code rc;

	if (reload->o.probe_program == NULL)
		return WR_OK;
	rc = wr_probe_request_init(&p.request, &err);
	if (rc == WR_OK && asprintf(&folder, "%s/plugins", reload->dir.path) < 0)
		rc = WR_ENOMEM;
	if (rc == WR_OK)
		rc = wr_probe_request_conf(&p.request, reload->o.file,
					   wr_bytes(edition->text.data, edition->text.size), folder,
					   edition->set);
	if (rc == WR_OK)
		rc = add_stages(&p, &count);
	if (rc == WR_OK && count > 0)
		rc = add_states(&p, &err);
	if (rc != WR_OK)
		add_problem(reload, answer, err.text);
	if (rc == WR_OK && count > 0)
		rc = run_probe(&p, answer);
	wr_probe_request_fini(&p.request);
	free(folder);
	return rc;
}
