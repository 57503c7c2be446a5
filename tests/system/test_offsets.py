"""weir offsets: where a pipeline stands, and setting it back."""

import json
import subprocess
import time

import pytest
import redis as client
from confluent_kafka import Consumer, TopicPartition
from harness import paths


def weir(engine, *words):
    command = [str(word) for word in (paths.weir(), *words, "--config", engine.file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def show(site, engine, *words):
    """Of the source alone: the topic of replays is shown as well."""
    done = weir(engine, "offsets", "show", "--json", "--topic", site.source, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def reset(engine, *words):
    done = weir(engine, "offsets", "reset", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def committed(site, partitions=2):
    consumer = Consumer({"bootstrap.servers": site.kafka.brokers, "group.id": site.group})
    found = consumer.committed([TopicPartition(site.source, p) for p in range(partitions)], timeout=30)
    consumer.close()
    return [at.offset for at in found]


def send(site, first, count, partition, **more):
    producer = site.topics.producer()
    for n in range(first, first + count):
        producer.produce(site.source, json.dumps({"eventId": f"e{n}", **more}), f"k{n}", partition=partition)
    assert producer.flush(60) == 0


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_what_is_reset_is_processed_again_once(site, delivery):
    config = site.config([site.pipeline(delivery=delivery)])
    site.create_topics(partitions=2)
    send(site, 0, 10, 0)
    send(site, 10, 9, 1)
    send(site, 19, 1, 1, do="fail")
    send(site, 0, 2, 1)  # duplicates
    engine = site.engine(config).run()
    site.finished(engine)
    counts = lambda: (engine.outcomes()["processed"], engine.outcomes()["dead_lettered"])
    # Others see a commit before the engine has its answer.
    engine.until(lambda: counts() == (19, 1), 30, "19 are processed, 1 is dead-lettered")

    seen = show(site, engine)
    assert (seen["pipeline"], seen["group"], seen["members"]) == (site.name, site.group, 1)
    assert [(p["topic"], p["partition"], p["committed"], p["end"], p["lag"]) for p in seen["partitions"]] == [
        (site.source, 0, 10, 10, 0),
        (site.source, 1, 12, 12, 0),
    ]

    refused = weir(engine, "offsets", "reset", "--to", "earliest", "--execute")
    assert refused.returncode == 1
    assert f"group {site.group} has 1 members" in refused.stderr
    assert engine.stop() == 0
    before = show(site, engine)
    assert before["members"] == 0
    assert committed(site) == [10, 12]

    plan = reset(engine, "--to", "earliest")
    assert not plan["executed"]
    assert [p["after"]["committed"] for p in plan["partitions"]] == [0, 0]
    assert show(site, engine) == before
    table = weir(engine, "offsets", "reset", "--to", "earliest")
    assert "nothing has changed: --execute does it" in table.stdout

    done = reset(engine, "--to", "earliest", "--execute")
    assert done["executed"]
    assert committed(site) == [0, 0]
    for partition in show(site, engine)["partitions"]:
        mark = partition["mark"]
        assert partition["committed"] == 0
        assert (mark["start"], mark["next"], mark["incarnation"]) == (0, 0, 1)
        # The claims of before are given up, so that the records that are read again take them over.
        assert {"incarnation": 0, "from": 0, "to": None} in mark["abandoned"]

    again = site.engine(config).run()
    site.finished(again)
    assert (again.outcomes()["processed"], again.outcomes()["dead_lettered"]) == (19, 1)
    assert again.outcomes()["duplicate"] == 2
    assert again.stop() == 0
    processed, dead = site.read()
    assert (len(processed), len(dead)) == (38, 2)
    assert weir(engine, "offsets", "show").stdout.count(site.source) == 2


@pytest.mark.parametrize("store", ["memory", "none"])
def test_without_marks_in_redis_the_commits_alone_are_set(site, store):
    config = site.config([site.pipeline(idempotency={"store": store, "ttl": "1h"})])
    site.create_topics(partitions=1)
    send(site, 0, 5, 0)
    engine = site.engine(config).run()
    site.finished(engine)
    assert engine.stop() == 0
    (partition,) = show(site, engine)["partitions"]
    assert (partition["committed"], partition["mark"]) == (5, None)
    reset(engine, "--to", "2", "--execute")
    again = site.engine(config).run()
    site.finished(again)
    assert again.outcomes()["processed"] == 3


def test_every_kind_of_place(site):
    site.create_topics(partitions=2)
    send(site, 0, 5, 0)
    time.sleep(0.05)
    between_ms = int(time.time() * 1000)
    time.sleep(0.05)
    send(site, 5, 5, 0)
    send(site, 10, 3, 1)
    engine = site.engine()  # never started: the group does not exist yet

    seen = show(site, engine)
    assert [(p["committed"], p["lag"], p["mark"]) for p in seen["partitions"]] == [(None, None, None)] * 2

    def after(to, *words):
        return [p["after"]["committed"] for p in reset(engine, "--to", to, *words)["partitions"]]

    assert after("latest") == [10, 3]
    assert after("7") == [7, 3]  # the second has no such offset
    assert after(f"@{between_ms}") == [5, 0]
    assert after(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(between_ms // 1000 + 3600))) == [10, 3]
    assert after("1", "--topic", site.source, "--partition", "1") == [1]

    reset(engine, "--to", "2", "--topic", site.source, "--partition", "1", "--execute")
    assert committed(site) == [-1001, 2]
    one, other = show(site, engine)["partitions"]
    assert one["mark"] is None and one["metadata"] is None
    assert other["mark"]["next"] == 2 and other["metadata"].startswith("weir1 1 2 2 ")

    absent = weir(engine, "offsets", "reset", "--to", "0", "--topic", "there-is-none", "--execute")
    assert absent.returncode == 1
    assert "does not read topic there-is-none" in absent.stderr
    absent = weir(engine, "offsets", "show", "--topic", site.source, "--partition", "9")
    assert absent.returncode == 1
    assert "has no partition 9" in absent.stderr


def test_marks_that_are_broken_are_shown_and_replaced(site):
    site.create_topics(partitions=1)
    send(site, 0, 3, 0)
    engine = site.engine()
    redis = client.Redis.from_url(site.redis.url)
    redis.hset(f"weir:{site.name}:m", f"{site.source}/0", "nonsense")
    (partition,) = show(site, engine)["partitions"]
    assert partition["mark"] is None and partition["markUnreadable"]
    assert "unreadable" in weir(engine, "offsets", "show").stdout
    reset(engine, "--to", "earliest", "--execute")
    (partition,) = show(site, engine)["partitions"]
    assert partition["mark"]["incarnation"] == 1 and not partition["markUnreadable"]
