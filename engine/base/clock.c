#include "config.h"

#include "base/clock.h"

#include <time.h>

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * WR_NS_PER_S + ts.tv_nsec;
}

static int64_t real_mono_ns(const struct wr_clock *clock)
{
	(void)clock;
	return read_ns(CLOCK_MONOTONIC);
}

static int64_t real_wall_ms(const struct wr_clock *clock)
{
	(void)clock;
	return read_ns(CLOCK_REALTIME) / WR_NS_PER_MS;
}

const struct wr_clock wr_clock_real = {real_mono_ns, real_wall_ms};

static int64_t fake_mono_ns(const struct wr_clock *clock)
{
	return ((const struct wr_clock_fake *)(const void *)clock)->mono_ns;
}

static int64_t fake_wall_ms(const struct wr_clock *clock)
{
	return ((const struct wr_clock_fake *)(const void *)clock)->wall_ms;
}

void wr_clock_fake_init(struct wr_clock_fake *fake, int64_t wall_ms)
{
	*fake = (struct wr_clock_fake){{fake_mono_ns, fake_wall_ms}, WR_NS_PER_S, wall_ms};
}

void wr_clock_fake_advance_ms(struct wr_clock_fake *fake, int64_t ms)
{
	fake->mono_ns += ms * WR_NS_PER_MS;
	fake->wall_ms += ms;
}
