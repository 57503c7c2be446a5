"""A member of consumer groups that comes and goes."""

import contextlib
import time

import confluent_kafka


@contextlib.contextmanager
def member(kafka, groups, topic):
    """A member of each group that takes its share of the partitions, commits nothing and leaves: two rebalances."""
    assigned = []
    consumers = [
        confluent_kafka.Consumer({
            "bootstrap.servers": kafka.brokers,
            "log_level": 0,
            "group.id": group,
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "partition.assignment.strategy": "range,roundrobin",
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
