"""retry.mode: topic. Events that fail leave for a retry topic and come back, over kills and in both delivery modes."""

import pytest
from harness.events import assert_accounted, event

TIERS = ["300ms", "1s"]


def fields(i):
    """10 % fail once, 1 % more often than they may, 0.1 % for good."""
    if i % 1000 == 7:
        return {"do": "fail"}
    if i % 100 == 3:
        return {"do": "retry", "times": 5}
    if i % 10 == 5:
        return {"do": "retry", "times": 1}
    return {}


def send(site, count):
    records = [(f"k{i % 500}", event(f"e{i:06d}", 210, **fields(i))) for i in range(count)]
    site.topics.send(site.source, records)
    dead = {f"e{i:06d}" for i in range(count) if i % 1000 == 7 or i % 100 == 3}
    return {f"e{i:06d}" for i in range(count)} - dead, dead


def all_done(site, engine, live, dead, seconds=120):
    """Until every event is where it belongs. Lag would not do: behind a transaction stands a record that nobody reads."""

    def is_done():
        processed, letters = site.read_ids()
        return len(set(processed)) >= len(live) and len(set(letters)) >= len(dead)

    site.finished(engine, seconds)
    engine.until(is_done, seconds, "every event is processed or dead-lettered")


def pipeline(site, **over):
    return site.pipeline(retry={"mode": "topic", "attempts": 3, "tiers": TIERS}, **over)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_retries_go_round_by_topics_and_all_is_accounted_for(site, delivery):
    site.create_topics()
    live, dead = send(site, 4000)
    engine = site.engine(site.config([pipeline(site, delivery=delivery, lanes=2)])).run()
    all_done(site, engine, live, dead)
    # What fails is bad input of its own, nothing of an outage.
    assert engine.metric("weir_circuit_openings_total") == 0
    assert engine.stop() == 0
    assert_accounted(live, dead, *site.read_ids(), repeats_allowed=0)
    letters = site.topics.read(site.dlq)
    classes = {letter.headers["weir-class"] for letter in letters}
    assert classes == {"exhausted", "permanent"}
    for letter in letters:
        assert letter.headers["weir-origin-topic"] == site.source
        if letter.headers["weir-class"] == "exhausted":
            assert letter.headers["weir-attempts"] == "3"
    assert len(site.topics.partitions(f"{site.name}.retry.300ms")) == 4


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_a_kill_loses_no_retry(site, delivery):
    site.create_topics()
    live, dead = send(site, 4000)
    config = site.config([pipeline(site, delivery=delivery, batch={"max_events": 100, "in_flight": 4})])
    engine = site.engine(config).run()
    for share in (0.3, 0.7, 0.95):
        engine.until(lambda least=4000 * share: site.topics.count(site.output) >= least * 0.8, 60, "work is done")
        engine.kill()
        engine.start()
        engine.ready()
    all_done(site, engine, live, dead)
    assert engine.stop() == 0
    allowed = 4000 if delivery == "at_least_once" else 0
    assert_accounted(live, dead, *site.read_ids(), repeats_allowed=allowed)


def test_a_tier_that_is_no_longer_named_is_drained(site):
    site.create_topics()
    live, dead = send(site, 500)
    engine = site.engine(site.config([pipeline(site)])).run()
    site.finished(engine)
    engine.stop()
    engine = site.engine(site.config([site.pipeline(retry={"attempts": 3})])).run()
    all_done(site, engine, live, dead)
    assert engine.stop() == 0
    assert_accounted(live, dead, *site.read_ids(), repeats_allowed=0)


def test_strangers_records_on_a_retry_topic_are_dead_lettered(site):
    site.create_topics()
    engine = site.engine(site.config([pipeline(site)])).run()
    topic = f"{site.name}.retry.300ms"
    forged = [("weir-stage", b"nowhere"), ("weir-owner", b"9/other/1/1")]
    site.topics.send(topic, [("k", event("x1"), forged), ("k", b"\x00\xff"), ("k", event("x2"), [("weir-attempts", b"-1")])])
    site.finished(engine, source=topic)
    processed, dead = site.read()
    assert not processed
    assert [letter.headers["weir-code"] for letter in dead] == ["bad-envelope"] * 3
    assert engine.alive()
