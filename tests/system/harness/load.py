"""Events written at a steady rate from a thread, while a test does harm elsewhere."""

import threading
import time

from .events import SIZE, event


class Load:
    """Writes events of ids <prefix>00000000, ... to a topic until stop(). What was acked was sent."""

    def __init__(self, topics, topic, rate=5000, prefix="l", fields=None, keys=1000):
        self.topics, self.topic, self.rate, self.prefix, self.keys = topics, topic, rate, prefix, keys
        self.fields = fields or (lambda i: {})
        self.sent = 0
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

    def _done(self, error, _message):
        if error is not None:
            self.errors.append(error)

    def _run(self):
        # It waits out a broker that is away, as a good client does.
        producer = self.topics.producer(**{"message.timeout.ms": 120000, "linger.ms": 5})
        began = time.monotonic()
        while not self._stop.is_set():
            due = int((time.monotonic() - began) * self.rate)
            while self.sent < due and not self._stop.is_set():
                value = event(self.id(self.sent), SIZE, **self.fields(self.sent))
                try:
                    producer.produce(self.topic, value, f"k{self.sent % self.keys}", on_delivery=self._done)
                    self.sent += 1
                except BufferError:
                    producer.poll(0.05)
            producer.poll(0.01)
        self.left = producer.flush(120)

    def stop(self):
        """Ends the writing, and waits until all is acked."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join(150)
            assert not self._thread.is_alive() and self.left == 0, "not all events were acked"
            assert not self.errors, self.errors[:3]
