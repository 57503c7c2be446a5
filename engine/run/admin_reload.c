#include "config.h"

#include "run/admin_reload.h"

#include "base/check.h"
#include "run/reload_show.h"

#include <stdio.h>

/* On the stack of the worker that waits; nobody touches it once `answered` is true or the reloads are closed. */
struct waiter {
	struct wr_admin_reloads *reloads;
	wr_admin_begin_fn begin;
	void *arg;
	bool answered; /* [lock] */
};

void wr_admin_reloads_init(struct wr_admin_reloads *reloads)
{
	int failed;

	*reloads = (struct wr_admin_reloads){.reload = NULL};
	wr_lock_init(&reloads->lock);
	failed = pthread_cond_init(&reloads->answered, NULL);
	WR_ASSERT(failed == 0);
}

void wr_admin_reloads_fini(struct wr_admin_reloads *reloads)
{
	pthread_cond_destroy(&reloads->answered);
	wr_lock_fini(&reloads->lock);
}

void wr_admin_reloads_open(struct wr_admin_reloads *reloads, struct wr_reload *reload)
{
	wr_lock_take(&reloads->lock);
	reloads->reload = reload;
	reloads->is_closed = false;
	wr_lock_release(&reloads->lock);
}

void wr_admin_reloads_close(struct wr_admin_reloads *reloads)
{
	wr_lock_take(&reloads->lock);
	reloads->reload = NULL;
	reloads->is_closed = true;
	pthread_cond_broadcast(&reloads->answered);
	wr_lock_release(&reloads->lock);
}

static enum wr_admin_result result_of(const struct wr_reload_answer *answer)
{
	switch (answer->result) {
	case WR_RELOAD_APPLIED:
	case WR_RELOAD_UNCHANGED:
		return WR_ADMIN_DONE;
	case WR_RELOAD_REJECTED:
		return WR_ADMIN_REJECTED;
	case WR_RELOAD_ROLLED_BACK:
		return WR_ADMIN_ROLLED_BACK;
	case WR_RELOAD_CANARY:
		return answer->dry_run ? WR_ADMIN_DONE : WR_ADMIN_CANARY;
	}
	return WR_ADMIN_DONE;
}

/* All errors are in the answer; the sentence has the first. */
static void summarise(const struct wr_reload_answer *answer, char *text, size_t size)
{
	const struct wr_problems *problems = &answer->problems;
	const struct wr_problem *first = problems->count > 0 ? &problems->items[0] : NULL;
	size_t used = 0;

	text[0] = '\0';
	if (first == NULL)
		return;
	if (first->file != NULL && first->line > 0)
		snprintf(text, size, "%s:%u:%u: ", first->file, first->line, first->column);
	used = strlen(text);
	snprintf(text + used, size - used, "%s", first->text);
	used = strlen(text);
	if (problems->count > 1)
		snprintf(text + used, size - used, " (and %zu more)", problems->count - 1);
}

static void done(void *arg, const struct wr_reload_answer *answer)
{
	struct waiter *waiter = arg;
	struct wr_admin_reloads *reloads = waiter->reloads;
	char detail[512];

	/* The worker waits: what it will answer with is not touched by anyone else. */
	summarise(answer, detail, sizeof(detail));
	if (result_of(answer) == WR_ADMIN_CANARY)
		wr_reload_show_path(answer->generation_after, detail);
	wr_reload_show_answer(
	    waiter->begin(waiter->arg, result_of(answer), detail[0] != '\0' ? detail : NULL),
	    answer);
	wr_lock_take(&reloads->lock);
	waiter->answered = true;
	pthread_cond_broadcast(&reloads->answered);
	wr_lock_release(&reloads->lock);
}

