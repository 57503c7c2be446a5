"""A member of consumer groups that comes and goes."""

import contextlib
import itertools
import time

import confluent_kafka


_numbers = itertools.count(1)


@contextlib.contextmanager
def member(kafka, groups, topic, dies=False):
    """A member of each group that takes its share of the partitions, commits nothing and leaves: two rebalances.
    dies: it leaves without a word, and its groups notice when its session is over."""
    assigned = []
    # One that has a name of its own does not say that it leaves, for it might come back.
    ways = {"group.instance.id": f"mortal-{next(_numbers)}", "session.timeout.ms": 1000} if dies else {}
    consumers = [
        confluent_kafka.Consumer({
            "bootstrap.servers": kafka.brokers,
            "log_level": 0,
            "group.id": group,
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "partition.assignment.strategy": "range,roundrobin",
            **ways,
        })
        for group in groups
    ]
    try:
        for consumer in consumers:
            consumer.subscribe([topic], on_assign=lambda *_: assigned.append(1))
        deadline = time.monotonic() + 60
        while len(assigned) < len(consumers):
            assert time.monotonic() < deadline, "no share of the partitions"
            for consumer in consumers:
                consumer.poll(0.02)
        yield
    finally:
        for consumer in consumers:
            consumer.close()
