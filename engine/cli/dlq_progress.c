#include "config.h"

#include "cli/dlq_progress.h"

#include <inttypes.h>

#define SHOW_NS (200 * WR_NS_PER_MS)
#define GUESS_NS WR_NS_PER_S /* what was done in less tells nothing of the rest */

void wr_dlq_progress_init(struct wr_dlq_progress *progress, const struct wr_clock *clock, FILE *out)
{
	*progress = (struct wr_dlq_progress){.clock = clock, .out = out};
}

/* Letters that the job has not looked at. */
static uint64_t left_of(const struct wr_dlq_job *job)
{
	uint64_t left = job->id_count - job->next_id;

	for (size_t i = 0; i < job->range_count && job->id_count == 0; i++) {
		if (job->ranges[i].next < job->ranges[i].end)
			left += (uint64_t)(job->ranges[i].end - job->ranges[i].next);
	}
	return left;
}

static void print_time(FILE *out, double seconds)
{
	if (seconds < 120)
		fprintf(out, ", about %.0f s", seconds);
	else if (seconds < 7200)
		fprintf(out, ", about %.0f min", seconds / 60);
	else
		fprintf(out, ", about %.0f h", seconds / 3600);
}

static void print_rest(struct wr_dlq_progress *progress, uint64_t left, int64_t now)
{
	int64_t took = now - progress->first_mono_ns;

	fprintf(progress->out, ", %" PRIu64 " left to look at", left);
	if (took >= GUESS_NS && left < progress->first_left)
		print_time(progress->out, (double)took / WR_NS_PER_S * (double)left /
					      (double)(progress->first_left - left));
}

void wr_dlq_progress_show(struct wr_dlq_progress *progress, const struct wr_dlq_job *job)
{
	int64_t now = wr_clock_mono_ns(progress->clock);
	uint64_t left = left_of(job);

	if (progress->out == NULL)
		return;
	if (progress->first_mono_ns == 0) {
		progress->first_mono_ns = now;
		progress->first_left = left;
	} else if (now - progress->shown_mono_ns < SHOW_NS) {
		return;
	}
	progress->shown_mono_ns = now;
	fprintf(progress->out, "\r%" PRIu64 " selected, %" PRIu64 " %s",
		job->counts[WR_DLQ_SELECTED], job->counts[WR_DLQ_FINISHED],
		job->kind == WR_DLQ_PURGE ? "purged" : "replayed");
	if (left > 0)
		print_rest(progress, left, now);
	fputs("\033[K", progress->out);
	fflush(progress->out);
	progress->line_open = true;
}

void wr_dlq_progress_end(struct wr_dlq_progress *progress)
{
	if (progress->line_open)
		fputs("\r\033[K", progress->out);
	progress->line_open = false;
	progress->first_mono_ns = 0;
}
