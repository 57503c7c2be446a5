/* Failpoints: what WEIR_FAILPOINTS asks for, and doing it. */
#include "config.h"

#include "base/failpoint.h"

#ifdef WR_FAILPOINTS

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES 64 /* of a wrong one, in its error */
#define PROBABILITY_ONE (UINT64_C(1) << 32)

enum action { ACTION_NONE, ACTION_KILL, ACTION_DELAY, ACTION_ERROR };

/* Written before threads are made, but for `reached`. */
struct point {
	enum action action;
	int64_t delay_ms;
	uint64_t only;        /* the N-th time; 0: any */
	uint64_t probability; /* of PROBABILITY_ONE */
	_Atomic uint64_t reached;
};

static const struct {
	const char *name;
	bool can_fail;
} names[WR_FAILPOINT_COUNT] = {
#define FAILPOINT(name_, can_fail_, doc) {#name_, can_fail_},
#include "base/failpoint_names.inc"
#undef FAILPOINT
};

static struct point points[WR_FAILPOINT_COUNT];
static uint64_t seed;

static enum wr_code unknown_name(const char *name, size_t length, struct wr_err *err)
{
	char all[WR_ERR_TEXT_BYTES] = "";

	for (int i = 0; i < WR_FAILPOINT_COUNT; i++) {
		strncat(all, i > 0 ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, names[i].name, sizeof(all) - strlen(all) - 1);
	}
	return wr_err_set(err, WR_EINVAL, "failpoint %.*s does not exist; there are %s",
			  (int)(length < NAME_BYTES ? length : NAME_BYTES), name, all);
}

static enum wr_code find(const char *name, size_t length, struct point **point_r,
			 struct wr_err *err)
{
	*point_r = NULL;
	for (int i = 0; i < WR_FAILPOINT_COUNT; i++) {
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0) {
			*point_r = &points[i];
			return WR_OK;
		}
	}
	return unknown_name(name, length, err);
}

/* True when *text_p begins with `word`, which is passed then. */
static bool pass(const char **text_p, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text_p, word, length) != 0)
		return false;
	*text_p += length;
	return true;
}

static bool pass_number(const char **text_p, double most, double *value_r)
{
	char *end;

	*value_r = 0;
	if (**text_p < '0' || **text_p > '9')
		return false;
	*value_r = strtod(*text_p, &end);
	*text_p = end;
	return isfinite(*value_r) && *value_r <= most;
}

static bool parse_action(const char **text_p, struct point *point)
{
	double ms;

	if (pass(text_p, "kill")) {
		point->action = ACTION_KILL;
	} else if (pass(text_p, "error")) {
		point->action = ACTION_ERROR;
	} else if (pass(text_p, "delay(")) {
		point->action = ACTION_DELAY;
		if (!pass_number(text_p, 3600000, &ms) || !pass(text_p, ")"))
			return false;
		point->delay_ms = (int64_t)ms;
	} else {
		return false;
	}
	return true;
}

static bool parse_when(const char **text_p, struct point *point)
{
	double value;

	point->only = 0;
	point->probability = PROBABILITY_ONE;
	if (pass(text_p, "@")) {
		if (!pass_number(text_p, 1e15, &value) || value < 1)
			return false;
		point->only = (uint64_t)value;
	} else if (pass(text_p, "%")) {
		if (!pass_number(text_p, 100, &value))
			return false;
		point->probability = (uint64_t)(value / 100 * (double)PROBABILITY_ONE);
	}
	return **text_p == '\0' || **text_p == ',';
}

static enum wr_code parse(const char **text_p, struct wr_err *err)
{
	const char *name = *text_p, *equals = strchr(name, '=');
	size_t length = equals != NULL ? (size_t)(equals - name) : strcspn(name, ",");
	struct point *point;
	enum wr_code rc = find(name, length, &point, err);

	if (rc != WR_OK)
		return rc;
	*text_p = name + length + (equals != NULL);
	if (!parse_action(text_p, point) || !parse_when(text_p, point))
		return wr_err_set(
		    err, WR_EINVAL,
		    "failpoint %.*s: expected kill, delay(MS) or error, then nothing, "
		    "@N or %%P (of 100)",
		    (int)length, name);
	if (point->action == ACTION_ERROR && !names[point - points].can_fail)
		return wr_err_set(
		    err, WR_EINVAL,
		    "failpoint %.*s: nothing can fail there; it takes kill or delay(MS)",
		    (int)length, name);
	return WR_OK;
}

enum wr_code wr_failpoints_init(const char *spec, uint64_t seed_, struct wr_err *err)
{
	enum wr_code rc = WR_OK;

	seed = seed_;
	for (int i = 0; i < WR_FAILPOINT_COUNT; i++) {
		points[i].action = ACTION_NONE;
		atomic_store(&points[i].reached, 0);
	}
	while (spec != NULL && *spec != '\0' && rc == WR_OK) {
		rc = parse(&spec, err);
		if (rc == WR_OK && *spec == ',')
			spec++;
	}
	return rc;
}

/* The N-th draw of a point is the same whichever thread makes it. */
static uint64_t draw(enum wr_failpoint point, uint64_t n)
{
	uint64_t z = seed + n * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)point * 0x1000003;

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (z ^ (z >> 31)) >> 32;
}

/* Sleeps through signals. */
static void nap(int64_t ms)
{
	struct timespec left = {ms / 1000, (long)(ms % 1000 * WR_NS_PER_MS)};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

bool wr_failpoint_reach(enum wr_failpoint point)
{
	struct point *p = &points[point];
	uint64_t n;

	if (p->action == ACTION_NONE)
		return false;
	n = atomic_fetch_add(&p->reached, 1) + 1;
	if ((p->only > 0 && n != p->only) || draw(point, n) >= p->probability)
		return false;
	switch (p->action) {
	case ACTION_NONE:
		break;
	case ACTION_KILL:
		kill(getpid(), SIGKILL);
		nap(60000); /* until the kernel has done it */
		break;
	case ACTION_DELAY:
		nap(p->delay_ms);
		break;
	case ACTION_ERROR:
		return true;
	}
	return false;
}

#endif
