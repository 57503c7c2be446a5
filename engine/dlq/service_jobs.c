/* The service's thread: jobs and gauges. */
#include "config.h"

#include "base/log.h"
#include "dlq/service_private.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS 15000 /* between two looks at how much is open */
#define AGAIN_MS 5000 /* before a job that failed is tried again */
#define HIDDEN_MS 120000

static const struct wr_metric_family letters = {
    .name = "weir_dlq_letters",
    .help =
	"Dead letters in a topic by what became of them. Control records of transactions count as open.",
    .kind = WR_METRIC_GAUGE};

static struct wr_dlq_site *first_site(struct wr_dlq_service *s)
{
	struct wr_dlq_site *site;

	wr_lock_take(&s->lock);
	site = s->sites;
	wr_lock_release(&s->lock);
	return site;
}

static struct wr_dlq_site *next_site(struct wr_dlq_service *s, const struct wr_dlq_site *site)
{
	struct wr_dlq_site *next;

	wr_lock_take(&s->lock);
	next = site->next;
	wr_lock_release(&s->lock);
	return next;
}

static void make_cells(struct wr_dlq_service *s, struct wr_dlq_site *site)
{
	for (unsigned i = 0; i < WR_DLQ_STATES; i++) {
		const struct wr_metric_label labels[] = {
		    {"topic", site->topic}, {"state", wr_dlq_state_name((enum wr_dlq_state)i)}};

		if (site->cells[i] == NULL)
			site->cells[i] = wr_metrics_cell(s->metrics, &letters, labels, 2);
	}
}

static enum wr_code count(struct wr_dlq_site *site, struct wr_dlq *dlq, struct wr_err *err)
{
	double all = 0, replayed = 0, purged = 0;
	int64_t low = 0, high = 0;
	enum wr_code rc = WR_OK;

	for (int32_t i = 0; i < wr_dlq_topic_partitions(dlq->topic) && rc == WR_OK; i++) {
		rc = wr_dlq_topic_bounds(dlq->topic, i, &low, &high, err);
		all += (double)(high - low);
		replayed += (double)wr_dlq_marks_count(dlq->marks, i, low, WR_DLQ_REPLAYED);
		purged += (double)wr_dlq_marks_count(dlq->marks, i, low, WR_DLQ_PURGED);
	}
	if (rc != WR_OK)
		return rc;
	wr_metric_set(site->cells[WR_DLQ_REPLAYED], replayed);
	wr_metric_set(site->cells[WR_DLQ_PURGED], purged);
	wr_metric_set(site->cells[WR_DLQ_OPEN],
		      all > replayed + purged ? all - replayed - purged : 0);
	return WR_OK;
}

/* Those that this instance had begun, and that nobody went on with. */
static enum wr_code look_for_jobs(struct wr_dlq_service *s, struct wr_dlq_site *site,
				  struct wr_dlq *dlq, struct wr_err *err)
{
	struct wr_dlq_job *jobs;
	size_t n;
	enum wr_code rc = wr_dlq_jobs_load(dlq, &jobs, &n, err);

	/* The oldest first. */
	for (size_t i = n; i-- > 0 && rc == WR_OK;) {
		if (jobs[i].state != WR_DLQ_RUNNING || jobs[i].kind == WR_DLQ_REDRIVE ||
		    jobs[i].runner == NULL || strcmp(jobs[i].runner, s->instance) != 0)
			continue;
		WR_LOG(WR_LOG_INFO, "going on with a job of dead letters",
		       WR_STR("topic", site->topic), WR_STR("job", jobs[i].id));
		rc = wr_dlq_service_queue(s, site, jobs[i].id, NULL,
					  wr_clock_mono_ns(&wr_clock_real));
	}
	wr_dlq_jobs_free(jobs, n);
	return rc;
}

static void look(struct wr_dlq_service *s, struct wr_dlq_site *site)
{
	struct wr_dlq *dlq;
	struct wr_err err;
	enum wr_code rc;

	make_cells(s, site);
	rc = wr_dlq_site_take(s, site, &dlq, &err);
	if (rc == WR_OK && !site->is_looked_for) {
		rc = look_for_jobs(s, site, dlq, &err);
		site->is_looked_for = rc == WR_OK;
	}
	if (rc == WR_OK)
		rc = count(site, dlq, &err);
	if (dlq != NULL)
		wr_dlq_site_give(s, site, dlq, rc != WR_OK);
	if (rc != WR_OK)
		WR_LOG(WR_LOG_DEBUG, "dead letters can't be counted", WR_STR("topic", site->topic),
		       WR_STR("reason", err.text));
}

