"""Ten minutes at 50,000 events a second: memory stays where it was."""

import time

import pytest
from harness.load import Load

RATE, MINUTES = 50_000, 10


@pytest.mark.full
def test_memory_does_not_grow(site):
    # Old events go, so that the disk holds.
    site.create_topics(retention_bytes=128 << 20, segment_bytes=32 << 20)
    site.topics.set(site.output, retention_bytes=128 << 20, segment_bytes=32 << 20)
    engine = site.engine(site.config([site.pipeline(idempotency={"ttl": "60s"})])).run()
    sizes = []
    with Load(site.topics, site.source, rate=RATE, keys=10_000) as load:
        began = time.monotonic()
        while time.monotonic() - began < MINUTES * 60:
            time.sleep(5)
            assert engine.alive(), engine.log_tail()
            sizes.append(engine.rss_bytes())
            assert engine.readiness() == 200
    site.finished(engine, 120)
    outcomes = engine.outcomes()
    mib = [size >> 20 for size in sizes]
    print(f"{load.sent} events, {load.sent / MINUTES / 60:.0f} a second; RSS in MiB, every 5 s: {mib}")
    assert outcomes["processed"] == load.sent
    assert max(sizes) <= 320 << 20
    # What is reached in the first fifth is not left by more than noise.
    early, late = max(sizes[: len(sizes) // 5]), max(sizes)
    assert late - early < 8 << 20, f"grew from {early >> 20} to {late >> 20} MiB"
