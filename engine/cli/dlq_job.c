#include "config.h"

#include "cli/confirm.h"
#include "cli/dlq_job.h"
#include "cli/dlq_progress.h"
#include "cli/login.h"
#include "cli/stop.h"
#include "cli/text_table.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_BYTES_MAX ((size_t)64 << 20)

struct acting {
	struct wr_dlq_args args;
	struct wr_dlq_job job;
	struct wr_dlq_run run;
	struct wr_dlq_pipeline *pipelines;
	struct wr_buf edited;
	const char *value_file, *resume, *cancel;
	bool all, dry_run, jobs, json, quiet, yes;
	struct wr_dlq_progress progress;
	_Atomic bool stop;
};

static int add_id(struct acting *a, const char *text)
{
	struct wr_err err;

	if (wr_dlq_job_add(&a->job, wr_bytes_of(text), &err) == WR_OK)
		return -1;
	return wr_args_wrong(a->args.command, "%s: %s", text, err.text);
}

static bool take_flag(struct acting *a, const struct wr_args *walk)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {{"all", &a->all},    {"dry-run", &a->dry_run}, {"jobs", &a->jobs},
		     {"json", &a->json},  {"force", &a->job.force}, {"yes", &a->yes},
		     {"quiet", &a->quiet}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (wr_args_is(walk, flags[i].name)) {
			*flags[i].flag = true;
			return true;
		}
	}
	return false;
}

/* -1: go on. */
static int take(struct acting *a, const struct wr_args *walk)
{
	long long rate;
	int exit_status;

	if (walk->option == NULL)
		return add_id(a, walk->value);
	if (take_flag(a, walk))
		return -1;
	if (wr_args_is(walk, "resume")) {
		a->resume = walk->value;
	} else if (wr_args_is(walk, "cancel")) {
		a->cancel = walk->value;
	} else if (wr_args_is(walk, "value-file")) {
		a->value_file = walk->value;
	} else if (wr_args_is(walk, "rate")) {
		if (!wr_args_number(walk, 1, 1000000, &rate))
			return WR_EXIT_USAGE;
		a->job.rate = rate;
	} else if (wr_args_is(walk, "to")) {
		if (!wr_dlq_to_parse(wr_bytes_of(walk->value), &a->job.to) ||
		    a->job.to == WR_DLQ_TO_AUTO)
			return wr_args_wrong(a->args.command, "--to wants stage or start");
	} else if (!wr_dlq_args_take(&a->args, walk, &exit_status)) {
		return exit_status;
	}
	return -1;
}

/* Beside the pipeline, which also says whose topic is meant. */
static bool has_filter(const struct acting *a)
{
	struct wr_dlq_filter rest = a->args.filter;

	rest.pipeline = NULL;
	return !wr_dlq_filter_is_wide(&rest) || rest.from_ms != 0 || rest.until_ms != 0;
}

/* Of jobs that are there. What would be ignored must not look as if it counted, --dry-run least of all. */
static int check_other(const struct acting *a)
{
	if ((a->resume != NULL) + (a->cancel != NULL) + a->jobs > 1)
		return wr_args_wrong(a->args.command,
				     "--jobs, --resume and --cancel exclude each other");
	if (a->dry_run || a->all || a->job.id_count > 0 || has_filter(a))
		return wr_args_wrong(a->args.command,
				     "--jobs, --resume and --cancel are of jobs that say already "
				     "which letters: no ids, no options that say which, no "
				     "--dry-run");
	return -1;
}

static int check(const struct acting *a)
{
	if (a->resume != NULL || a->cancel != NULL || a->jobs)
		return check_other(a);
	if (a->job.id_count == 0 && !has_filter(a) && a->args.pipeline == NULL && !a->all)
		return wr_args_wrong(a->args.command,
				     "wants ids, options that say which, or --all");
	if (a->all && a->job.id_count > 0)
		return wr_args_wrong(a->args.command, "--all and ids exclude each other");
	if (a->job.id_count > 0 && has_filter(a))
		return wr_args_wrong(a->args.command,
				     "ids and options that say which exclude each other");
	if (a->value_file != NULL && a->job.id_count != 1)
		return wr_args_wrong(a->args.command, "--value-file is for one id");
	return -1;
}

static int parse(struct acting *a, int argc, char **argv)
{
	struct wr_args walk;
	int exit_status = -1;

	wr_args_begin(&walk, a->args.command, argc, argv);
	while (exit_status < 0 && wr_args_next(&walk))
		exit_status = take(a, &walk);
	if (exit_status >= 0)
		return exit_status;
	return walk.exit_status >= 0 ? walk.exit_status : check(a);
}

