"""What becomes of the transaction of an engine that died, and of two engines that go by one name."""

from harness import paths
from harness.events import assert_accounted, event
from harness.load import Load
from harness.wait import wait_until
from harness.walk import arm

CLEANUP_MS = "transaction.abort.timed.out.transaction.cleanup.interval.ms"
COUNT = 200


def config(site, instance):
    return site.config([site.pipeline(delivery="exactly_once")], instance=instance)


def die_in_a_transaction(site, instance):
    """An engine that has written all outputs, and is killed before it commits them."""
    site.create_topics()
    site.topics.send(site.source, [(f"k{i}", event(f"e{i}")) for i in range(COUNT)])
    engine = site.engine(config(site, instance), binary=paths.weir(paths.FAILPOINT_BUILD))
    arm(engine, "before_transaction_commit=kill")
    engine.start()
    engine.exited(60)
    arm(engine, None)
    assert site.topics.held_back(site.output) > 0
    return engine


def check(site):
    assert_accounted({f"e{i}" for i in range(COUNT)}, set(), *site.read_ids())


def test_a_restart_ends_the_transaction_of_its_predecessor(site, own_kafka):
    """At once: this broker would not end it for being late."""
    site.kafka = site.topics.kafka = own_kafka("kafka-patient", "--property", f"{CLEANUP_MS}=3600000")
    engine = die_in_a_transaction(site, "one")
    engine.run()
    site.finished(engine)
    assert engine.stop() == 0
    assert site.topics.held_back(site.output) == 0
    check(site)


def test_a_transaction_whose_engine_stays_away_ends_by_itself(site, own_kafka):
    """Another engine does the work; readers wait until the broker ends what the dead one began."""
    site.kafka = site.topics.kafka = own_kafka("kafka-strict", "--property", f"{CLEANUP_MS}=1000")
    die_in_a_transaction(site, "one")
    other = site.engine(config(site, "another")).run()
    site.finished(other)
    assert other.stop() == 0
    wait_until(lambda: site.topics.held_back(site.output) == 0, 60, "nothing is held back")
    check(site)


def test_two_engines_of_one_instance_are_told_and_repeat_nothing(site):
    site.create_topics()
    first, second = (site.engine(config(site, "same")) for _ in range(2))
    first.run()
    with Load(site.topics, site.source, rate=500) as load:
        first.until(lambda: first.finished() > 500, 60, "it works")
        second.start()
        told = "kafka producer fenced: two engines have the same `instance`"
        first.until(lambda: told in first.log_text() + second.log_text(), 60, "one of them throws the other out")
        assert second.stop() == 0
        load.stop()
    site.finished(first)
    assert first.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids())
