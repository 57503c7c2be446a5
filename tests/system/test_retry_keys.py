"""retry.mode: key. The order of each key by its events' ids, and that events which end for good let the next ones go."""

import pytest
from harness.events import assert_accounted, assert_in_order
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
