/* Trying all plugins of a configuration where they lie: nothing is copied, and nothing of them runs in this process. */
#include "config.h"

#include "host/probe.h"

#include "base/sha256.h"
#include "host/plugin.h"
#include "host/plugin_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct survey {
	const struct wr_conf *conf;
	struct wr_probe_request request;
	struct wr_problems *problems;
};

static bool was_named_before(const struct wr_conf *conf, size_t pipeline, size_t stage)
{
	const char *name = conf->pipelines[pipeline].stages[stage].plugin;

	for (size_t p = 0; p <= pipeline; p++) {
		size_t end = p < pipeline ? conf->pipelines[p].stage_count : stage;

		for (size_t s = 0; s < end; s++) {
			const char *other = conf->pipelines[p].stages[s].plugin;

			if (other != NULL && strcmp(other, name) == 0)
				return true;
		}
	}
	return false;
}

static enum wr_code add_plugin(struct survey *survey, const char *name, struct wr_err *err)
{
	char sha256[WR_SHA256_HEX_BYTES];
	struct wr_plugin_file plugin = {.name = name, .sha256 = sha256};
	struct wr_bytes file = wr_bytes(NULL, 0);
	char *path = NULL;
	enum wr_code rc = wr_plugin_find(name, &survey->conf->plugin_path, &path, err);

	if (rc == WR_OK)
		rc = wr_plugin_file_read(path, &file, err);
	if (rc == WR_OK)
		rc = wr_plugin_file_check(file, NULL, err);
	if (rc == WR_OK)
		rc = wr_sha256_hex(file, sha256);
	if (rc == WR_OK) {
		plugin.copy = path;
		rc = wr_probe_request_plugin(&survey->request, &plugin);
	}
	wr_plugin_file_free(&file);
	free(path);
	return rc;
}

static enum wr_code add_stage(struct survey *survey, size_t pipeline, size_t stage, bool creates)
{
	const struct wr_conf_stage *conf = &survey->conf->pipelines[pipeline].stages[stage];
	struct wr_err err = {.text = ""};
	enum wr_code rc = WR_OK;
	char path[96];

	if (conf->plugin == NULL)
		return WR_OK;
	if (!was_named_before(survey->conf, pipeline, stage))
		rc = add_plugin(survey, conf->plugin, &err);
	if (rc == WR_ENOMEM)
		return rc;
	if (rc != WR_OK) {
		snprintf(path, sizeof(path), "pipelines[%zu].stages[%zu].plugin", pipeline, stage);
		wr_problems_add(survey->problems, survey->conf->file, conf->plugin_mark, path,
				"plugin \"%s\": %s", conf->plugin, err.text);
		return WR_OK;
	}
	return creates
		   ? wr_probe_request_stage(&survey->request, (uint32_t)pipeline, (uint32_t)stage)
		   : WR_OK;
}

static void add_whole(const struct survey *survey, const char *text)
{
	wr_problems_add(survey->problems, survey->conf->file, (struct wr_conf_mark){0, 0}, NULL,
			"%s", text);
}

enum wr_code wr_probe_conf(const char *program, const struct wr_conf *conf, struct wr_bytes text,
			   bool creates, int64_t deadline_ms, const _Atomic bool *given_up,
			   struct wr_problems *problems)
{
	struct survey survey = {.conf = conf, .request = {-1}, .problems = problems};
	size_t before = problems->count;
	struct wr_err err = {.text = "no memory for a probe"};
	enum wr_code rc = wr_probe_request_init(&survey.request, &err);

	if (rc == WR_OK)
		rc = wr_probe_request_text(&survey.request, conf->file, text);
	for (size_t p = 0; p < conf->pipeline_count && rc == WR_OK; p++) {
		for (size_t s = 0; s < conf->pipelines[p].stage_count && rc == WR_OK; s++)
			rc = add_stage(&survey, p, s, creates);
	}
	if (rc != WR_OK) {
		add_whole(&survey, err.text);
	} else {
		rc = wr_probe_run(program, &survey.request, conf->file, deadline_ms, given_up,
				  problems);
		if (rc == WR_EIO)
			add_whole(&survey, "no process could be started to try the plugins in");
	}
	wr_probe_request_fini(&survey.request);
	return rc == WR_OK && problems->count > before ? WR_EINVAL : rc;
}
