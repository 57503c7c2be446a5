"""What failing events cost the others, and what keeping their order costs where nothing fails. A measurement: only that
all events came can fail. Goals: 0.8 of the rate without failures; 1.05 of inline's CPU where nothing fails."""

import os
import statistics
import subprocess

import pytest
from harness import report
from harness.events import event
from harness.failing import Failing
from harness.topics import id_of

COUNT = 300_000
ROUNDS = 4
ATTEMPTS = 6
TIERS = ["200ms", "500ms"]

# name, mode, source; what is compared stands together, for the machine's speed changes
KINDS = [
    ("inline", "inline", "good"),
    ("key, one parked", "key", "one"),
    ("topic", "topic", "good"),
    ("topic, failing", "topic", "failing"),
    ("key", "key", "good"),
    ("key, failing", "key", "failing"),
    ("key, failing, no key twice", "key", "apart"),
]
FAILING = ("failing", "apart")


def cpu_s(engine):
    with open(f"/proc/{engine.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(site, mix):
    """The same events four times: none fails; one alone waits for an hour; a mix fails; that, each with a key of its own."""
    forever = ("forever", event("x", do="retry", after_ms=3_600_000))
    good = [mix.record(i, fails=False) for i in range(mix.count)]
    apart = Failing(mix.count, keys=8 * mix.count, attempts=ATTEMPTS)
    kinds = (("good", good), ("one", [forever, *good]), ("failing", mix.records()), ("apart", apart.records()))
    for name, records in kinds:
        site.topics.create(f"{site.name}.{name}")
        site.topics.send(f"{site.name}.{name}", records)


def pipeline(site, name, mode, source, delivery):
    retry = {"mode": mode, "attempts": ATTEMPTS}
    if mode != "inline":
        retry["tiers"] = TIERS + ["1h"] * (source == "one")
    return site.pipeline(
        name=name,
        source={"topics": [f"{site.name}.{source}"], "group": name},
        delivery=delivery,
        retry=retry,
        outputs={"default": f"{name}.out"},
    )


def rate(site, output, wanted):
    """Events a second, of those that are wanted, while the middle nine tenths of them arrive, which the broker stamps:
    the start is none of it, and not how long the last retries take."""
    times = []
    for batch in site.topics.batches(output):
        times += [message.timestamp()[1] for message in batch if id_of(message.value()) in wanted]
    assert len(times) == len(wanted)
    times.sort()
    first, last = len(times) * 5 // 100, len(times) * 95 // 100
    return (last - first) * 1000 / (times[last] - times[first])


def run(site, redis, mix, delivery, number, kind):
    _, mode, source = kind
    name = f"{delivery[:2]}-{number}"
    subprocess.run(["redis-cli", "-u", redis.url, "flushall", "sync"], check=True, stdout=subprocess.DEVNULL)
    site.topics.create(f"{name}.out", message_timestamp_type="LogAppendTime")
    settings = site.config([pipeline(site, name, mode, source, delivery)], redis={"url": redis.url})
    engine = site.engine(settings).run()
    due = len(mix.live_ids()) if source in FAILING else mix.count
    engine.until(lambda: engine.metric("weir_events_total", outcome="processed") >= due, 300, "all is processed")
    cpu_us = cpu_s(engine) * 1e6 / mix.count
    assert engine.stop() == 0
    found = rate(site, f"{name}.out", mix.never_failing_ids())
    site.topics.delete(f"{name}.out")
    return found, cpu_us


def of(runs, name, what):
    return [measured[what] for measured in runs[name]]


def ratio(runs, one, other, what):
    """The median of the rounds' ratios: what else happens on the machine meets both."""
    return statistics.median(a / b for a, b in zip(of(runs, one, what), of(runs, other, what), strict=True))


@pytest.mark.full
@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_events_that_do_not_fail_go_on(site, own_redis, delivery):
    redis = own_redis("rates")
    mix = Failing(COUNT, keys=COUNT // 4, attempts=ATTEMPTS)
    site.create_topics()
    fill(site, mix)
    runs = {kind[0]: [] for kind in KINDS}
    # A broker that has just started compiles itself for a minute, on the same cores; what fails takes more ways through it.
    warm = (KINDS[0], KINDS[3], KINDS[5]) * 3
    for number, kind in enumerate(warm):
        run(site, redis, mix, delivery, number, kind)
    for number in range(ROUNDS):
        for n, kind in enumerate(KINDS if number % 2 == 0 else KINDS[::-1]):
            runs[kind[0]].append(run(site, redis, mix, delivery, len(warm) + number * len(KINDS) + n, kind))
    head = ("retries", "events/s that never fail", "of those without failures", "CPU us an event", "of inline's")
    for name, mode, source in KINDS:
        share = f"{ratio(runs, name, mode, 0):.2f}" if source in FAILING else ""
        rates, costs = statistics.median(of(runs, name, 0)), statistics.median(of(runs, name, 1))
        of_inline = f"{ratio(runs, name, 'inline', 1):.3f}"
        report.add(f"rates beside events that fail, {delivery}", head, (name, f"{rates:.0f}", share, f"{costs:.2f}", of_inline))
