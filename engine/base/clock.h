/*
 * Time, behind a pointer so that a test can hold it. Monotonic time for waiting and deadlines, wall time only
 * for what people and records see.
 */
#ifndef WR_BASE_CLOCK_H
#define WR_BASE_CLOCK_H

#include <stdint.h>

#define WR_NS_PER_MS INT64_C(1000000)
#define WR_NS_PER_S INT64_C(1000000000)

struct wr_clock {
	int64_t (*mono_ns)(const struct wr_clock *clock); /* CLOCK_MONOTONIC [any] */
	int64_t (*wall_ms)(const struct wr_clock *clock); /* Unix time [any] */
};

/* The machine's clock. */
extern const struct wr_clock wr_clock_real;

/* A clock that stands until it is told: tests. */
struct wr_clock_fake {
	struct wr_clock clock;
	int64_t mono_ns;
	int64_t wall_ms;
};

void wr_clock_fake_init(struct wr_clock_fake *fake, int64_t wall_ms);
void wr_clock_fake_advance_ms(struct wr_clock_fake *fake, int64_t ms);

static inline int64_t wr_clock_mono_ns(const struct wr_clock *clock)
{
	return clock->mono_ns(clock);
}

static inline int64_t wr_clock_wall_ms(const struct wr_clock *clock)
{
	return clock->wall_ms(clock);
}

#endif
