#include "config.h"

#include "cli/dlq_progress.h"

#include <inttypes.h>

#define SHOW_NS (200 * WR_NS_PER_MS)
#define NO_WRAP "\033[?7l" /* what is too wide is cut: a second line would stay there */
#define WRAP "\033[?7h"
#define GUESS_NS WR_NS_PER_S /* what was done in less tells nothing of the rest */

void wr_dlq_progress_init(struct wr_dlq_progress *progress, const struct wr_clock *clock, FILE *out)
{
	*progress = (struct wr_dlq_progress){.clock = clock, .out = out};
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

/* Since this run of the job began. */
static void print_rate(struct wr_dlq_progress *progress, uint64_t done, int64_t took)
{
	double rate = (double)(done - progress->first_done) / ((double)took / WR_NS_PER_S);

	fprintf(progress->out, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
}

static void print_rest(struct wr_dlq_progress *progress, uint64_t left, int64_t took)
{
	fprintf(progress->out, ", %" PRIu64 " of %" PRIu64 " left to look at", left,
		progress->first_left);
	if (took >= GUESS_NS && left < progress->first_left)
		print_time(progress->out, (double)took / WR_NS_PER_S * (double)left /
					      (double)(progress->first_left - left));
}

static void print_line(struct wr_dlq_progress *progress, const struct wr_dlq_job *job, int64_t took)
{
	uint64_t selected = job->counts[WR_DLQ_SELECTED], done = job->counts[WR_DLQ_FINISHED];
	uint64_t left = wr_dlq_job_left(job);

	if (selected != done)
		fprintf(progress->out, "%" PRIu64 " selected, ", selected);
	fprintf(progress->out, "%" PRIu64 " %s", done,
		job->kind == WR_DLQ_PURGE ? "purged" : "replayed");
	if (took >= GUESS_NS)
		print_rate(progress, done, took);
	if (left > 0)
		print_rest(progress, left, took);
}

void wr_dlq_progress_show(struct wr_dlq_progress *progress, const struct wr_dlq_job *job)
{
	int64_t now = wr_clock_mono_ns(progress->clock);

	if (progress->out == NULL)
		return;
	if (progress->first_mono_ns == 0) {
		progress->first_mono_ns = now;
		progress->first_left = wr_dlq_job_left(job);
		progress->first_done = job->counts[WR_DLQ_FINISHED];
	} else if (now - progress->shown_mono_ns < SHOW_NS) {
		return;
	}
	progress->shown_mono_ns = now;
	fputs("\r" NO_WRAP, progress->out);
	print_line(progress, job, now - progress->first_mono_ns);
	fputs("\033[K" WRAP, progress->out);
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
