"""The proxy does to a connection what it is told: otherwise the tests that rely on it would show nothing."""

import contextlib
import socket
import threading
import time

import pytest
from harness.proxy import Proxy


class Server:
    """Answers every line with `word` and that line."""

    def __init__(self, word):
        self.word = word
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            for line in lines:
                client.sendall(self.word + line)


@pytest.fixture
def server():
    made = Server(b"one ")
    yield made
    made.listener.close()


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as made:
        yield made


class Client:
    def __init__(self, proxy):
        self.socket = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)

    def ask(self, line):
        self.socket.sendall(line + b"\n")
        return self.read()

    def read(self):
        data = b""
        while not data.endswith(b"\n"):
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError(data)
            data += part
        return data[:-1]


def test_it_passes_everything_on(proxy):
    client = Client(proxy)
    assert client.ask(b"x") == b"one x"
    long = b"y" * 3_000_000
    assert client.ask(long) == b"one " + long


def test_a_delay_is_kept_in_either_direction(proxy):
    client = Client(proxy)
    for direction in (proxy.up, proxy.down):
        direction.delay_s = 0.3
        began = time.monotonic()
        assert client.ask(b"x") == b"one x"
        assert time.monotonic() - began >= 0.3
        proxy.heal()


def test_a_throttle_holds_the_rate(proxy):
    client = Client(proxy)
    proxy.down.bytes_per_s = 100_000
    began = time.monotonic()
    client.ask(b"x" * 50_000)
    assert time.monotonic() - began >= 0.4


def test_a_blackhole_swallows_and_is_healed_by_a_reset(proxy):
    client = Client(proxy)
    proxy.down.blackhole = True
    client.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.ask(b"x")
    proxy.heal()
    client.socket.settimeout(20)
    with pytest.raises(ConnectionError):
        client.read()
    assert Client(proxy).ask(b"x") == b"one x"


def test_a_cut_falls_into_the_middle_of_an_answer(proxy):
    client = Client(proxy)
    proxy.cut_mid_answer(5)
    with pytest.raises(ConnectionError) as caught:
        client.ask(b"abc")
    assert caught.value.args[0] in (b"one a", 104)  # what came of it, or ECONNRESET
    assert proxy.cuts == 1
    assert Client(proxy).ask(b"abc") == b"one abc"


def test_a_refused_connection_is_reset(proxy):
    client = Client(proxy)
    proxy.refuse()
    with pytest.raises(ConnectionError):
        client.ask(b"x")
    with pytest.raises(ConnectionError):
        Client(proxy).ask(b"x")
    proxy.heal()
    assert Client(proxy).ask(b"x") == b"one x"


def test_a_failover_goes_to_the_other_server(proxy):
    other = Server(b"two ")
    client = Client(proxy)
    assert client.ask(b"x") == b"one x"
    proxy.switch(other.port)
    with pytest.raises(ConnectionError):
        client.ask(b"x")
    assert Client(proxy).ask(b"x") == b"two x"
    other.listener.close()
