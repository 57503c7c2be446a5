"""retry.mode: key. The order of each key by its events' ids, and that events which end for good let the next ones go."""

import pytest
from harness.events import assert_accounted, assert_in_order, event
from harness.failing import Failing

MIX = Failing(4000, keys=200, attempts=3)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_a_key_keeps_its_order_while_others_go_on(site, delivery):
    site.create_topics()
    site.topics.send(site.source, MIX.records(0, 2000))
    pipeline = site.pipeline(
        retry={"mode": "key", "attempts": 3, "tiers": ["200ms", "500ms"]}, delivery=delivery, lanes=2
    )
    engine = site.engine(site.config([pipeline])).run()
    site.topics.send(site.source, MIX.records(2000))
    MIX.all_done(site, engine)
    assert engine.metric("weir_followers_total") > 0
    engine.until(lambda: engine.metric("weir_parked_keys") == 0, 10, "nothing is parked")
    assert engine.stop() == 0
    processed, letters = site.read()
    assert_in_order(processed)
    assert_accounted(MIX.live_ids(), MIX.dead_ids(), *site.read_ids())
    assert not any("weir-order" in letter.headers for letter in letters)
    assert len(site.topics.partitions(f"{site.name}.retry.200ms")) == 4


def test_retry_topics_follow_a_source_that_gets_partitions(site):
    site.create_topics(partitions=1)
    config = site.config([site.pipeline(retry={"mode": "key", "attempts": 3, "tiers": ["200ms"]})])
    config["kafka"]["consumer_properties"]["topic.metadata.refresh.interval.ms"] = 1000
    engine = site.engine(config).run()
    for first in (0, 100):  # the producer knows the retry topic as it was
        ids = {f"e{i}" for i in range(first, first + 100)}
        records = [(f"k{id}", event(id, do="retry", times=1)) for id in sorted(ids)]
        site.topics.send(site.source, records, **{"topic.metadata.refresh.interval.ms": 1000})
        engine.until(lambda sent=ids: sent <= site.read_ids()[0].keys(), 60, "all are processed")
        if first == 0:
            site.topics.grow(site.source, 4)
    assert len(site.topics.partitions(f"{site.name}.retry.200ms")) == 4
    assert sum(end > 0 for end in site.topics.ends(site.source).values()) > 1
    assert engine.stop() == 0
