"""Every event sent is in exactly one place: processed, dead-lettered, or skipped as a duplicate."""

import threading

import pytest
from harness.events import Mix, assert_accounted


def count(full):
    return 1_000_000 if full else 200_000


def check_counts(engine, mix, lanes):
    outcomes = engine.outcomes()
    assert outcomes == {
        "processed": len(mix.live_ids()),
        "dropped": 0,
        "duplicate": mix.duplicates,
        "dead_lettered": len(mix.failing),
    }
    assert sum(outcomes.values()) == mix.count
    retries = engine.metric("weir_retries_total")
    if lanes == 1:
        assert retries == 2 * len(mix.flaky)
    else:  # the second lane's joining is a rebalance, and what it cuts short begins anew
        assert retries >= 2 * len(mix.flaky)


@pytest.mark.parametrize("lanes", [1, 2])
def test_all_is_accounted_for_by_count_and_by_id(site, full, lanes):
    site.create_topics()
    mix = Mix(count(full), seed=lanes)
    site.topics.send(site.source, mix.records())
    engine = site.engine(site.config([site.pipeline(lanes=lanes)])).run()
    site.finished(engine, 600)
    check_counts(engine, mix, lanes)
    assert engine.stop() == 0
    assert_accounted(mix.live_ids(), mix.dead_ids(), *site.read_ids())


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_second_engine_joins_and_leaves_half_way(site, full, lanes):
    site.create_topics()
    mix = Mix(count(full), seed=2 + lanes)
    stages = [{"plugin": str(site.scripted / "scripted.so"), "config": {"each_us": 20}}]
    slow = site.pipeline(lanes=lanes, stages=stages)
    first = site.engine(site.config([slow])).run()
    second = site.engine(site.config([slow]))
    sender = threading.Thread(target=site.topics.send, args=(site.source, mix.records()))
    sender.start()
    first.until(lambda: first.finished() > mix.count * 0.2, 300, "a fifth is done")
    second.run()
    second.until(lambda: second.finished() > mix.count * 0.1, 300, "the second engine takes its share")
    share = second.finished()
    assert second.stop() == 0
    sender.join(300)
    assert not sender.is_alive()
    site.finished(first, 600)
    assert first.stop() == 0
    assert share > 0
    # Both left in good order, so nothing repeats.
    assert_accounted(mix.live_ids(), mix.dead_ids(), *site.read_ids())


def test_events_of_a_key_keep_their_order_through_retries(site):
    """Each key's events arrive in the order they were sent, though some of them are retried."""
    site.create_topics()
    keys, each = 50, 40
    records = []
    for n in range(each):
        for k in range(keys):
            retry = {"do": "retry", "times": 2} if (n + k) % 7 == 0 else {}
            records.append((f"key{k}", '{"eventId":"%d-%d","n":%d,"do":"%s","times":2}' % (k, n, n, retry.get("do", "ok"))))
    site.topics.send(site.source, records)
    engine = site.engine().run()
    site.finished(engine)
    processed, dead = site.read()
    assert not dead
    by_key = {}
    for record in sorted(processed, key=lambda r: (r.partition, r.offset)):
        by_key.setdefault(record.key, []).append(record.json["n"])
    assert len(by_key) == keys
    for key, numbers in by_key.items():
        assert numbers == list(range(each)), f"{key} came out of order"


def test_one_pipeline_skips_what_another_process_claimed(site):
    """Claims are common to all engines of a pipeline: what one has done, another does not do again."""
    site.create_topics()
    site.topics.send(site.source, [("k", f'{{"eventId":"once-{i}"}}') for i in range(100)])
    first = site.engine().run()
    site.finished(first)
    assert first.stop() == 0
    site.topics.send(site.source, [("k", f'{{"eventId":"once-{i}"}}') for i in range(100)])
    second = site.engine().run()
    site.finished(second)
    assert second.outcomes()["duplicate"] == 100
    assert site.topics.count(site.output) == 100


def test_two_pipelines_of_one_process_do_not_share_claims(site):
    site.create_topics()
    site.topics.create(f"{site.name}.out2")
    both = [
        site.pipeline(),
        site.pipeline(name=f"{site.name}-b", source={"group": f"{site.group}-b"}, outputs={"default": f"{site.name}.out2"}),
    ]
    site.topics.send(site.source, [("k", f'{{"eventId":"e{i}"}}') for i in range(100)])
    engine = site.engine(site.config(both)).run()
    site.finished(engine)
    site.finished(engine, group=f"{site.group}-b")
    assert site.topics.count(site.output) == 100
    assert site.topics.count(f"{site.name}.out2") == 100
