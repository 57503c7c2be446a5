#include "config.h"

#include "tests/model/scenarios.h"

#include "base/check.h"
#include "tests/model/steps.h"

#define CAN(kind) (UINT64_C(1) << STEP_##kind)
#define LOST_ANSWERS                                                                      \
	(CAN(COMMIT_UNKNOWN) | CAN(END_UNKNOWN) | CAN(CLAIM_UNKNOWN) | CAN(CAS_UNKNOWN) | \
	 CAN(APPEND_UNKNOWN))
#define CRASHES (CAN(CRASH) | CAN(EXPIRE))
#define REBALANCES (CAN(KICK) | CAN(REVOKE))

#define BOTH(title, ...)                                          \
	{.name = title, .exactly_once = true, __VA_ARGS__},       \
	{                                                         \
		.name = title, .exactly_once = false, __VA_ARGS__ \
	}

#define RESETS (CAN(RESET) | CAN(FORGET) | CAN(RETAIN))

/* A step of lane A or B that takes nothing, a partition, a choice. */
#define A(k)                     \
	{                        \
		.kind = STEP_##k \
	}
#define A_P(k, p)                                \
	{                                        \
		.kind = STEP_##k, .partition = p \
	}
#define B(k)                                \
	{                                   \
		.kind = STEP_##k, .lane = 1 \
	}
#define B_P(k, p)                                           \
	{                                                   \
		.kind = STEP_##k, .lane = 1, .partition = p \
	}
#define SET_TO(n)                               \
	{                                       \
		.kind = STEP_RESET, .choice = n \
	}
#define IS_RETRIED                                             \
	{                                                      \
		.kind = STEP_HAND_OVER, .choice = FATE_RETRIED \
	}
#define END_OF_STEPS               \
	{                          \
		.kind = STEP_COUNT \
	}
#define STARTS(lane, p) \
	lane(RESTART), lane(INIT), lane##_P(ASSIGN, p), lane##_P(FETCH, p), lane##_P(PLACE, p)

/* A claims the only record of its partition and dies; somebody sets the group's offset behind it. B holds the other
 * partition, in which the same event is. */
static const struct step jumped[] = {
    STARTS(A, 0), A(TAKE),         A(CLAIM), A(CRASH),     SET_TO(1),
    STARTS(A, 0), A(COMMIT_PLACE), A(MARK),  STARTS(B, 1), END_OF_STEPS,
};

/* B stops when it has asked for the group's offset, which is then set by hand; A reads from there. */
static const struct step stalled[] = {
    B(RESTART), B(INIT),      B(ASSIGN), B(FETCH),     B(KICK),
    SET_TO(1),  STARTS(A, 0), A(MARK),   END_OF_STEPS,
};

/* A has read a topic that is then made anew; B holds the other partition. */
static const struct step made_anew[] = {
    STARTS(A, 0),    A(TAKE), A(CLAIM),  A(HAND_OVER), A(APPEND),    A(RETIRE),   A(CLOSE),
    A(SEND_OFFSETS), A(END),  A(COMMIT), A(MARK),      STARTS(B, 1), A(RECREATE), END_OF_STEPS,
};

/* A is expelled when its mark is not stored yet, and B goes on. */
static const struct step expelled[] = {
    STARTS(A, 0),    A(TAKE), A(CLAIM),  A(HAND_OVER), A(APPEND),    A(RETIRE), A(CLOSE),
    A(SEND_OFFSETS), A(END),  A(COMMIT), A(KICK),      STARTS(B, 0), B(MARK),   END_OF_STEPS,
};

/* A reads the source and B the retry topic. */
static const struct step parted[] = {
    STARTS(A, 0),
    STARTS(B, RETRY),
    END_OF_STEPS,
};

/* A reads the source, and what it read is known; the retry topic is not found yet. */
static const struct step without_retry[] = {
    STARTS(A, 0),
    A(COMMIT),
    A(MARK),
    END_OF_STEPS,
};