static int read_value(struct acting *a)
{
	FILE *file;
	char chunk[65536];
	size_t n;

	if (a->value_file == NULL)
		return WR_EXIT_OK;
	file = strcmp(a->value_file, "-") == 0 ? stdin : fopen(a->value_file, "re");
	if (file == NULL) {
		fprintf(stderr, "weir %s: %s: %s\n", a->args.command->name, a->value_file,
			strerror(errno));
		return WR_EXIT_WRONG;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0 && a->edited.size < VALUE_BYTES_MAX) {
		if (wr_buf_append(&a->edited, chunk, n) != WR_OK)
			break;
	}
	n = (size_t)(ferror(file) || !feof(file));
	if (file != stdin)
		fclose(file);
	if (n != 0) {
		fprintf(stderr, "weir %s: %s: can't be read, or is too large\n",
			a->args.command->name, a->value_file);
		return WR_EXIT_WRONG;
	}
	a->run.edited = wr_bytes(a->edited.data != NULL ? a->edited.data : "", a->edited.size);
	return WR_EXIT_OK;
}

/* Those that write to this topic; without a configuration the one that is named. */
static bool find_pipelines(struct acting *a)
{
	const struct wr_conf *conf = a->args.kafka.conf;
	size_t count = conf != NULL ? conf->pipeline_count : 0;

	a->pipelines = calloc(count + 1, sizeof(*a->pipelines));
	if (a->pipelines == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct wr_conf_pipeline *p = &conf->pipelines[i];

		if (strcmp(p->dlq_topic, a->args.topic) == 0 &&
		    (a->args.pipeline == NULL || strcmp(p->name, a->args.pipeline) == 0))
			a->pipelines[a->run.pipeline_count++] =
			    (struct wr_dlq_pipeline){.name = p->name,
						     .source = p->topics.items[0],
						     .rule = wr_dlq_rule_of(p)};
	}
	if (conf == NULL && a->args.pipeline != NULL)
		a->pipelines[a->run.pipeline_count++] =
		    (struct wr_dlq_pipeline){.name = a->args.pipeline};
	a->run.pipelines = a->pipelines;
	return true;
}

/* user@host */
static char *who(void)
{
	char *login = wr_cli_login(), host[256] = "", *text;

	gethostname(host, sizeof(host) - 1);
	if (login == NULL || asprintf(&text, "%s@%s", login, host) < 0)
		text = NULL;
	free(login);
	return text;
}

static void progress(void *arg, const struct wr_dlq_job *job)
{
	struct acting *a = arg;

	if (wr_stop_asked())
		atomic_store(&a->stop, true);
	wr_dlq_progress_show(&a->progress, job);
}

static const char *const count_texts[] = {
    [WR_DLQ_SELECTED] = "selected",
    [WR_DLQ_FINISHED] = NULL, /* by kind */
    [WR_DLQ_SKIPPED] = "skipped (replayed or purged before, or gone)",
    [WR_DLQ_REFUSED_LOOP] = "refused: replayed 3 times or more (--force overrides)",
    [WR_DLQ_REFUSED_BROKEN] = "refused: the envelope can't be trusted",
    [WR_DLQ_REFUSED_STAGE] = "refused: what entered the stage is not known (--to start)",
    [WR_DLQ_REFUSED_PIPELINE] = "refused: of a pipeline that is not in the configuration",
    [WR_DLQ_REFUSED_SIZE] = "refused: too large for the retry topic, or to keep the original",
};

static void print_state(const struct wr_dlq_job *job)
{
	struct wr_buf who = WR_BUF_INIT;

	printf("job %s (%s) is %s", job->id, wr_dlq_kind_name(job->kind),
	       wr_dlq_job_state_name(job->state));
	if (job->cancelled_by != NULL &&
	    wr_buf_append_printable(&who, wr_bytes_of(job->cancelled_by)) == WR_OK)
		printf(" by %.*s", (int)who.size, (const char *)who.data);
	putchar('\n');
	wr_buf_fini(&who);
}

static void say(const struct acting *a)
{
	const struct wr_dlq_job *job = &a->job;

	if (a->dry_run)
		puts("nothing was done; it would be:");
	else
		print_state(job);
	for (size_t i = 0; i < WR_DLQ_COUNT_COUNT; i++) {
		if (job->counts[i] > 0 || i == WR_DLQ_SELECTED || i == WR_DLQ_FINISHED)
			printf("  %" PRIu64 " %s\n", job->counts[i],
			       count_texts[i] != NULL      ? count_texts[i]
			       : job->kind == WR_DLQ_PURGE ? "purged"
							   : "replayed");
	}
	if (!a->dry_run && job->state == WR_DLQ_RUNNING)
		printf("go on with: weir %s --resume %s ...\n", a->args.command->name, job->id);
}

