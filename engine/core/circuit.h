/*
 * A stage's circuit: open while the stage fails wholesale, because what it depends on is down. An open circuit holds
 * the events instead of emptying them into the DLQ, and lets a single one through from time to time: the probe. Pure;
 * the caller brings the time. One thread.
 *
 * It opens after so many events in a row whose first attempt asked for a retry. Only first attempts count: the
 * retries of a few bad events, when nothing else comes, look like an outage and are none. Nor do events that waited behind
 * another one of their key: keys are bad as a whole. Any call that succeeded,
 * or that failed for good (the stage could tell), closes it.
 *
 * Where events are few, one may have no attempt left before so many have come. Whose fault that is shows by what the stage
 * made of others since: wr_circuit_blame().
 */
#ifndef WR_CORE_CIRCUIT_H
#define WR_CORE_CIRCUIT_H

#include "base/clock.h"
#include "core/backoff.h"

#include <stdbool.h>

/* When for so long nothing came that could tell, it is not waited for any more. */
#define WR_CIRCUIT_DOUBT_NS (2 * WR_NS_PER_S)

/* With so many that were in vain it opens when nothing new can come, if the threshold is not lower. */
#define WR_CIRCUIT_FEW 5

/* Calls in vain that nothing came after for so long say nothing of now. */
#define WR_CIRCUIT_STALE_NS (60 * WR_NS_PER_S)

struct wr_circuit {
	uint32_t threshold;      /* events in a row; 0: it never opens */
	struct wr_backoff probe; /* the time between probes */
	uint32_t row;            /* which one: an answer ends it and begins the next; never 0 */
	uint32_t failures;       /* in a row */
	uint32_t vain;           /* calls in a row without an answer, retries among them */
	uint32_t
	    vain_events; /* of so many events; those that waited behind one of their key don't count */
	uint32_t probes; /* since it opened */
	bool open;
	bool probing;           /* a probe is out */
	int64_t failed_mono_ns; /* the last of `failures` */
	int64_t vain_mono_ns;   /* the last of `vain` */
	int64_t opened_mono_ns;
	int64_t next_probe_mono_ns;
};

enum wr_circuit_change { WR_CIRCUIT_SAME, WR_CIRCUIT_OPENED, WR_CIRCUIT_CLOSED };

void wr_circuit_init(struct wr_circuit *circuit, uint32_t threshold,
		     const struct wr_backoff *probe);

/* A call answered for an event: OK, DROP or FAIL. */
enum wr_circuit_change wr_circuit_note_answer(struct wr_circuit *circuit);

/* A call ended in a retry; `counts`: it was the first attempt of an event that waited behind none. */
enum wr_circuit_change wr_circuit_note_retry(struct wr_circuit *circuit, bool counts,
					     int64_t now_mono_ns, struct wr_rng *rng);

/* Whether it is open, or as many calls in a row as would open it were in vain, retries among them, of two events at
 * least: too little to hold a lane for, since a few bad events look the same, but enough to distrust what was begun a
 * moment ago. One event that no code can make sense of is not enough, however often it is retried. */
bool wr_circuit_is_doubtful(const struct wr_circuit *circuit);

enum wr_blame {
	WR_BLAME_EVENT, /* the stage answered another meanwhile, or there is none that could tell */
	WR_BLAME_UNCLEAR, /* another one may still come */
	WR_BLAME_STAGE    /* it is open, or is to be opened */
};

/* Who is to blame for an event without an attempt left that first failed in `row`. `quiet_ns`: for so long no other one
 * has met the stage, though it could. `full`: nothing new can come any more. */
enum wr_blame wr_circuit_blame(const struct wr_circuit *circuit, uint32_t row, int64_t quiet_ns,
			       bool full);

/* Opens it for what wr_circuit_blame() said; SAME when it is open. */
enum wr_circuit_change wr_circuit_open(struct wr_circuit *circuit, int64_t now_mono_ns,
				       struct wr_rng *rng);

/* A new one in place of one that is open: it is open too, but the next event is called at once, and shows whether that is
 * mended. Nothing when it never opens, or has met events of its own. */
void wr_circuit_succeed(struct wr_circuit *circuit, int64_t now_mono_ns);

/* Whether an event may be called now. While it is open: one at a time, when the next probe is due; that one is then
 * the probe. */
bool wr_circuit_admit(struct wr_circuit *circuit, int64_t now_mono_ns);

/* The probe that was admitted was not called after all: another one may be at once. Nothing when none is out. */
void wr_circuit_forget_probe(struct wr_circuit *circuit);

#endif
