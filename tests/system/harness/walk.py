"""One step of the walk: an engine that dies at a failpoint, is started again until all is done, and is counted."""

import collections
import http.client
import re
import signal

import redis

from . import paths, report
from .both import ALO, EO, MODES
from .events import Mix, assert_in_order, event
from .wait import wait_until

NAMES_FILE = paths.TOP / "engine" / "base" / "failpoint_names.inc"
TOPOLOGIES = ("1 lane", "2 lanes", "2 processes")

COUNT, BATCH, IN_FLIGHT, EACH_US = 2400, 20, 4, 300
OTHER_EACH_US = 2000  # of the process that lives on: most of the work is left to the one that dies
PIECES = 12
# A lane repeats at most its window and what retired since its last commit, which is due every 100 ms.
WINDOW = (IN_FLIGHT + 1) * BATCH + 100_000 // EACH_US


def all_names():
    rows = re.findall(r"^FAILPOINT\((\w+), (true|false),", NAMES_FILE.read_text(), re.M)
    assert rows
    return {name: fails == "true" for name, fails in rows}


def names():
    """The failpoints of an event's way, each with whether a step can fail there."""
    return {name: fails for name, fails in all_names().items() if not name.startswith("reload_")}


def reload_names():
    """Those of a reload's way."""
    return [name for name in all_names() if name.startswith("reload_")]


class Point:
    """How to get an engine to a failpoint, and what must not be seen when it dies there for the first time.

    lives: at which of its visits it dies, life by life. stir: "stop" sends SIGTERM under load, "join" lets another
    engine join, "resubmit" sends dead-lettered ids again. unseen: the modes in which no reader may have seen any
    output after the first death, with one lane. modes: where the point is reached. error_percent: how often a step
    that can fail there does."""

    def __init__(self, lives=(1, 2, 4), stir=None, unseen=(), modes=MODES, error_percent=2):
        self.lives, self.stir, self.unseen, self.modes = lives, stir, unseen, modes
        self.error_percent = error_percent


POINTS = {
    "after_assignment": Point(lives=(1, 1, 1), unseen=MODES),
    "after_take": Point(unseen=MODES),
    "after_claim": Point(unseen=MODES),
    "in_stage": Point(unseen=MODES),
    "before_produce": Point(lives=(1, 30, 70), unseen=MODES),
    "after_produce": Point(unseen=(EO,)),
    "after_some_acks": Point(lives=(1, 30, 70), unseen=(EO,)),
    "after_all_acks": Point(unseen=(EO,)),
    "before_take_over": Point(lives=(1, 1, 1), stir="resubmit"),
    "after_take_over": Point(lives=(1, 3, 5), stir="resubmit"),
    "before_offset_commit": Point(lives=(1, 2, 3), modes=(ALO,), error_percent=20),
    "after_offset_commit": Point(lives=(1, 2, 3), modes=(ALO,)),
    "before_transaction_commit": Point(lives=(1, 2, 3), unseen=(EO,), modes=(EO,), error_percent=20),
    "after_transaction_commit": Point(lives=(1, 2, 3), modes=(EO,)),
    "before_mark": Point(),
    "after_mark": Point(),
    "before_f": Point(lives=(1, 1, 2)),
    "after_f": Point(lives=(1, 1, 2)),
    "in_rebalance": Point(lives=(1, 1), stir="join"),
    "in_shutdown": Point(lives=(1, 1), stir="stop"),
}


class Case:
    def __init__(self, point, mode, topology, action="kill"):
        self.point, self.mode, self.topology, self.action = point, mode, topology, action
        self.lanes = 2 if topology == "2 lanes" else 1
        self.owners = 1 if topology == "1 lane" else 2

    def __repr__(self):
        error = "" if self.action == "kill" else f":{self.action}"
        return f"{self.point}{error}-{self.mode}-{self.topology.replace(' ', '-')}"

    def repeats_allowed(self, kills):
        return 0 if self.mode == EO else kills * self.owners * WINDOW