/* A has done its event in two calls, and all of it is marked. */
static const struct step retried[] = {
    STARTS(A, 0),    STARTS(A, RETRY), A(TAKE),         A(CLAIM),         IS_RETRIED,   A(APPEND),
    A(RETIRE),       A(CLOSE),         A(SEND_OFFSETS), A(END),           A(COMMIT),    A(MARK),
    A_P(TAKE, 1),    A(CLAIM),         A(HAND_OVER),    A(APPEND),        A(RETIRE),    A(CLOSE),
    A(SEND_OFFSETS), A(END),           A(COMMIT),       A_P(MARK, RETRY), END_OF_STEPS,
};

/* A's first event is parked. */
static const struct step parked[] = {
    STARTS(A, 0), A_P(FETCH, RETRY), A_P(PLACE, RETRY), A(LOOK_BACK), A(TAKE),         A(CLAIM),
    IS_RETRIED,   A(APPEND),         A(RETIRE),         A(CLOSE),     A(SEND_OFFSETS), A(END),
    A(COMMIT),    A(MARK),           END_OF_STEPS,
};

#define KEYED .has_retry = true, .keyed = true
#define RETRIES .has_retry = true, .logs = {{"a"}, {""}}

/* Small enough to go through all of their states. */
const struct scenario scenarios[] = {
    BOTH("lost answers", .lanes = 1, .window = 2, .logs = {{"aba"}}, .deaths = 1, .faults = 1,
	 .kinds = CRASHES | LOST_ANSWERS),
    BOTH("two lanes, one partition", .lanes = 2, .window = 1, .logs = {{"a"}}, .faults = 2,
	 .kinds = CRASHES | REBALANCES | CAN(END_UNKNOWN)),
    BOTH("one event in two partitions", .lanes = 1, .window = 1, .logs = {{"a"}, {"a"}},
	 .faults = 1, .deaths = 1, .kinds = CRASHES | REBALANCES),
    BOTH("an event that upstream sends again", .lanes = 1, .window = 2, .logs = {{"a"}},
	 .later = {"aa"}, .faults = 1, .deaths = 2, .kinds = CRASHES),
    BOTH("a dead letter that is replayed", .lanes = 1, .window = 1, RETRIES, .faults = 2,
	 .deaths = 2, .kinds = CAN(CRASH) | CAN(REPLAY)),
    BOTH("offsets set by hand", .lanes = 1, .window = 1, .logs = {{"ab"}}, .faults = 4,
	 .kinds = CAN(CRASH) | RESETS),
    BOTH("offsets set by hand, a claim in another partition", .lanes = 1, .window = 1,
	 .logs = {{"a"}, {"a"}}, .faults = 2, .kinds = CAN(CRASH) | CAN(RESET)),
    BOTH("a zombie, and offsets set by hand", .lanes = 2, .window = 1, .logs = {{"a"}}, .faults = 3,
	 .kinds = CAN(KICK) | CAN(CRASH) | CAN(RESET)),
    BOTH("marks lost, and offsets set by hand", .lanes = 1, .window = 1, .logs = {{"a"}},
	 .faults = 4, .deaths = 1, .kinds = CAN(CRASH) | CAN(LOSE_MARK) | CAN(RESET) | CAN(FORGET)),
    BOTH("a topic made anew, shorter", .lanes = 1, .window = 1, .logs = {{"ab", "c"}}, .faults = 3,
	 .kinds = CAN(CRASH) | CAN(RECREATE) | CAN(FORGET)),
    BOTH("a topic made anew, longer", .lanes = 1, .window = 1, .logs = {{"a", "cab"}}, .faults = 3,
	 .kinds = CAN(CRASH) | CAN(RECREATE) | CAN(RESET)),
    BOTH("a topic made anew, a claim in another", .lanes = 1, .window = 1,
	 .logs = {{"a", "b"}, {"a"}}, .faults = 2, .kinds = CAN(CRASH) | CAN(RECREATE)),
    BOTH("a jump, and a claim of what was jumped over", .lanes = 2, .window = 1,
	 .logs = {{"a"}, {"a"}}, .faults = 4, .kinds = CAN(CRASH) | CAN(RESET), .begin = jumped),
    BOTH("a zombie whose mark comes late", .lanes = 2, .window = 1, .logs = {{"ab"}}, .faults = 3,
	 .kinds = CAN(CRASH) | CAN(KICK) | CAN(RESET), .begin = expelled),
    BOTH("a zombie that was to place", .lanes = 2, .window = 1, .logs = {{"ab"}}, .faults = 3,
	 .kinds = CAN(CRASH) | CAN(KICK) | CAN(RESET), .begin = stalled),
    BOTH("a topic made anew, and an event of it elsewhere", .lanes = 2, .window = 1,
	 .logs = {{"a", "b"}, {""}}, .later = {NULL, "b"}, .faults = 2,
	 .kinds = CAN(CRASH) | CAN(RECREATE), .begin = made_anew),
    BOTH("Redis fails over", .lanes = 1, .window = 1, .logs = {{"aba"}}, .faults = 3,
	 .kinds = CAN(CRASH) | CAN(REPLICATE) | CAN(FAIL_OVER) | CAN(LOSE_MARK)),
    BOTH("an event that is tried again", .lanes = 1, .window = 1, RETRIES, .attempts = 3,
	 .deaths = 1, .faults = 1, .kinds = CRASHES | LOST_ANSWERS),
    BOTH("an event that waits, and upstream sends it again", .lanes = 1, .window = 1, RETRIES,
	 .later = {"a"}, .attempts = 2, .deaths = 2, .faults = 1, .kinds = CAN(CRASH)),
    BOTH("an event that another lane tries again", .lanes = 2, .window = 1, RETRIES, .attempts = 2,
	 .deaths = 1, .faults = 1, .kinds = CAN(CRASH) | CAN(EXPIRE), .begin = parted),
    BOTH("an event that waits, and a zombie", .lanes = 2, .window = 1, RETRIES, .attempts = 2,
	 .faults = 1, .kinds = REBALANCES | CAN(END_UNKNOWN), .begin = parted),
    BOTH("a dead letter of a retry that is replayed", .lanes = 1, .window = 1, RETRIES,
	 .attempts = 2, .deaths = 2, .faults = 2, .kinds = CAN(CRASH) | CAN(REPLAY)),
    BOTH("a dead letter that is replayed twice", .lanes = 1, .window = 2, RETRIES, .deaths = 2,
	 .faults = 3, .kinds = CAN(CRASH) | CAN(CAS_UNKNOWN) | CAN(REPLAY)),
    BOTH("a replay, and upstream sends it again", .lanes = 1, .window = 1, RETRIES, .later = {"a"},
	 .deaths = 2, .faults = 2, .kinds = CAN(CRASH) | CAN(REPLAY)),
    BOTH("a replay of what nobody remembers", .lanes = 1, .window = 1, RETRIES, .deaths = 2,
	 .faults = 3, .kinds = CAN(CRASH) | CAN(LAPSE) | CAN(REPLAY)),
    BOTH("a replay that can't claim", .lanes = 1, .window = 1, RETRIES, .attempts = 2, .deaths = 3,
	 .faults = 3, .kinds = CAN(LET_THROUGH) | CAN(REPLAY)),
    BOTH("a retry topic that is found late", .lanes = 2, .window = 1, .has_retry = true,
	 .logs = {{""}, {""}}, .later = {"a"}, .from_latest = true, .attempts = 2, .faults = 1,
	 .kinds = CAN(CRASH), .begin = without_retry),
    BOTH("an event that waits, and a zombie that goes ahead", .lanes = 2, .window = 1, RETRIES,
	 .later = {"b"}, .attempts = 2, .faults = 1, .kinds = CAN(KICK), .begin = retried),
    BOTH("a key that is parked", .lanes = 1, .window = 1, KEYED, .logs = {{"ab"}, {""}},
	 .attempts = 2, .faults = 1, .kinds = CAN(CRASH)),
    {.name = "a key that is parked, and lost answers",
     .exactly_once = true,
     .lanes = 1,
     .window = 2,
     KEYED,
     .logs = {{"ab"}, {""}},
     .attempts = 2,
     .deaths = 1,
     .faults = 1,
     .kinds = CRASHES | LOST_ANSWERS},
    {.name = "a key that is parked, and a duplicate",
     .exactly_once = true,
     .lanes = 1,
     .window = 1,
     KEYED,
     .logs = {{"aab"}, {""}},
     .attempts = 2,
     .faults = 1,
     .kinds = CAN(CRASH)},
    {.name = "a key that is parked, and changes hands",
     .exactly_once = true,
     .lanes = 2,
     .window = 1,
     KEYED,
     .logs = {{"ab"}, {""}},
     .attempts = 2,
     .faults = 1,
     .kinds = CAN(CRASH) | CAN(KICK),
     .begin = parked},
    BOTH("an event that waits, and offsets set by hand", .lanes = 1, .window = 1, RETRIES,
	 .attempts = 2, .faults = 2, .kinds = CAN(CRASH) | RESETS),
    BOTH("an event that waits, and its topic is made anew", .lanes = 1, .window = 1,
	 .has_retry = true, .logs = {{"a", "a"}, {""}}, .attempts = 2, .faults = 2,
	 .kinds = CAN(CRASH) | CAN(RECREATE)),
    {.name = "an event that waits, and Redis fails over, and a crash",
     .exactly_once = true,
     .lanes = 1,
     .window = 1,
     RETRIES,
     .attempts = 2,
     .faults = 3,
     .kinds = CAN(CRASH) | CAN(REPLICATE) | CAN(FAIL_OVER)},
    BOTH("an event that waits, and Redis fails over", .lanes = 1, .window = 1, RETRIES,
	 .attempts = 2, .deaths = 1, .faults = 2, .kinds = CAN(REPLICATE) | CAN(FAIL_OVER)),
};
const size_t scenario_count = WR_COUNT_OF(scenarios);

