"""Replays all the way round: from the dead-letter topic through the lane, each processed once."""

import json
import subprocess

import pytest
from harness import paths
from harness.events import event


def weir(site, verb, *options, status=0):
    """What `weir dlq VERB --json` of this site's pipeline prints."""
    where = ["-b", site.kafka.brokers, "-t", site.dlq, "-p", site.name]
    words = [str(word) for word in (paths.weir(), "dlq", verb, "--json", *where, *options)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def test_the_first_replay_is_taken_at_once(site):
    site.create_topics()
    engine = site.engine().run()
    assert len(site.topics.partitions(f"{site.name}.retry.0")) == 4
    site.topics.send(site.source, [("k", event("e1", do="retry"))])
    engine.until(lambda: site.topics.count(site.dlq) == 1, 60, "there is a dead letter")
    weir(site, "replay", "--all")
    # Far less than it takes to find a new topic.
    engine.until(lambda: site.topics.count(site.dlq) == 2, 15, "the replay has failed as well")


def test_an_engine_that_may_not_make_the_topic_of_replays_says_so_and_starts(site):
    site.create_topics()
    engine = site.engine(site.config(kafka={"create_topics": False})).run()
    (line,) = [line for line in engine.log_lines() if "topic for replays" in line["msg"]]
    assert line["level"] == "info" and line["topic"] == f"{site.name}.retry.0"
    assert "--create --topic" in line["reason"]
    assert not site.topics.exists(f"{site.name}.retry.0")
