#include "config.h"

#include "run/reload_private.h"

#include "base/log.h"
#include "run/metric_table.h"
#include "run/state_place.h"
#include "run/tried.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REAP_MS 200 /* how often a generation that drains is looked at */

/* ---- requests ---- */

static void wake(struct wr_reload *reload)
{
	static const uint64_t one = 1;

	if (write(reload->wake_fd, &one, sizeof(one)) < 0)
		WR_LOG(WR_LOG_ERROR, "waking the reload thread", WR_STR("reason", strerror(errno)));
}

/* What it would go back from, when that is not what was named. */
static enum wr_code check_from_locked(struct wr_reload *reload, uint64_t from, struct wr_err *err)
{
	wr_lock_assert_held(&reload->lock);
	if (from == (reload->canary_number != 0 ? reload->canary_number : reload->number))
		return WR_OK;
	if (reload->canary_number != 0)
		return wr_err_set(err, WR_EREFUSED,
				  "generation %" PRIu64 " was named, but a canary is under way, "
				  "generation %" PRIu64 ", and a rollback ends that; %" PRIu64
				  " has the other keys",
				  from, reload->canary_number, reload->number);
	return wr_err_set(err, WR_EREFUSED,
			  "generation %" PRIu64 " was named, but %" PRIu64
			  " runs: the list of generations says since when, and what became of the "
			  "others",
			  from, reload->number);
}

static enum wr_code accept_locked(struct wr_reload *reload, const struct wr_reload_job *job,
				  struct wr_err *err)
{
	wr_lock_assert_held(&reload->lock);
	if (atomic_load(&reload->stopping) || !reload->started)
		return wr_err_set(err, WR_ECLOSED, "the engine is %s",
				  reload->started ? "stopping" : "starting");
	if (reload->busy)
		return wr_err_set(
		    err, WR_EFULL, "a reload is under way: asked for by %s, in the phase \"%s\"",
		    reload->job.who,
		    wr_reload_phase_name((enum wr_reload_phase)atomic_load(&reload->phase)));
	if (reload->canary_number != 0 && !job->request.rollback)
		return wr_err_set(err, WR_EFULL,
				  "a canary is under way, generation %" PRIu64
				  ": /admin/generations/%" PRIu64
				  " tells how it goes, a rollback ends it",
				  reload->canary_number, reload->canary_number);
	if (job->request.rollback && !reload->has_previous && reload->canary_number == 0)
		return wr_err_set(err, WR_ENOTFOUND, "there is no generation to go back to");
	if (job->request.from != 0 && check_from_locked(reload, job->request.from, err) != WR_OK)
		return WR_EREFUSED;
	reload->job = *job;
	reload->job.canary = reload->canary_number;
	reload->busy = true;
	atomic_store(&reload->phase, WR_RELOAD_READ);
	return WR_OK;
}

