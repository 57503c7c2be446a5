#include "config.h"

#include "http/internal.h"

#include "base/check.h"

#include <time.h>

void wr_http_waits_init(struct wr_http_waits *waits, size_t max)
{
	*waits = (struct wr_http_waits){.max = max};
	wr_lock_init(&waits->lock);
}

void wr_http_waits_fini(struct wr_http_waits *waits)
{
	WR_ASSERT(waits->first == NULL);
	wr_lock_fini(&waits->lock);
}

/* By deadline: nearly always at the end. */
static void insert_locked(struct wr_http_waits *waits, struct wr_http_request *req)
{
	struct wr_http_request *before = waits->last;

	wr_lock_assert_held(&waits->lock);
	while (before != NULL && before->wait_deadline_mono_ns > req->wait_deadline_mono_ns)
		before = before->prev;
	req->prev = before;
	req->next = before != NULL ? before->next : waits->first;
	if (req->prev != NULL)
		req->prev->next = req;
	else
		waits->first = req;
	if (req->next != NULL)
		req->next->prev = req;
	else
		waits->last = req;
	req->is_waiting = true;
	waits->count++;
}

static void remove_locked(struct wr_http_waits *waits, struct wr_http_request *req,
			  enum wr_http_wake wake)
{
	wr_lock_assert_held(&waits->lock);
	if (req->prev != NULL)
		req->prev->next = req->next;
	else
		waits->first = req->next;
	if (req->next != NULL)
		req->next->prev = req->prev;
	else
		waits->last = req->prev;
	req->prev = NULL;
	req->next = NULL;
	req->is_waiting = false;
	req->wake = wake;
	waits->count--;
}

bool wr_http_waits_begin(struct wr_http_waits *waits, struct wr_http_request *req,
			 int64_t deadline_mono_ns)
{
	bool may_wait;

	wr_lock_take(&waits->lock);
	may_wait = !waits->is_stopping && waits->count < waits->max;
	if (may_wait) {
		/* Suspended before anyone can find it, for it may be resumed at once. */
		MHD_suspend_connection(req->mhd);
		req->wait_deadline_mono_ns = deadline_mono_ns;
		req->was_deferred = true;
		insert_locked(waits, req);
	}
	wr_lock_release(&waits->lock);
	return may_wait;
}

void wr_http_waits_finish(struct wr_http_waits *waits, struct wr_http_request *first)
{
	struct wr_http_request *req, *next;
	struct MHD_Connection *mhd;
	size_t resuming = 0;

	wr_lock_take(&waits->lock);
	for (req = first; req != NULL; req = req->next_finished) {
		req->resumes = req->is_waiting;
		if (!req->is_waiting)
			continue;
		remove_locked(waits, req, WR_WAKE_DONE);
		resuming++;
	}
	waits->resuming += resuming;
	wr_lock_release(&waits->lock);
	for (req = first; req != NULL; req = next) {
		next = req->next_finished;
		mhd = req->resumes ? req->mhd : NULL;
		/* Given back first: as soon as it is resumed, its connection may want it for the next request.
		 * A suspended connection does not go away. */
		wr_http_request_unref(req);
		if (mhd != NULL)
			MHD_resume_connection(mhd);
	}
	if (resuming == 0)
		return;
	wr_lock_take(&waits->lock);
	waits->resuming -= resuming;
	wr_lock_release(&waits->lock);
}

void wr_http_waits_sweep(struct wr_http_waits *waits, int64_t now_mono_ns)
{
	struct wr_http_request *req;

	wr_lock_take(&waits->lock);
	while ((req = waits->first) != NULL && req->wait_deadline_mono_ns <= now_mono_ns) {
		remove_locked(waits, req, WR_WAKE_TIMED_OUT);
		MHD_resume_connection(req->mhd);
	}
	wr_lock_release(&waits->lock);
}

static bool is_resuming(struct wr_http_waits *waits)
{
	bool is;

	wr_lock_take(&waits->lock);
	is = waits->resuming > 0;
	wr_lock_release(&waits->lock);
	return is;
}

void wr_http_waits_stop(struct wr_http_waits *waits)
{
	const struct timespec pause = {0, WR_NS_PER_MS};
	struct wr_http_request *req;

	wr_lock_take(&waits->lock);
	waits->is_stopping = true;
	while ((req = waits->first) != NULL) {
		remove_locked(waits, req, WR_WAKE_STOPPED);
		MHD_resume_connection(req->mhd);
	}
	wr_lock_release(&waits->lock);
	/* A daemon that stops with a suspended connection aborts the process, so the sink thread is waited for,
	 * which is between taking requests out and resuming them for moments only. */
	while (is_resuming(waits))
		nanosleep(&pause, NULL);
}

size_t wr_http_waits_count(struct wr_http_waits *waits)
{
	size_t count;

	wr_lock_take(&waits->lock);
	count = waits->count;
	wr_lock_release(&waits->lock);
	return count;
}
