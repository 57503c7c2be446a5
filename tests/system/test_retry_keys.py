"""retry.mode: key. The order of each key by its events' ids, over failures, kills, rebalances and reloads."""

import pytest
from harness.events import assert_accounted, assert_in_order, event

TIERS = ["200ms", "500ms"]
KEYS = 200


def fields(i):
    """10 % fail once, 1 % more often than they may, 0.1 % for good."""
    if i % 1000 == 7:
        return {"do": "fail"}
    if i % 100 == 3:
        return {"do": "retry", "times": 5}
    if i % 10 == 5:
        return {"do": "retry", "times": 1}
    return {}


def ids(count):
    dead = {f"e{i:06d}" for i in range(count) if i % 1000 == 7 or i % 100 == 3}
    return {f"e{i:06d}" for i in range(count)} - dead, dead


def records(first, end):
    """Of each key some fail: the keys go round more slowly than the failures."""
    return [(f"k{(i * 7 + i // 1000) % KEYS}", event(f"e{i:06d}", 210, **fields(i))) for i in range(first, end)]


def pipeline(site, **over):
    return site.pipeline(retry={"mode": "key", "attempts": 3, "tiers": TIERS}, **over)


def all_done(site, engine, live, dead, seconds=120):
    def is_done():
        processed, letters = site.read_ids()
        return len(set(processed)) >= len(live) and len(set(letters)) >= len(dead)

    engine.until(is_done, seconds, "every event is processed or dead-lettered")


def check(site, live, dead, repeats_allowed=0):
    processed, letters = site.read()
    assert_in_order(processed)
    repeats = assert_accounted(live, dead, *site.read_ids(), repeats_allowed=repeats_allowed)
    assert not any("weir-order" in letter.headers for letter in letters)
    return repeats


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_a_key_keeps_its_order_while_others_go_on(site, delivery):
    site.create_topics()
    site.topics.send(site.source, records(0, 2000))
    live, dead = ids(4000)
    engine = site.engine(site.config([pipeline(site, delivery=delivery, lanes=2)])).run()
    site.topics.send(site.source, records(2000, 4000))
    all_done(site, engine, live, dead)
    assert engine.metric("weir_followers_total") > 0
    engine.until(lambda: engine.metric("weir_parked_keys") == 0, 10, "nothing is parked")
    assert engine.stop() == 0
    check(site, live, dead)
    assert len(site.topics.partitions(f"{site.name}.retry.200ms")) == 4


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_over_kills_and_rebalances(site, delivery):
    site.create_topics()
    live, dead = ids(4000)
    config = site.config([pipeline(site, delivery=delivery, batch={"max_events": 100, "in_flight": 4})])
    one = site.engine(config).run()
    other = site.engine(config, name="other")
    site.topics.send(site.source, records(0, 2000))
    one.until(lambda: site.topics.count(site.output) >= 600, 60, "work is done")
    other.run()  # takes half of the partitions, with what is parked of them
    one.kill()
    site.topics.send(site.source, records(2000, 3000))
    one.run()
    other.until(lambda: site.topics.count(site.output) >= 1600, 60, "work is done")
    other.kill()
    site.topics.send(site.source, records(3000, 4000))
    all_done(site, one, live, dead)
    assert one.stop() == 0
    check(site, live, dead, repeats_allowed=4000 if delivery == "at_least_once" else 0)
