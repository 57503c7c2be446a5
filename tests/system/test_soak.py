"""Ten minutes at 50,000 events a second: memory stays where it was."""

import subprocess
import time

import pytest
from harness import paths

RATE, MINUTES = 50_000, 10
EVENTS = RATE * MINUTES * 60

# A load of Python would need more of the machine than the engine does.
LINES = 'BEGIN { for (i = 0; i < 150; i++) pad = pad "x"; for (i = 0; i < n; i++) ' + (
    'printf "{\\"eventId\\":\\"s%09d\\",\\"pad\\":\\"%s\\"}\\n", i, pad }'
)


def send_all(site):
    """Starts sending EVENTS at RATE; returns the process that does."""
    lines = subprocess.Popen(["awk", "-v", f"n={EVENTS}", LINES], stdout=subprocess.PIPE)
    command = [paths.weir(), "send", "--to", site.source, "--brokers", site.kafka.brokers, "--rate", str(RATE)]
    sender = subprocess.Popen(command, stdin=lines.stdout, stderr=subprocess.DEVNULL)
    lines.stdout.close()
    return sender


@pytest.mark.full
def test_memory_does_not_grow(site):
    # Old events go, so that the disk holds.
    site.create_topics(retention_bytes=512 << 20, segment_bytes=32 << 20)
    site.topics.set(site.output, retention_bytes=128 << 20, segment_bytes=32 << 20)
    engine = site.engine(site.config([site.pipeline(idempotency={"ttl": "60s"})])).run()
    sizes = []
    began = time.monotonic()
    sender = send_all(site)
    try:
        while sender.poll() is None:
            time.sleep(5)
            assert engine.alive(), engine.log_tail()
            sizes.append(engine.rss_bytes() >> 20)
            assert engine.readiness() == 200
            assert time.monotonic() - began < 3 * MINUTES * 60, "the load never ends"
    finally:
        sender.kill()
    assert sender.wait() == 0
    seconds = time.monotonic() - began
    site.finished(engine, 120)
    print(f"{EVENTS} events, {EVENTS / seconds:.0f} a second; RSS in MiB, every 5 s: {sizes}")
    assert engine.outcomes()["processed"] == EVENTS
    assert max(sizes) <= 320
    # A backlog comes and goes, and with it what the fetch queues hold. What it falls back to must not rise.
    fifth = len(sizes) // 5
    early, late = (sorted(part)[fifth // 4] for part in (sizes[fifth : 2 * fifth], sizes[-fifth:]))
    assert late - early < 8, f"grew from {early} to {late} MiB"
