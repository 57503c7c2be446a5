"""A TCP proxy that spoils a network on purpose, per direction: delay, throttle, blackhole, cut in the middle of an
answer; and that can send new connections elsewhere, as a failover does."""

import collections
import contextlib
import selectors
import socket
import threading
import time

CHUNK = 64 * 1024
BUFFERED = 1 << 20  # bytes that wait in one direction of a connection; then its sender waits


class Direction:
    """How bytes go one way. Takes effect at once, also for connections that are open."""

    def __init__(self):
        self.delay_s = 0.0  # each byte comes this much later
        self.bytes_per_s = None  # no more than this, per connection
        self.blackhole = False  # they are taken and never arrive


class _Pipe:
    """One way of one connection."""

    def __init__(self, proxy, source, target, direction):
        self.proxy, self.source, self.target, self.direction = proxy, source, target, direction
        self.waiting = collections.deque()  # (when it is due, bytes)
        self.buffered = 0
        self.ended = False  # the source said all it had to say
        self.next_send = 0.0

    def receive(self):
        try:
            data = self.source.recv(CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.ended = True
            return
        if self.direction.blackhole:
            return
        data, bitten = self.proxy.bite(self.direction, data)
        if bitten:
            with contextlib.suppress(BlockingIOError):
                self.target.send(data)
            raise _Bitten
        self.waiting.append((time.monotonic() + self.direction.delay_s, data))
        self.buffered += len(data)

    def send(self, now):
        """Sends what is due; returns when to come again."""
        while self.waiting:
            due, data = self.waiting[0]
            due = max(due, self.next_send)
            if due > now:
                return due
            rate = self.direction.bytes_per_s
            part = data[: max(1, rate // 20)] if rate else data
            try:
                sent = self.target.send(part)
            except BlockingIOError:
                return now + 0.005
            self.buffered -= sent
            if rate:
                self.next_send = now + sent / rate
            self.waiting.popleft()
            if sent < len(data):
                self.waiting.appendleft((due, data[sent:]))
        if self.ended:
            with contextlib.suppress(OSError):
                self.target.shutdown(socket.SHUT_WR)
            return None
        return now + 3600

    def wants(self):
        return not self.ended and self.buffered < BUFFERED


class _Bitten(Exception):
    """The connection is to be cut here."""


class Proxy:
    """Listens on `port` and forwards to `target`, a port on loopback. `up` is the way to the server, `down` that of its
    answers."""

    def __init__(self, target, port=0):
        self.target = target
        self.up, self.down = Direction(), Direction()
        self.accepted = self.cuts = 0
        self._cut_after = None  # bytes of answers until a cut
        self._refusing = False
        self._pipes = []  # [proxy thread], as the sockets are
        self._orders = collections.deque()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # What a test does to it

    def cut(self):
        """Resets every connection, now."""
        self._order(self._cut_all)

    def cut_mid_answer(self, after_bytes):
        """Resets a connection once so many bytes of answers have passed: somewhere in the middle of one. Once."""
        self._order(lambda: setattr(self, "_cut_after", after_bytes))

    def refuse(self, refusing=True):
        """New connections are reset, and the open ones too."""

        def order():
            self._refusing = refusing
            if refusing:
                self._cut_all()

        self._order(order)

    def switch(self, target):
        """A failover: another server answers under this address. The open connections are reset."""

        def order():
            self.target = target
            self._cut_all()

        self._order(order)

    def heal(self):
        """As if nothing had been asked for. What a blackhole has swallowed stays lost, so its connections are reset."""
        lost = self.up.blackhole or self.down.blackhole
        for direction in (self.up, self.down):
            direction.delay_s, direction.bytes_per_s, direction.blackhole = 0.0, None, False

        def order():
            self._cut_after, self._refusing = None, False
            if lost:
                self._cut_all()

        self._order(order)

    def close(self):
        self._closing = True
        with contextlib.suppress(OSError):
            self._wake_in.send(b".")
        self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Its thread

    def _order(self, order):
        done = threading.Event()
        self._orders.append((order, done))
        self._wake_in.send(b".")
        done.wait(10)

    def _run(self):
        due = time.monotonic()
        while not self._closing:
            self._watch()
            for key, _events in self._selector.select(max(0.0, min(due - time.monotonic(), 1.0))):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._wake_out:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_out.recv(4096)
                else:
                    self._guarded(key.data, key.data.receive)
            while self._orders:
                order, done = self._orders.popleft()
                order()
                done.set()
            due = self._send_all()
        self._cut_all()
        self._listener.close()
        self._wake_in.close()
        self._wake_out.close()
        self._selector.close()

    def _watch(self):
        """What can be read, from whom it is wanted."""
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        for pipe in self._pipes:
            if pipe.wants():
                self._selector.register(pipe.source, selectors.EVENT_READ, pipe)

    def _accept(self):
        with contextlib.suppress(BlockingIOError):
            client, _address = self._listener.accept()
            self.accepted += 1
            if self._refusing:
                _reset(client)
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=2)
            except OSError:
                _reset(client)
                return
            for sock in (client, server):
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pipes += [_Pipe(self, client, server, self.up), _Pipe(self, server, client, self.down)]

    def _guarded(self, pipe, step, *arguments):
        try:
            return step(*arguments)
        except (OSError, _Bitten):
            self._cut(pipe)
            return None

    def _send_all(self):
        now, due = time.monotonic(), time.monotonic() + 1
        for pipe in list(self._pipes):
            if pipe in self._pipes:
                again = self._guarded(pipe, pipe.send, now)
                due = min(due, again) if again is not None else due
        for pipe in list(self._pipes):
            other = self._other(pipe)
            if pipe.ended and not pipe.waiting and other is not None and other.ended and not other.waiting:
                self._cut(pipe)
        return due

    def bite(self, direction, data):
        """What passes of an answer before the cut that was asked for, and whether it is to be cut there."""
        if direction is not self.down or self._cut_after is None:
            return data, False
        if len(data) <= self._cut_after:
            self._cut_after -= len(data)
            return data, False
        data = data[: self._cut_after]
        self._cut_after = None
        self.cuts += 1
        return data, True

    def _other(self, pipe):
        return next((other for other in self._pipes if other.source is pipe.target), None)

    def _cut(self, pipe):
        self._pipes = [other for other in self._pipes if other.source not in (pipe.source, pipe.target)]
        _reset(pipe.source)
        _reset(pipe.target)

    def _cut_all(self):
        while self._pipes:
            self._cut(self._pipes[0])


def _reset(sock):
    """Closes with RST: no orderly end that would say that all had come."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
