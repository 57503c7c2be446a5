"""/metrics as Prometheus wants it, and a log as programs want it."""

import json
import re
import subprocess

from harness import paths
from harness.engine import samples


def test_promtool_finds_nothing_to_say(site):
    site.create_topics()
    site.topics.send(site.source, [("k", '{"eventId":"a"}'), ("k", '{"eventId":"b","do":"fail"}'), ("k", "{")])
    pipeline = site.pipeline(retry={"mode": "key", "tiers": ["1s"]}, dlq={"redrive": {"every": "1h"}})
    engine = site.engine(site.config([pipeline], http={"ingest": {"topic": site.source}})).run()
    assert engine.client().post({"eventId": "c", "payload": {}}).status == 202
    site.finished(engine)
    text = engine.metrics_text()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    # What docs/retries.md says to watch is there.
    watched = set(re.findall(r"`(weir_\w+)", (paths.TOP / "docs" / "retries.md").read_text().split("## What to watch")[1]))
    there = {name for name, _, _ in samples(text)}
    engine.until(lambda: watched <= {name for name, _, _ in samples(engine.metrics_text())}, 30, f"{watched - there}")


def test_the_numbers_are_true(site):
    site.create_topics()
    records = [("k", f'{{"eventId":"e{i}"}}') for i in range(90)] + [("k", '{"eventId":"e0"}')] * 10
    records += [("k", f'{{"eventId":"f{i}","do":"fail"}}') for i in range(5)] + [("k", "{")] * 3
    site.topics.send(site.source, records)
    engine = site.engine().run()
    site.finished(engine)
    text = engine.metrics_text()

    def metric(name, **labels):
        return engine.metric(name, text, pipeline=site.name, **labels)

    assert metric("weir_events_taken_total") == len(records)
    assert metric("weir_events_total", outcome="processed") == 90
    assert metric("weir_events_total", outcome="duplicate") == 10
    assert metric("weir_events_total", outcome="dead_lettered") == 8
    dead = {labels["class"]: value for name, labels, value in samples(text) if name == "weir_dead_letters_total" and value}
    assert dead == {"permanent": 5, "decode": 3}
    assert metric("weir_stage_seconds_count", stage="scripted") > 0
    assert metric("weir_claim_seconds_count") > 0
    assert metric("weir_assigned_partitions") == 8  # the source's, and as many of the topic of replays
    engine.until(lambda: engine.metric("weir_consumer_lag_events") == 0, 30, "no lag")
    engine.until(lambda: engine.metric("weir_window_batches") == 0, 30, "the window is empty")


def test_lag_is_shown_while_nothing_is_taken(site, own_redis):
    redis = own_redis("redis-lag")
    site.create_topics()
    engine = site.engine(site.config(redis={"url": redis.url})).run()
    redis.stop()
    site.topics.send(site.source, [(f"k{i}", f'{{"eventId":"e{i}"}}') for i in range(500)])
    engine.until(lambda: engine.metric("weir_consumer_lag_events") == 500, 60, "the lag is 500")
    assert engine.metric("weir_claim_store_up") == 0


def test_logs_are_json_without_payloads(site):
    site.create_topics()
    secret = "payload-that-must-not-be-logged"
    values = [f'{{"eventId":"a","x":"{secret}","do":"fail"}}', f'{{"eventId":"{secret}\\u0000"}}', f'{{"x":"{secret}"', secret]
    site.topics.send(site.source, [("k", value) for value in values])
    engine = site.engine(site.config(log={"level": "debug"})).run()
    site.finished(engine)
    assert engine.stop() == 0
    for line in engine.log_text().splitlines():
        fields = json.loads(line)
        assert {"level", "time"} <= fields.keys() or {"level", "ts"} <= fields.keys(), line
    assert secret not in engine.log_text()
