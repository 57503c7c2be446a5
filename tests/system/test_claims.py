"""weir claims: who owns an event id, and forgetting it."""

import json
import subprocess

from harness import paths


def claims(engine, verb, event_id, *options, answer=None):
    command = [paths.weir(), "claims", verb, event_id, "--config", engine.file, *options]
    return subprocess.run([str(word) for word in command], input=answer or "", capture_output=True, text=True, timeout=60)


def test_a_claim_is_shown_and_forgotten(site):
    site.create_topics(partitions=1)
    engine = site.engine().run()

    def send():
        site.topics.send(site.source, [("k", '{"eventId":"order-3"}')])
        site.finished(engine)

    send()
    send()
    assert engine.outcomes()["processed"] == 1
    assert engine.outcomes()["duplicate"] == 1

    shown = claims(engine, "show", "order-3", "--json")
    assert shown.returncode == 0, shown.stderr
    claim = json.loads(shown.stdout)
    assert claim["state"] == "claimed"
    owner = claim["owner"]
    assert (owner["topic"], owner["partition"], owner["offset"]) == (site.source, 0, 0)
    assert 3_000_000 < claim["ttlMs"] <= 3_600_000

    refused = claims(engine, "forget", "order-3", answer="n\n")
    assert refused.returncode == 1
    send()
    assert engine.outcomes()["duplicate"] == 2

    forgotten = claims(engine, "forget", "order-3", answer="y\n")
    assert forgotten.returncode == 0, forgotten.stderr
    assert claims(engine, "show", "order-3").returncode == 1
    assert claims(engine, "forget", "order-3", "--yes").returncode == 1
    send()
    assert engine.outcomes()["processed"] == 2
    processed, dead = site.read()
    assert len(processed) == 2
    assert not dead