class Counts:
    """What was sent and what became of it."""

    def __init__(self, case):
        self.case = case
        self.sent = self.processed = self.dead = self.duplicates = self.repeated = self.kills = 0
        self.seen = None  # outputs after the first death
        self.wrong = []

    def report(self):
        seen = "" if self.seen is None else self.seen
        head = ("case", "kills", "sent", "processed", "dead-lettered", "duplicates skipped", "repeated", "seen at death 1")
        row = (self.case, self.kills, self.sent, self.processed, self.dead, self.duplicates, self.repeated, seen)
        report.add("the walk over the failpoints", head, row)


class Walk:
    """Runs one case on a site."""

    def __init__(self, site, case):
        self.site, self.case = site, case
        self.point = POINTS[case.point]
        self.mix = Mix(COUNT, seed=len(repr(case)), keys=50, failing=0.03, flaky=0.02)
        self.counts = Counts(case)
        self.twice = set()  # dead-lettered ids that were sent again, to be processed

    def run(self):
        site = self.site
        site.create_topics()
        first = self.engine("first")
        other = self.engine("other", OTHER_EACH_US) if self.case.topology == "2 processes" else None
        if other is not None:
            other.run()
        if self.case.action == "kill":
            self.kill(first)
            arm(first, None)
        else:
            self.send(self.mix.records())
            arm(first, f"{self.case.point}={self.case.action}")
        first.run(120)
        site.finished(first, 120)
        for engine in (first, other):
            if engine is not None:
                assert engine.stop() == 0
        self.count()
        return self.counts

    def kill(self, engine):
        """Life by life, each with its share of the events."""
        lives = self.point.lives
        if self.point.stir == "resubmit":
            self.send(self.mix.records())
            records = self.bury(engine)
        else:
            records = list(self.mix.records())
        for life, visit in enumerate(lives):
            share = records[len(records) * life // len(lives) : len(records) * (life + 1) // len(lives)]
            self.die(engine, f"{self.case.point}=kill@{visit}", share)
            if life == 0 and self.case.topology == "1 lane" and self.case.mode in self.point.unseen:
                self.counts.seen = self.site.topics.read_ids(self.site.output).total()

    def send(self, records):
        records = list(records)
        self.site.topics.send(self.site.source, records)
        self.counts.sent += len(records)

    def engine(self, name, each_us=EACH_US):
        site, case = self.site, self.case
        pipeline = site.pipeline(
            delivery=case.mode,
            lanes=case.lanes,
            batch={"max_events": BATCH, "in_flight": IN_FLIGHT},
            retry={"attempts": 4, "backoff": {"initial": "2ms", "factor": 2, "max": "10ms"}},
            stages=[{"plugin": str(site.scripted / "scripted.so"), "config": {"each_us": each_us}}],
        )
        return site.engine(site.config([pipeline]), name=name, binary=paths.weir(paths.FAILPOINT_BUILD))

    def die(self, engine, what, share):
        """Starts the engine with a share of the events and waits until the failpoint has killed it."""
        arm(engine, what)
        first, *pieces = in_pieces(share)
        # Of two processes the other one would do all before this one has its partitions.
        late = self.case.topology == "2 processes" and self.case.point != "after_assignment"
        if not late:
            self.send(first)
        engine.start()
        if late:
            # Unless it dies over what its former life has left.
            wait_until(lambda: not engine.alive() or is_ready(engine), 60, "it is ready", engine.log_tail)
            self.send(first)
        joined = None
        if self.point.stir == "stop":
            engine.until(lambda: works(engine), 60, "it works")
            engine.signal(signal.SIGTERM)
        if self.point.stir == "join":
            # The second lane's joining is a rebalance too.
            wait_until(lambda: not engine.alive() or works(engine), 60, "it works or died", engine.log_tail)
            joined = self.engine(f"joined-{self.counts.kills}").start()
        if self.point.stir not in ("stop", "join"):
            self.feed(engine, pieces)
        status = engine.exited(60)
        assert status == -signal.SIGKILL, f"{what}: it ended with {status}\n{engine.log_tail()}"
        if joined is not None:
            joined.ready()
            assert joined.stop() == 0
        self.counts.kills += 1
        for piece in pieces:  # those that it did not live to see
            self.send(piece)

    def feed(self, engine, pieces):
        """Gives a live engine one piece after the other, each when all before it is done, and takes them from the list.
        So it comes by its failpoint often enough, however much it does in one transaction."""
        lag = self.site.topics.lag
        wait_until(lambda: not engine.alive() or is_ready(engine), 60, "it died or is ready", engine.log_tail)
        while pieces and engine.alive():
            wait_until(
                lambda: not engine.alive() or lag(self.site.group, self.site.source) == 0,
                60,
                "it died or has done all that it was given",
                engine.log_tail,
            )
            if engine.alive():
                self.send(pieces.pop(0))

    def bury(self, engine):
        """Everything is done and the claims of the dead letters say so. Returns records that send their ids again,
        good ones now."""
        site = self.site
        arm(engine, None)
        engine.run()
        site.finished(engine)
        store = redis.Redis.from_url(site.redis.url)
        self.twice = self.mix.dead_ids()
        keys = [f"weir:{site.name}:e:{dead}" for dead in self.twice]
        wait_until(
            lambda: all(value and value.startswith(b"F|") for value in store.mget(keys)),
            30,
            "the claims of the dead letters say so",
            engine.log_tail,
        )
        assert engine.stop() == 0
        return [(dead, event(dead)) for dead in sorted(self.twice)]

    def count(self):
        site, counts = self.site, self.counts
        records = site.topics.read(site.output)
        processed = collections.Counter(record.id for record in records)
        dead = collections.Counter(record.id for record in site.topics.read(site.dlq))
        live = self.mix.live_ids() | self.twice
        counts.processed, counts.dead = len(processed), len(dead)
        counts.repeated = processed.total() - len(processed) + dead.total() - len(dead)
        counts.duplicates = counts.sent - len(processed) - len(dead)
        lost = (live - processed.keys()) | (self.mix.dead_ids() - dead.keys())
        strange = (processed.keys() - live) | (dead.keys() - self.mix.dead_ids())
        if lost:
            counts.wrong.append(f"{len(lost)} lost, such as {sorted(lost)[:5]}")
        if strange:
            counts.wrong.append(f"{len(strange)} where they do not belong, such as {sorted(strange)[:5]}")
        allowed = self.case.repeats_allowed(counts.kills)
        if counts.repeated > allowed:
            counts.wrong.append(f"{counts.repeated} repeat, {allowed} may")
        if counts.seen:
            counts.wrong.append(f"{counts.seen} outputs were seen after the first death")
        # What was refused for a moment comes after what was with the producer already.
        if self.case.point != "before_produce" or self.case.action == "kill":
            try:
                assert_in_order(records)
            except AssertionError as error:
                counts.wrong.append(str(error))


def in_pieces(share):
    """Most of it, and the rest in pieces."""
    most = len(share) * 3 // 4
    size = max(1, (len(share) - most) // PIECES)
    return [share[:most], *(share[i : i + size] for i in range(most, len(share), size))]


def is_ready(engine):
    try:
        return engine.readiness() == 200
    except (OSError, http.client.HTTPException):
        return False  # it died while it answered


def works(engine):
    try:
        return engine.readiness() == 200 and engine.finished() > 0
    except (AssertionError, OSError, http.client.HTTPException):
        return False


def arm(engine, what):
    """What the next start of the engine is told to do at its failpoints."""
    engine.env.pop("WEIR_FAILPOINTS", None)
    if what is not None:
        engine.env["WEIR_FAILPOINTS"] = what
