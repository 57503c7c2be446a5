"""More than the engine can take, in both delivery modes at once: its memory stays within what it was given, nothing is
lost, and each key keeps its order."""

import re
import time

import pytest
from harness import report
from harness.both import Both
from harness.events import SIZE, event
from harness.load import Mixed
from harness.member import member

BESIDE = 60 << 20  # what an engine takes beside its budget
# Nobody dies here, and a slow machine must not look like that.
CALM = {"consumer_properties": {"session.timeout.ms": 10000}}
MIB = 1 << 20


def peak_bytes(engine):
    with open(f"/proc/{engine.process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) * 1024


def within(engine, what, budget):
    peak = peak_bytes(engine)
    report.add("memory under overload", ("load", "budget MiB", "peak RSS MiB"), (what, budget // MIB, peak // MIB))
    assert peak <= budget + BESIDE, f"{what}: {peak // MIB} MiB, the budget is {budget // MIB} MiB"


class Backlog:
    """Events that are there before the engine is."""

    def __init__(self, site, count, size=SIZE):
        self.sent, self.repeated = count, 0
        site.topics.send(site.source, ((f"k{i % 1000}", event(self.id(i), size)) for i in range(count)))

    def id(self, i):
        return f"b{i:08d}"

    def live_ids(self):
        return {self.id(i) for i in range(self.sent)}

    def dead_ids(self):
        return set()


@pytest.mark.parametrize("size", [SIZE, 20_000])
def test_a_backlog(site, full, size):
    budget = (256 if full else 128) * MIB
    count = (5_000_000 if full else 300_000) * SIZE // size * (1 if size == SIZE else 4)
    both = Both(site)
    backlog = Backlog(site, count, size)
    engine = site.engine(both.config(kafka=CALM, memory=f"{budget // MIB}MiB")).run()
    both.finished(engine, 3600 if full else 300)
    within(engine, f"a backlog of {count} events of {size} bytes", budget)
    assert engine.stop() == 0
    both.check(f"a backlog of {count} events of {size} bytes", backlog)


def test_producers_are_twice_as_fast_as_a_sleeping_stage(site, full):
    """200 partitions, 8 lanes, a handler that takes a millisecond."""
    budget = 256 * MIB
    both = Both(site, partitions=200)
    lanes = 8 // len(both.short)
    stage = {"plugin": str(site.scripted / "scripted.so"), "config": {"each_us": 1000}}
    engine = site.engine(both.config({"lanes": lanes, "stages": [stage]}, kafka=CALM, memory=f"{budget // MIB}MiB")).run()
    rate = lanes * 900 * 2
    with Mixed(site.topics, site.source, rate=rate, keys=10_000) as load:
        until = time.monotonic() + (60 if full else 8)
        while time.monotonic() < until:
            assert engine.readiness() == 200
            time.sleep(0.2)
        load.stop()
    both.finished(engine, 300)
    within(engine, f"{load.sent} events at twice the speed, 200 partitions, 8 lanes", budget)
    assert engine.stop() == 0
    both.check("twice as fast as a sleeping stage", load)


class Rebalances:
    """Of an engine's two pipelines; each lane counts the changes of its own partitions."""

    def __init__(self, both, engine):
        self.both, self.engine = both, engine

    def least(self):
        text = self.engine.metrics_text()
        return min(self.engine.metric("weir_rebalances_total", text, pipeline=name) for name in self.both.short.values())

    def reach(self, count):
        self.engine.until(lambda: self.least() >= count, 60, f"{count} rebalances of each pipeline")


def repeats_of_expelled(engine, batch):
    """A lane that the group went on without, because the machine was too slow for its session, may repeat its window
    and what it was about to commit."""
    expelled = engine.log_text().count("partitions lost: the group went on without this lane")
    return expelled * 2 * 17 * batch


@pytest.mark.parametrize("session_ms", [10000, 1500])
def test_rebalances_keep_everything_and_the_order(site, kafka, full, session_ms):
    """Members come and go under load, while some events are retried inline. With the short session, which the broker
    hardly allows, they die instead of leaving, and an engine that is slow is taken for dead."""
    rebalances, batch, dying = 100 if full else 16, 100, session_ms < 10000
    both = Both(site)
    session = {"consumer_properties": {"session.timeout.ms": session_ms, "heartbeat.interval.ms": session_ms // 5}}
    engine = site.engine(both.config({"lanes": 2, "batch": {"max_events": batch}}, kafka=session)).run()
    seen = Rebalances(both, engine)
    with Mixed(site.topics, site.source, rate=1500, keys=50) as load:
        both.goes_on(engine)
        for _ in range(rebalances // 2):
            before = seen.least()
            with member(kafka, both.groups(), site.source, dies=dying):
                pass
            seen.reach(before + 2)
            both.goes_on(engine, 50)
        load.stop()
    both.finished(engine)
    assert seen.least() >= rebalances
    what = f"{rebalances} rebalances, sessions of {session_ms / 1000:g} s"
    within(engine, what, 256 * MIB)
    assert engine.stop() == 0
    # Who hands over in good order repeats nothing.
    allowed = repeats_of_expelled(engine, batch) if dying else 0
    both.check(what, load, repeats_allowed=allowed, in_order=True)