static int print_job(const struct acting *a)
{
	struct wr_buf text = WR_BUF_INIT;
	enum wr_code rc;

	if (!a->json) {
		say(a);
		return WR_EXIT_OK;
	}
	rc = wr_dlq_job_json(&a->job, &text);
	if (rc == WR_OK)
		rc = wr_buf_append_text(&text, "\n");
	if (rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	wr_buf_fini(&text);
	return rc == WR_OK ? WR_EXIT_OK : WR_EXIT_WRONG;
}

static bool has_refused(const struct wr_dlq_job *job)
{
	for (size_t i = WR_DLQ_REFUSED_LOOP; i < WR_DLQ_COUNT_COUNT; i++) {
		if (job->counts[i] > 0)
			return true;
	}
	return job->id_count > 0 && job->counts[WR_DLQ_SKIPPED] > 0;
}

/* Somebody has ended this run of the job: was it cancelled, or does it go on there? */
static int conclude_elsewhere(struct acting *a)
{
	struct wr_err err;
	enum wr_code rc = wr_dlq_run_learn(&a->run, &err);

	wr_dlq_args_fail(&a->args, &err);
	if (rc == WR_EEXIST)
		print_job(a);
	else
		fprintf(stderr, "see how it goes: weir %s --jobs ...\n", a->args.command->name);
	return WR_EXIT_WRONG;
}

static int conclude(struct acting *a, enum wr_code rc, const struct wr_err *err)
{
	int exit_status;

	wr_dlq_progress_end(&a->progress);
	if (rc == WR_ECLOSED)
		return conclude_elsewhere(a);
	if (rc != WR_OK) {
		wr_dlq_args_fail(&a->args, err);
		if (a->job.id[0] != '\0' && !a->dry_run && rc != WR_EEXIST && rc != WR_EINVAL)
			fprintf(stderr, "go on with: weir %s --resume %s ...\n",
				a->args.command->name, a->job.id);
		return WR_EXIT_WRONG;
	}
	exit_status = print_job(a);
	if (a->cancel != NULL || exit_status != WR_EXIT_OK)
		return exit_status;
	return a->job.state == WR_DLQ_DONE && !has_refused(&a->job) ? WR_EXIT_OK : WR_EXIT_WRONG;
}

/* No question, and no job: only what became of the ids. */
static int nothing_to_purge(const struct acting *a)
{
	const uint64_t skipped = a->job.counts[WR_DLQ_SKIPPED];

	if (a->job.state != WR_DLQ_DONE) { /* it was stopped while it looked */
		fputs("nothing was purged\n", stderr);
		return WR_EXIT_WRONG;
	}
	if (a->json)
		print_job(a);
	else
		printf("nothing to purge: no open dead letter of %s is meant\n", a->args.topic);
	if (!a->json && skipped > 0)
		printf("  %" PRIu64 " %s\n", skipped, count_texts[WR_DLQ_SKIPPED]);
	return has_refused(&a->job) ? WR_EXIT_WRONG : WR_EXIT_OK;
}

/* What is about to be purged, and whether that is meant. -1: it is. */
static int confirm(struct acting *a)
{
	struct wr_err err;
	char question[320];
	enum wr_code rc;

	if (a->job.kind != WR_DLQ_PURGE || a->yes || a->dry_run)
		return -1;
	a->run.dry_run = true;
	rc = wr_dlq_run_new(&a->run, &err);
	a->run.dry_run = false;
	wr_dlq_progress_end(&a->progress);
	if (rc != WR_OK)
		return conclude(a, rc, &err);
	if (a->job.counts[WR_DLQ_FINISHED] == 0)
		return nothing_to_purge(a);
	snprintf(question, sizeof(question), "Purge %" PRIu64 " dead letter%s of %s?",
		 a->job.counts[WR_DLQ_FINISHED], a->job.counts[WR_DLQ_FINISHED] == 1 ? "" : "s",
		 a->args.topic);
	if (!wr_cli_confirm(question)) {
		fputs("nothing was purged\n", stderr);
		return WR_EXIT_WRONG;
	}
	/* Anew, with what is there then. */
	free(a->job.ranges);
	free(a->job.runner);
	a->job.ranges = NULL;
	a->job.runner = NULL;
	a->job.range_count = a->job.next_id = 0;
	memset(a->job.counts, 0, sizeof(a->job.counts));
	a->job.state = WR_DLQ_RUNNING;
	a->job.id[0] = '\0';
	return -1;
}

static int run_new(struct acting *a)
{
	struct wr_err err;
	int exit_status = read_value(a);
	enum wr_code rc;

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	a->job.filter = a->args.filter;
	a->args.filter = (struct wr_dlq_filter){.states = 0};
	if (a->job.id_count > 0)
		wr_dlq_filter_fini(&a->job.filter);
	a->job.who = who();
	exit_status = confirm(a);
	if (exit_status >= 0)
		return exit_status;
	a->run.dry_run = a->dry_run;
	rc = wr_dlq_run_new(&a->run, &err);
	return conclude(a, rc, &err);
}

static int run_other(struct acting *a)
{
	struct wr_err err;
	char *name;
	int exit_status;
	enum wr_code rc;

	wr_dlq_job_fini(&a->job);
	name = who();
	a->run.who = name;
	if (a->cancel != NULL) {
		rc = wr_dlq_run_cancel(&a->run, a->cancel, &err);
	} else {
		rc = wr_dlq_run_resume(&a->run, a->resume, &err);
	}
	exit_status = conclude(a, rc, &err);
	free(name);
	return exit_status;
}

static void add_job(struct wr_text_table *table, const struct wr_dlq_job *job)
{
	wr_dlq_cell(table, wr_bytes_of(job->id));
	wr_dlq_cell(table, wr_bytes_of(wr_dlq_kind_name(job->kind)));
	wr_dlq_cell(table, wr_bytes_of(wr_dlq_job_state_name(job->state)));
	wr_dlq_cell_time(table, job->updated_ms);
	wr_text_table_addf(table, "%" PRIu64, job->counts[WR_DLQ_SELECTED]);
	wr_text_table_addf(table, "%" PRIu64, job->counts[WR_DLQ_FINISHED]);
	wr_dlq_cell(table, wr_bytes_of(job->who));
}

static enum wr_code print_jobs(const struct acting *a, const struct wr_dlq_job *jobs, size_t count)
{
	static const char *const heads[] = {"JOB",      "KIND", "STATE", "UPDATED",
					    "SELECTED", "DONE", "WHO",   NULL};
	struct wr_buf text = WR_BUF_INIT;
	struct wr_text_table table;
	enum wr_code rc = WR_OK;

	wr_text_table_init(&table, "llllrrl");
	wr_text_table_head(&table, heads);
	for (size_t i = 0; i < count && rc == WR_OK; i++) {
		if (a->json && (rc = wr_dlq_job_json(&jobs[i], &text)) == WR_OK)
			rc = wr_buf_append_text(&text, "\n");
		else if (!a->json)
			add_job(&table, &jobs[i]);
	}
	if (a->json && rc == WR_OK)
		fwrite(text.data, 1, text.size, stdout);
	else if (rc == WR_OK)
		rc = wr_text_table_print(&table);
	wr_text_table_fini(&table);
	wr_buf_fini(&text);
	return rc;
}

static int list_jobs(struct acting *a)
{
	struct wr_dlq_job *jobs;
	struct wr_err err = {.text = "out of memory"};
	size_t count;
	enum wr_code rc = wr_dlq_jobs_load(a->args.dlq, &jobs, &count, &err);

	if (rc == WR_OK)
		rc = print_jobs(a, jobs, count);
	wr_dlq_jobs_free(jobs, count);
	return rc == WR_OK ? WR_EXIT_OK : wr_dlq_args_fail(&a->args, &err);
}

static int act(struct acting *a)
{
	int exit_status = wr_dlq_args_open(&a->args);

	if (exit_status != WR_EXIT_OK)
		return exit_status;
	if (a->jobs)
		return list_jobs(a);
	wr_dlq_progress_init(&a->progress, &wr_clock_real,
			     !a->quiet && isatty(STDERR_FILENO) == 1 ? stderr : NULL);
	a->run.dlq = a->args.dlq;
	a->run.kafka = &a->args.conf;
	a->run.job = &a->job;
	a->run.stop = &a->stop;
	a->run.progress = progress;
	a->run.arg = a;
	if (!find_pipelines(a))
		return wr_dlq_args_fail(&a->args, &(struct wr_err){.text = "out of memory"});
	return a->resume != NULL || a->cancel != NULL ? run_other(a) : run_new(a);
}

int wr_dlq_job_command(const struct wr_command *command, enum wr_dlq_kind kind, int argc,
		       char **argv)
{
	struct acting a = {.job = {.kind = kind}, .edited = WR_BUF_INIT};
	int exit_status;

	wr_dlq_args_init(&a.args, command);
	exit_status = parse(&a, argc, argv);
	if (exit_status < 0) {
		wr_stop_on_signals();
		exit_status = act(&a);
	}
	free(a.pipelines);
	wr_buf_fini(&a.edited);
	wr_dlq_job_fini(&a.job);
	wr_dlq_args_fini(&a.args);
	return exit_status;
}
