"""Every way to wait for a retry, over kills and rebalances: each event once where it belongs, and in order."""

import pytest
from harness import report
from harness.events import assert_accounted, assert_topic_in_order
from harness.failing import Failing

RETRY = {
    "inline": {"mode": "inline", "backoff": {"initial": "20ms", "factor": 2, "max": "200ms"}},
    "topic": {"mode": "topic", "tiers": ["200ms", "500ms"]},
    "key": {"mode": "key", "tiers": ["200ms", "500ms"]},
}
ATTEMPTS = 6


def pipeline(site, mode, full, **over):
    return site.pipeline(
        retry={**RETRY[mode], "attempts": ATTEMPTS},
        batch={"max_events": 500 if full else 100, "in_flight": 4},
        stages=[{"plugin": str(site.scripted / "scripted.so"), "config": {"each_us": 50 if full else 1000}}],
        **over,
    )


def kill_and_rebalance(site, config, mix):
    """Kills come while there is work: all events are sent before. One engine is left, which works on."""

    def until_done(engine, share):
        engine.until(lambda: site.topics.count(site.output) >= mix.count * share, 300, "work is done")

    one, other = site.engine(config), site.engine(config, name="other")
    site.topics.send(site.source, mix.records())
    one.run()
    until_done(one, 0.1)
    one.kill()
    one.start()
    other.start()  # takes half of the partitions, with what is parked of them
    until_done(other, 0.5)
    other.kill()
    until_done(one, 0.75)
    one.kill()
    return one.run()


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
@pytest.mark.parametrize("mode", RETRY)
def test_over_kills_and_rebalances(site, full, mode, delivery):
    site.create_topics()
    mix = Failing(500_000 if full else 4000, 20_000 if full else 200, ATTEMPTS)
    config = site.config([pipeline(site, mode, full, delivery=delivery)])
    engine = kill_and_rebalance(site, config, mix)
    mix.all_done(site, engine, 600)
    if mode == "key":
        engine.until(lambda: engine.metric("weir_parked_keys") == 0, 10, "nothing is parked")
    assert engine.stop() == 0
    processed, dead = site.read_ids()
    allowed = mix.count if delivery == "at_least_once" else 0
    repeats = assert_accounted(mix.live_ids(), mix.dead_ids(), processed, dead, repeats_allowed=allowed)
    if mode != "topic":
        assert_topic_in_order(site.topics, site.output)
    head = ("mode", "delivery", "events", "processed", "dead", "came again")
    report.add("retries over kills and rebalances", head, (mode, delivery, mix.count, len(processed), len(dead), repeats))