/* A transaction of another job that is still open hides what was committed after its beginning. */
static bool may_be_hidden(const struct wr_dlq_task *task)
{
	return wr_clock_mono_ns(&wr_clock_real) - task->since_mono_ns < HIDDEN_MS * WR_NS_PER_MS;
}

/* True: it is to be tried again. */
static bool run_task(struct wr_dlq_service *s, struct wr_dlq_task *task)
{
	struct wr_dlq_job job = {.who = NULL};
	struct wr_dlq_run run = {
	    .kafka = s->kafka, .job = &job, .who = task->who, .stop = &s->is_stopping};
	struct wr_dlq_pipeline *pipelines;
	struct wr_dlq *dlq = NULL;
	struct wr_err err = {.text = "out of memory"};
	enum wr_code rc = WR_ENOMEM;
	bool again;

	pipelines = wr_dlq_site_pipelines(s, task->site, &run.pipeline_count);
	run.pipelines = pipelines;
	if (pipelines != NULL)
		rc = wr_dlq_site_take(s, task->site, &dlq, &err);
	if (rc == WR_OK) {
		run.dlq = dlq;
		rc = wr_dlq_run_resume(&run, task->id, &err);
	}
	if (run.who == NULL) {
		free(task->who);
		task->who = NULL;
	}
	if (dlq != NULL)
		wr_dlq_site_give(s, task->site, dlq, rc != WR_OK);
	again = rc == WR_EUNAVAILABLE || rc == WR_EUNKNOWN || rc == WR_ENOMEM ||
		(rc == WR_ENOTFOUND && may_be_hidden(task));
	/* Over already, cancelled, or somebody else's: that is no failure. */
	if (rc != WR_OK && rc != WR_EEXIST && rc != WR_ECLOSED)
		WR_LOG(WR_LOG_WARN, "a job of dead letters failed",
		       WR_STR("topic", task->site->topic), WR_STR("job", task->id),
		       WR_STR("reason", err.text), WR_BOOL("tries_again", again));
	wr_dlq_job_fini(&job);
	free(pipelines);
	return again && !atomic_load(&s->is_stopping);
}

/* The next job, or NULL when there is none for so long. */
static struct wr_dlq_task *wait_for_task(struct wr_dlq_service *s, int64_t deadline_ns)
{
	struct wr_dlq_task *task;

	wr_lock_take(&s->lock);
	while (s->first == NULL && !atomic_load(&s->is_stopping)) {
		if (wr_lock_wait_until(&s->lock, &s->wake, deadline_ns))
			break;
	}
	task = s->first;
	if (task != NULL) {
		s->first = task->next;
		if (s->first == NULL)
			s->last = NULL;
	}
	wr_lock_release(&s->lock);
	return task;
}

static void pause_for(struct wr_dlq_service *s, int64_t ms)
{
	int64_t end = wr_clock_mono_ns(&wr_clock_real) + ms * WR_NS_PER_MS;

	wr_lock_take(&s->lock);
	while (!atomic_load(&s->is_stopping) && !wr_lock_wait_until(&s->lock, &s->wake, end)) {
	}
	wr_lock_release(&s->lock);
}

void *wr_dlq_service_run(void *arg)
{
	struct wr_dlq_service *s = arg;
	int64_t next_ns = 0;
	struct wr_dlq_task *task;

	while (!atomic_load(&s->is_stopping)) {
		if (wr_clock_mono_ns(&wr_clock_real) >= next_ns) {
			for (struct wr_dlq_site *site = first_site(s);
			     site != NULL && !atomic_load(&s->is_stopping);
			     site = next_site(s, site))
				look(s, site);
			next_ns = wr_clock_mono_ns(&wr_clock_real) + LOOK_MS * WR_NS_PER_MS;
		}
		task = wait_for_task(s, next_ns);
		if (task == NULL)
			continue;
		if (!atomic_load(&s->is_stopping) && run_task(s, task)) {
			pause_for(s, AGAIN_MS);
			wr_dlq_service_queue(s, task->site, task->id, task->who,
					     task->since_mono_ns);
		}
		next_ns = 0; /* fewer are open now */
		wr_dlq_task_free(task);
	}
	return NULL;
}