#define WIDE .lanes = 2, .window = 2

/* Too many states to go through. */
const struct scenario wide_scenarios[] = {
    BOTH("faults of lanes and of the group", WIDE, .logs = {{"abca"}, {"ba"}}, .later = {"c", "b"},
	 .faults = 8, .deaths = 2, .kinds = CRASHES | REBALANCES | LOST_ANSWERS),
    BOTH("offsets set by hand, among other faults", WIDE, .logs = {{"abc"}, {"ba"}},
	 .later = {NULL, "c"}, .faults = 8, .deaths = 1,
	 .kinds = CRASHES | REBALANCES | LOST_ANSWERS | RESETS),
    BOTH("topics made anew, among other faults", WIDE, .logs = {{"ab", "cab"}, {"ba", "c"}},
	 .later = {NULL, "c"}, .faults = 8,
	 .kinds = CRASHES | REBALANCES | LOST_ANSWERS | CAN(RECREATE) | CAN(RESET)),
    BOTH("replays, among other faults", WIDE, .logs = {{"ab"}, {""}}, .later = {"ab", NULL},
	 .has_retry = true, .faults = 8, .deaths = 3,
	 .kinds = CRASHES | REBALANCES | LOST_ANSWERS | CAN(REPLAY)),
    BOTH("retries, among other faults", WIDE, .has_retry = true, .logs = {{"ab"}, {""}},
	 .later = {"ab", NULL}, .attempts = 3, .faults = 8, .deaths = 3,
	 .kinds = CRASHES | REBALANCES | LOST_ANSWERS | CAN(REPLAY) | CAN(LAPSE)),
    BOTH("parked keys, among other faults", WIDE, KEYED, .logs = {{"abca"}, {""}}, .later = {"b"},
	 .attempts = 2, .deaths = 2, .faults = 8, .kinds = CRASHES | REBALANCES | LOST_ANSWERS),
    BOTH("Redis fails over, among other faults", WIDE, .logs = {{"aba"}, {"ca"}}, .faults = 8,
	 .kinds = CRASHES | REBALANCES | CAN(REPLICATE) | CAN(FAIL_OVER) | CAN(LOSE_MARK)),
};
const size_t wide_scenario_count = WR_COUNT_OF(wide_scenarios);