enum wr_code wr_reload_submit(struct wr_reload *reload, const struct wr_reload_request *request,
			      wr_reload_done_fn done, void *arg, struct wr_err *err)
{
	struct wr_reload_job job = {
	    .request = *request, .who = strdup(request->who), .done = done, .done_arg = arg};
	enum wr_code rc;

	WR_CHECK(reload, WR_RELOAD_MAGIC);
	if (job.who == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for a reload");
	job.request.who = job.who;
	wr_lock_take(&reload->lock);
	rc = accept_locked(reload, &job, err);
	wr_lock_release(&reload->lock);
	if (rc == WR_OK)
		wake(reload);
	else
		free(job.who);
	return rc;
}

/* ---- the thread ---- */

static bool take_job(struct wr_reload *reload, struct wr_reload_job *job_r)
{
	bool busy;

	wr_lock_take(&reload->lock);
	busy = reload->busy;
	*job_r = reload->job;
	wr_lock_release(&reload->lock);
	return busy;
}

void wr_reload_finish_job(struct wr_reload *reload)
{
	char *who;

	wr_lock_take(&reload->lock);
	who = reload->job.who;
	reload->job = (struct wr_reload_job){.who = NULL};
	reload->busy = false;
	wr_lock_release(&reload->lock);
	free(who);
}

static int earlier(int a_ms, int b_ms)
{
	if (a_ms < 0 || b_ms < 0)
		return a_ms < 0 ? b_ms : a_ms;
	return a_ms < b_ms ? a_ms : b_ms;
}

static void wait_for_work(struct wr_reload *reload)
{
	struct pollfd fds[2] = {{.fd = reload->wake_fd, .events = POLLIN},
				{.fd = -1, .events = POLLIN}};
	int wait_ms =
	    earlier(reload->drains != NULL ? REAP_MS : -1, wr_reload_watch_wait_ms(reload));
	uint64_t wakes;

	if (reload->watch != NULL)
		fds[1].fd = wr_watch_fd(reload->watch);
	if (poll(fds, 2, wait_ms) > 0 && (fds[0].revents & POLLIN) != 0 &&
	    read(reload->wake_fd, &wakes, sizeof(wakes)) < 0 && errno != EAGAIN)
		WR_LOG(WR_LOG_ERROR, "reading the wake descriptor",
		       WR_STR("reason", strerror(errno)));
}

static void *run(void *arg)
{
	struct wr_reload *reload = arg;
	struct wr_reload_job job;

	pthread_setname_np(pthread_self(), "reload");
	while (!atomic_load(&reload->stopping)) {
		if (take_job(reload, &job))
			wr_reload_perform(reload, &job);
		else
			wait_for_work(reload);
		wr_reload_tend_canary(reload);
		wr_reload_reap(reload);
		wr_reload_look(reload);
	}
	return NULL;
}

/* ---- life ---- */

static enum wr_code init(struct wr_reload *reload)
{
	reload->dir.lock_fd = -1;
	reload->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	reload->absolute_file = wr_state_place_absolute(reload->o.file);
	return reload->wake_fd >= 0 && reload->absolute_file != NULL ? WR_OK : WR_ENOMEM;
}

/* That were given already, also to what never ran for all keys. */
static void note_numbers(struct wr_reload *reload)
{
	uint64_t tried = wr_tried_read(reload->dir.path).number;
	uint64_t newest = wr_history_newest(&reload->history);

	if (newest > reload->last_number)
		reload->last_number = newest;
	if (tried > reload->last_number)
		reload->last_number = tried;
}

enum wr_code wr_reload_open(const struct wr_reload_options *options, struct wr_reload **reload_r,
			    struct wr_problems *problems)
{
	struct wr_reload *reload = calloc(1, sizeof(*reload));
	enum wr_code rc;

	*reload_r = NULL;
	if (reload == NULL)
		return WR_ENOMEM;
	reload->magic = WR_RELOAD_MAGIC;
	reload->o = *options;
	wr_lock_init(&reload->lock);
	rc = init(reload);
	if (rc == WR_OK)
		rc = wr_reload_load_first(reload, problems);
	if (rc != WR_OK) {
		wr_reload_close(reload);
		return rc;
	}
	reload->first = reload->current;
	reload->first->runners++;
	reload->current->keepers++;
	reload->last_number = reload->number = reload->current->number;
	note_numbers(reload);
	wr_reload_follow(reload);
	*reload_r = reload;
	return WR_OK;
}

const struct wr_generation *wr_reload_first(const struct wr_reload *reload)
{
	WR_CHECK(reload, WR_RELOAD_MAGIC);
	return reload->first->generation;
}

enum wr_code wr_reload_start(struct wr_reload *reload, const struct wr_engine_options *engine,
			     struct wr_err *err)
{
	struct wr_engine_options options = *engine;
	enum wr_code rc;
	int error;

	WR_CHECK(reload, WR_RELOAD_MAGIC);
	options.generation = reload->current->generation;
	reload->metrics = options.metrics;
	reload->drift_cell = wr_metrics_cell(options.metrics, &wr_family_drift, NULL, 0);
	reload->generation_cell = wr_metrics_cell(options.metrics, &wr_family_generation, NULL, 0);
	reload->canary_cell = wr_metrics_cell(options.metrics, &wr_family_canary, NULL, 0);
	wr_reload_mark_running(reload);
	rc = wr_engine_create(&options, &reload->engine, err);
	if (rc == WR_OK)
		rc = wr_engine_start(reload->engine, err);
	if (rc != WR_OK)
		return rc;
	wr_reload_note_start(reload);
	if (!reload->fell_back)
		wr_reload_keep(reload);
	error = pthread_create(&reload->thread, NULL, run, reload);
	if (error != 0)
		return wr_err_set(err, WR_ENOMEM, "the reload thread: %s", strerror(error));
	wr_lock_take(&reload->lock);
	reload->started = true;
	wr_lock_release(&reload->lock);
	return WR_OK;
}

/* All lanes at once, also those that were going already. */
static bool stop_lanes(struct wr_reload *reload, int64_t deadline_mono_ns)
{
	bool clean = true;

	for (struct wr_drain *drain = reload->drains; drain != NULL; drain = drain->next)
		wr_swap_stop(drain->swap, deadline_mono_ns);
	if (reload->engine != NULL)
		clean = wr_engine_stop(reload->engine, deadline_mono_ns);
	for (struct wr_drain *drain = reload->drains; drain != NULL; drain = drain->next)
		clean = wr_swap_join(drain->swap) && clean;
	return clean;
}

bool wr_reload_stop(struct wr_reload *reload, int64_t deadline_mono_ns)
{
	bool started;

	WR_CHECK(reload, WR_RELOAD_MAGIC);
	wr_lock_take(&reload->lock);
	started = reload->started;
	atomic_store(&reload->stopping, true);
	wr_lock_release(&reload->lock);
	if (started) {
		wr_engine_hurry(reload->engine);
		wake(reload);
		pthread_join(reload->thread, NULL);
	}
	return stop_lanes(reload, deadline_mono_ns);
}

static void destroy_drains(struct wr_reload *reload)
{
	struct wr_drain *drain;

	/* the lanes stand: what they are not through with is destroyed with them */
	for (drain = reload->drains; drain != NULL; drain = drain->next)
		wr_swap_destroy(drain->swap);
	wr_engine_destroy(reload->engine);
	while ((drain = reload->drains) != NULL) {
		reload->drains = drain->next;
		wr_edition_let_go(drain->edition, 1, 0);
		free(drain);
	}
}

void wr_reload_close(struct wr_reload *reload)
{
	if (reload == NULL)
		return;
	WR_CHECK(reload, WR_RELOAD_MAGIC);
	if (reload->store != NULL)
		wr_plugin_store_keep_files(reload->store);
	wr_reload_canary_destroy(reload->canary, reload->metrics);
	destroy_drains(reload);
	wr_edition_let_go(reload->previous, 0, 1);
	if (reload->first != NULL)
		wr_edition_let_go(reload->current, 0, 1);
	wr_edition_let_go(reload->current, 1, 0);
	wr_edition_let_go(reload->first, 1, 0);
	wr_watch_destroy(reload->watch);
	wr_history_fini(&reload->history);
	wr_plugin_set_drop(reload->last_held);
	wr_last_applied_fini(&reload->last);
	free(reload->last_text);
	free(reload->started_as);
	wr_plugin_store_close(reload->store);
	wr_reload_unmark_running(reload);
	wr_state_dir_close(&reload->dir);
	wr_metrics_retire_cell(reload->metrics, reload->drift_cell);
	wr_metrics_retire_cell(reload->metrics, reload->generation_cell);
	wr_metrics_retire_cell(reload->metrics, reload->canary_cell);
	free(reload->job.who);
	free(reload->absolute_file);
	if (reload->wake_fd >= 0)
		close(reload->wake_fd);
	wr_lock_fini(&reload->lock);
	reload->magic = 0;
	free(reload);
}
