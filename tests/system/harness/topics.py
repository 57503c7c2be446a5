"""Topics: making them, filling them, reading them back, and how far a group has come."""

import json
import uuid
from collections import Counter

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import OFFSET_INVALID, IsolationLevel
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec
from confluent_kafka.admin import ResourceType

from .wait import wait_until


class Topics:
    def __init__(self, kafka):
        self.kafka = kafka

    def create(self, *names, partitions=4, replicas=1, **config):
        """Makes topics and waits until the broker knows their leaders."""
        config = {key.replace("_", "."): str(value) for key, value in config.items()}
        made = self.kafka.admin.create_topics([NewTopic(name, partitions, replicas, config=config) for name in names])
        for future in made.values():
            future.result(30)
        for name in names:
            wait_until(lambda: self._led(name, partitions), 30, f"topic {name} has leaders")

    def _led(self, name, partitions):
        topic = self.kafka.admin.list_topics(name, timeout=10).topics[name]
        return topic.error is None and len(topic.partitions) == partitions

    def partitions(self, name):
        return sorted(self.kafka.admin.list_topics(name, timeout=10).topics[name].partitions)

    def grow(self, name, partitions):
        self.kafka.admin.create_partitions([NewPartitions(name, partitions)])[name].result(30)
        wait_until(lambda: self._led(name, partitions), 30, f"topic {name} has leaders")

    def exists(self, name):
        return name in self.kafka.admin.list_topics(timeout=10).topics

    def delete(self, *names):
        for future in self.kafka.admin.delete_topics(list(names)).values():
            future.result(30)

    def set(self, name, **config):
        entries = [
            ConfigEntry(key.replace("_", "."), str(value), incremental_operation=AlterConfigOpType.SET)
            for key, value in config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        for future in self.kafka.admin.incremental_alter_configs([resource]).values():
            future.result(30)

    def ends(self, name, spec=None, **how):
        """The next offset of each partition."""
        wanted = {TopicPartition(name, p): spec or OffsetSpec.latest() for p in self.partitions(name)}

        def ask():
            try:
                return {tp.partition: f.result(30).offset for tp, f in self.kafka.admin.list_offsets(wanted, **how).items()}
            except KafkaException as error:
                # A busy broker tells of a topic a moment before it leads it.
                if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
                    raise

        return wait_until(ask, 30, f"the ends of {name}")

    def count(self, name):
        starts = self.ends(name, OffsetSpec.earliest())
        return sum(end - starts[p] for p, end in self.ends(name).items())

    def held_back(self, name):
        """How many offsets readers of committed records can't reach, because a transaction is undecided."""
        reached = self.ends(name, isolation_level=IsolationLevel.READ_COMMITTED)
        return sum(end - reached[p] for p, end in self.ends(name).items())

    def committed(self, group, name):
        """The committed offset of each partition; 0 where there is none."""
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(name, p) for p in self.partitions(name)])
        try:
            # While the first group's coordinator is being made, a question can be forgotten: rather ask again.
            future = self.kafka.admin.list_consumer_group_offsets([asked], request_timeout=5)[group]
            found = future.result(30).topic_partitions
        except KafkaException:
            return {}
        return {tp.partition: 0 if tp.offset == OFFSET_INVALID else tp.offset for tp in found}

    def lag(self, group, name):
        committed = self.committed(group, name)
        return sum(end - committed.get(p, 0) for p, end in self.ends(name).items())

    def producer(self, **more):
        return Producer({
            "bootstrap.servers": self.kafka.brokers,
            "log_level": 0,
            "linger.ms": 20,
            "queue.buffering.max.messages": 200000,
            "queue.buffering.max.kbytes": 262144,
            "enable.idempotence": True,
            **more,
        })

    def send(self, name, records, **more):
        """Writes records, each (key, value) or (key, value, headers), and waits until all are acked."""
        producer, errors = self.producer(**more), []

        def done(error, _message):
            if error is not None:
                errors.append(error)

        for count, record in enumerate(records):
            key, value, *headers = record
            while True:
                try:
                    producer.produce(name, value, key, headers=headers[0] if headers else None, on_delivery=done)
                    break
                except BufferError:
                    producer.poll(0.1)
            if count % 1000 == 0:
                producer.poll(0)
        assert producer.flush(120) == 0, "not all records were acked"
        assert not errors, errors[:3]

    def read(self, *names, committed_only=True):
        """All records of the topics, as they are now, as a list of Record."""
        records = []
        for batch in self.batches(*names, committed_only=committed_only):
            records += [Record(message) for message in batch]
        return records

    def read_ids(self, name):
        """How often each event id stands in a topic of events that begin {"eventId":"..."}: quick, for many."""
        ids = Counter()
        for batch in self.batches(name):
            ids.update(id_of(message.value()) for message in batch)
        return ids

    def batches(self, *names, committed_only=True):
        """Lists of messages from the beginning to the present end: for a reader of committed records that is where the
        first undecided transaction begins."""
        consumer = Consumer({
            "bootstrap.servers": self.kafka.brokers,
            "log_level": 0,
            "group.id": f"reader-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed" if committed_only else "read_uncommitted",
            "enable.partition.eof": True,
            "fetch.message.max.bytes": 4 << 20,
            "queued.min.messages": 1000000,
        })
        starts = {
            (name, p): start for name in names for p, start in self.ends(name, OffsetSpec.earliest()).items()
        }
        left = set(starts)
        consumer.assign([TopicPartition(*at, start) for at, start in starts.items()])
        try:
            while left:
                found = wait_until(
                    lambda: consumer.consume(20000, 0.5), 60, f"records of {', '.join(names)}", every=0
                )
                left -= {(m.topic(), m.partition()) for m in found if _is_end(m)}
                records = [m for m in found if not _failed(m)]
                if records:
                    yield records
        finally:
            consumer.close()


def _is_end(message):
    return message.error() is not None and message.error().code() == KafkaError._PARTITION_EOF


def _failed(message):
    if message.error() is None:
        return False
    if _is_end(message) or message.error().retriable():
        return True
    raise AssertionError(message.error())


def id_of(value):
    """The id of a value that begins {"eventId":"...": no parsing, there are a million of them."""
    return value[12 : value.index(b'"', 12)].decode()


class Record:
    def __init__(self, message):
        self.topic, self.partition, self.offset = message.topic(), message.partition(), message.offset()
        self.key, self.value, self.timestamp_ms = message.key(), message.value(), message.timestamp()[1]
        self.header_list = message.headers() or []

    @property
    def headers(self):
        """By name, as text; the last one wins."""
        return {name: value.decode("utf-8", "replace") if value is not None else None for name, value in self.header_list}

    @property
    def json(self):
        return json.loads(self.value)

    @property
    def id(self):
        return self.headers.get("weir-event-id")

    def __repr__(self):
        return f"<{self.topic}/{self.partition}@{self.offset} {self.key!r} {self.value[:80]!r} {self.headers}>"
