"""retry.mode: topic. Events that fail leave for a retry topic and come back, over kills and in both delivery modes."""

import time

import pytest
from harness.events import assert_accounted, event
from harness.failing import Failing

TIERS = ["300ms", "1s"]
ATTEMPTS = 3


def pipeline(site, **over):
    return site.pipeline(retry={"mode": "topic", "attempts": ATTEMPTS, "tiers": TIERS}, **over)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_retries_go_round_by_topics_and_all_is_accounted_for(site, delivery):
    site.create_topics()
    mix = Failing(4000, keys=500, attempts=ATTEMPTS)
    site.topics.send(site.source, mix.records())
    engine = site.engine(site.config([pipeline(site, delivery=delivery, lanes=2)])).run()
    site.finished(engine)
    mix.all_done(site, engine)
    # The marks that end transactions lie behind the last record of a retry topic: nobody waits for them.
    engine.until(lambda: engine.metric("weir_consumer_lag_events") == 0, 30, "no lag")
    # What fails is bad input of its own, nothing of an outage.
    assert engine.metric("weir_circuit_openings_total") == 0
    assert engine.stop() == 0
    assert_accounted(mix.live_ids(), mix.dead_ids(), *site.read_ids(), repeats_allowed=0)
    letters = site.topics.read(site.dlq)
    classes = {letter.headers["weir-class"] for letter in letters}
    assert classes == {"exhausted", "permanent"}
    for letter in letters:
        assert letter.headers["weir-origin-topic"] == site.source
        if letter.headers["weir-class"] == "exhausted":
            assert letter.headers["weir-attempts"] == "3"
    assert len(site.topics.partitions(f"{site.name}.retry.300ms")) == 4


def test_a_tier_that_is_no_longer_named_is_drained(site):
    site.create_topics()
    mix = Failing(500, keys=500, attempts=ATTEMPTS)
    site.topics.send(site.source, mix.records())
    engine = site.engine(site.config([pipeline(site)])).run()
    site.finished(engine)
    engine.stop()
    engine = site.engine(site.config([site.pipeline(retry={"attempts": ATTEMPTS})])).run()
    site.finished(engine)
    mix.all_done(site, engine)
    assert engine.stop() == 0
    assert_accounted(mix.live_ids(), mix.dead_ids(), *site.read_ids(), repeats_allowed=0)


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


def test_a_wait_of_a_day_costs_neither_membership_nor_time(site):
    """Several of the intervals after which Kafka takes a consumer that does not poll for dead."""
    site.create_topics()
    config = site.config([site.pipeline(retry={"mode": "topic", "attempts": 3, "tiers": ["24h"]})])
    config["kafka"]["consumer_properties"]["max.poll.interval.ms"] = 2000
    engine = site.engine(config).run()
    site.topics.send(site.source, [("k", event("late", do="retry"))])
    engine.until(lambda: site.topics.count(f"{site.name}.retry.24h") == 1, 60, "it is parked")
    began = time.monotonic()
    engine.until(lambda: time.monotonic() - began > 6, 30, "three intervals are over")
    site.topics.send(site.source, [("k", event("next"))])
    engine.until(lambda: site.topics.count(site.output) == 1, 30, "the next one of its key is processed")
    assert "maximum poll interval" not in engine.log_text()
    assert engine.stop() == 0


def test_without_the_right_to_make_them_the_start_says_the_commands(site):
    site.create_topics()
    engine = site.engine(site.config([pipeline(site)], kafka={"create_topics": False})).start()
    assert engine.exited(90) == 1
    for tier in TIERS:
        assert f"--create --topic {site.name}.retry.{tier} --partitions 4" in engine.log_text()
