#include "config.h"

#include "cli/progress.h"

#define SHOW_EVERY_NS (200 * WR_NS_PER_MS)

void wr_progress_init(struct wr_progress *progress, const struct wr_clock *clock, FILE *out,
		      bool is_terminal)
{
	*progress = (struct wr_progress){.clock = clock, .out = out, .is_terminal = is_terminal};
	progress->start_mono_ns = wr_clock_mono_ns(clock);
	progress->shown_mono_ns = progress->start_mono_ns;
}

static double seconds_so_far(const struct wr_progress *progress)
{
	int64_t ns = wr_clock_mono_ns(progress->clock) - progress->start_mono_ns;

	return (double)ns / (double)WR_NS_PER_S;
}

static double rate(const struct wr_progress *progress)
{
	double seconds = seconds_so_far(progress);

	return seconds > 0 ? (double)progress->acked / seconds : 0;
}

static void clear_line(struct wr_progress *progress)
{
	if (progress->line_open)
		fputs("\r\033[K", progress->out);
	progress->line_open = false;
}

void wr_progress_show(struct wr_progress *progress)
{
	int64_t now_ns;

	if (!progress->is_terminal)
		return;
	now_ns = wr_clock_mono_ns(progress->clock);
	if (now_ns - progress->shown_mono_ns < SHOW_EVERY_NS)
		return;
	progress->shown_mono_ns = now_ns;
	clear_line(progress);
	fprintf(progress->out, "%llu sent, %llu acked, %llu failed, %.0f events/s", progress->sent,
		progress->acked, progress->failed, rate(progress));
	progress->line_open = true;
	fflush(progress->out);
}

void wr_progress_fail(struct wr_progress *progress, unsigned long long line, const char *why)
{
	progress->failed++;
	clear_line(progress);
	fprintf(progress->out, "line %llu: %s\n", line, why);
}

void wr_progress_note(struct wr_progress *progress, const char *text)
{
	clear_line(progress);
	fprintf(progress->out, "%s\n", text);
}

void wr_progress_finish(struct wr_progress *progress)
{
	clear_line(progress);
	fprintf(progress->out, "%llu sent, %llu acked, %llu failed in %.1f s (%.0f events/s)\n",
		progress->sent, progress->acked, progress->failed, seconds_so_far(progress),
		rate(progress));
	fflush(progress->out);
}
