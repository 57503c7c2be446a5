/*
 * Whether the engine is ready, and if not, why: conditions by component, such as
 * "pipeline/payments/lane/0/claims". Each part says what it knows of itself; the HTTP views and the start-up only
 * read. Without any condition the engine is ready.
 *
 * Components and reasons are shown to people and monitors: constant words, never payloads or secrets. A lane may
 * call wr_health_set() at every turn: nothing is allocated unless something changed.
 */
#ifndef WR_RUN_HEALTH_H
#define WR_RUN_HEALTH_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/code.h"

#include <stdbool.h>

struct wr_health;

/* The clock is borrowed for the object's life. WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_health_create(const struct wr_clock *clock, struct wr_health **health_r);

/* NULL does nothing. Nobody may use it any more. [any] */
void wr_health_destroy(struct wr_health *health);

/* States the condition of a component. `reason` is a short sentence without a full stop; NULL is fine when ready.
 * The strings are copied. Without memory the engine is not ready, and says that. [any] */
void wr_health_set(struct wr_health *health, const char *component, bool ready, const char *reason);

/* Forgets a component: it is gone, and no longer counts. Unknown ones are fine. [any] */
void wr_health_clear(struct wr_health *health, const char *component);

/* True when every component is. Does not lock. [any] */
bool wr_health_ready(const struct wr_health *health);

/* Appends {"ready":false,"reasons":[{"component":"...","reason":"...","since":"2026-01-31T12:00:00.000Z"}]}: the
 * components that are not ready, in the order in which they were first named. `since` is when the component
 * ceased to be ready, whatever its reasons since. *ready_r (may be NULL) is what the text says.
 * WR_OK or WR_ENOMEM. [any] */
enum wr_code wr_health_render(struct wr_health *health, struct wr_buf *out, bool *ready_r);

#endif
