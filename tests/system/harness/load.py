"""Events written at a steady rate from a thread, while a test does harm elsewhere."""

import threading
import time

from .events import SIZE, event


class Load:
    """Writes events of ids <prefix>00000000, ... to a topic until stop(). What was acked was sent."""

    def __init__(self, topics, topic, rate=5000, prefix="l", fields=None, keys=1000):
        self.topics, self.topic, self.rate, self.prefix, self.keys = topics, topic, rate, prefix, keys
        self.fields = fields or (lambda i: {})
        self.sent = self.repeated = 0
        self.errors = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def ids(self):
        return {self.id(i) for i in range(self.sent)}

    def id(self, i):
        return f"{self.prefix}{i:08d}"

    def records(self, i):
        """The records of the i-th event."""
        return [(f"k{i % self.keys}", event(self.id(i), SIZE, **self.fields(i)))]

    def _done(self, error, message):
        # Without an offset an ack is a guess of librdkafka's: see engine/kafka/sink.c.
        if error is not None or message.offset() is None or message.offset() < 0:
            self.errors.append(error or "an ack without an offset")

    def _run(self):
        # It waits out a broker that is away, as a good client does.
        producer = self.topics.producer(**{"message.timeout.ms": 120000, "linger.ms": 5})
        began = time.monotonic()
        while not self._stop.is_set():
            due = int((time.monotonic() - began) * self.rate)
            while self.sent < due and not self._stop.is_set():
                for key, value in self.records(self.sent):
                    self._produce(producer, key, value)
                self.sent += 1
            producer.poll(0.01)
        self.left = producer.flush(120)

    def _produce(self, producer, key, value):
        while True:
            try:
                return producer.produce(self.topic, value, key, on_delivery=self._done)
            except BufferError:
                producer.poll(0.05)

    def stop(self):
        """Ends the writing, and waits until all is acked."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join(150)
            assert not self._thread.is_alive() and self.left == 0, "not all events were acked"
            assert not self.errors, self.errors[:3]


class Mixed(Load):
    """A load in which one of a hundred events fails for good, one fails twice and then passes, and one of twenty sends
    an id again that was sent a while before."""

    def records(self, i):
        fields = {"do": "fail"} if i % 100 == 1 else {"do": "retry", "times": 2} if i % 100 == 2 else {}
        records = [(f"k{i % self.keys}", event(self.id(i), SIZE, **fields))]
        if i % 20 == 7 and i >= 500:
            records.append((f"r{i}", event(self.id(i - 500), SIZE)))
            self.repeated += 1
        return records

    def dead_ids(self):
        return {self.id(i) for i in range(1, self.sent, 100)}

    def live_ids(self):
        return self.ids() - self.dead_ids()