enum wr_code wr_admin_reloads_ask(struct wr_admin_reloads *reloads,
				  const struct wr_admin_order *order, wr_admin_begin_fn begin,
				  void *arg, struct wr_err *err)
{
	const struct wr_reload_request request = {.who = order->who,
						  .dry_run = order->dry_run,
						  .rollback = order->rollback,
						  .force = order->force,
						  .wait_drained = order->drained,
						  .canary_share = order->canary_share,
						  .no_canary = order->no_canary,
						  .from = order->from};
	struct waiter waiter = {.reloads = reloads, .begin = begin, .arg = arg};
	struct wr_reload *reload;
	enum wr_code rc;
	bool is_closed;

	wr_lock_take(&reloads->lock);
	reload = reloads->reload;
	is_closed = reloads->is_closed;
	wr_lock_release(&reloads->lock);
	if (reload == NULL)
		return wr_err_set(err, WR_ECLOSED, "%s",
				  is_closed ? "the engine is stopping" : "the engine is starting");
	rc = wr_reload_submit(reload, &request, done, &waiter, err);
	if (rc != WR_OK)
		return rc;
	wr_lock_take(&reloads->lock);
	while (!waiter.answered && !reloads->is_closed)
		wr_lock_wait(&reloads->lock, &reloads->answered);
	rc = waiter.answered ? WR_OK : WR_ECLOSED;
	wr_lock_release(&reloads->lock);
	return rc == WR_OK ? WR_OK : wr_err_set(err, rc, "the engine is stopping");
}

bool wr_admin_reloads_has_drifted(struct wr_admin_reloads *reloads)
{
	bool has_drifted;

	wr_lock_take(&reloads->lock);
	has_drifted = reloads->reload != NULL && wr_reload_has_drifted(reloads->reload);
	wr_lock_release(&reloads->lock);
	return has_drifted;
}

void wr_admin_reloads_canary(struct wr_admin_reloads *reloads, struct wr_json_out *out)
{
	char path[WR_RELOAD_PATH_BYTES];
	uint64_t number = 0;

	wr_lock_take(&reloads->lock);
	if (reloads->reload != NULL)
		number = wr_reload_canary(reloads->reload);
	wr_lock_release(&reloads->lock);
	if (number == 0) {
		wr_json_out_null(out, "canary");
		return;
	}
	wr_reload_show_path(number, path);
	wr_json_out_begin_object(out, "canary");
	wr_json_out_integer(out, "generation", (int64_t)number);
	wr_json_out_text(out, "url", path);
	wr_json_out_end(out);
}

void wr_admin_reloads_list(struct wr_admin_reloads *reloads, struct wr_json_out *out)
{
	struct wr_reload_list list = {.count = 0};

	wr_lock_take(&reloads->lock);
	if (reloads->reload != NULL) {
		wr_json_out_integer(out, "generation",
				    (int64_t)wr_reload_generation(reloads->reload));
		wr_json_out_bool(out, "drifted", wr_reload_has_drifted(reloads->reload));
		if (wr_reload_generations(reloads->reload, &list) != WR_OK)
			out->rc = WR_ENOMEM;
	} else {
		wr_json_out_null(out, "generation");
		wr_json_out_bool(out, "drifted", false);
	}
	wr_lock_release(&reloads->lock);
	wr_json_out_begin_array(out, "generations");
	for (size_t i = 0; i < list.count; i++) {
		wr_json_out_begin_object(out, NULL);
		wr_reload_show_entry(out, &list.items[i]);
		wr_json_out_end(out);
	}
	wr_json_out_end(out);
	wr_reload_list_fini(&list);
}

enum wr_code wr_admin_reloads_one(struct wr_admin_reloads *reloads, uint64_t number,
				  struct wr_json_out *out)
{
	struct wr_reload_list list = {.count = 0};
	enum wr_code rc = WR_ENOTFOUND;

	wr_lock_take(&reloads->lock);
	if (reloads->reload != NULL && wr_reload_generations(reloads->reload, &list) != WR_OK)
		out->rc = WR_ENOMEM;
	wr_lock_release(&reloads->lock);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].number != number)
			continue;
		wr_reload_show_entry(out, &list.items[i]);
		rc = WR_OK;
	}
	wr_reload_list_fini(&list);
	return rc;
}
