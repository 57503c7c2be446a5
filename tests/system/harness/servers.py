"""Kafka and Redis, by scripts/kafka and scripts/redis."""

import os
import random
import shutil
import socket
import subprocess
import threading

from confluent_kafka.admin import AdminClient

from . import paths
from .proxy import Proxy

_given_ports = set()


def free_port(count=1):
    """The first of `count` ports in a row that nobody uses now. They lie below those that the kernel gives to clients:
    a client that asks again and again for the port of a server that is away would come to be connected to itself. Of
    several processes that share the tests out, each takes them from a range of its own."""
    share = (_first_of_clients() - 10240) // paths.WORKERS
    lowest = 10240 + paths.WORKER_NUMBER * share
    while True:
        first = random.randrange(lowest, lowest + share - count)
        wanted = set(range(first, first + count))
        if not wanted & _given_ports and all(_is_free(port) for port in wanted):
            _given_ports.update(wanted)
            return first


def _first_of_clients():
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        return max(12000, int(file.read().split()[0]))


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server:
    script = None

    def __init__(self, name, port, *options):
        self.port = port
        self.dir = paths.RUN / name
        self.options = list(options)
        if self.dir.exists():
            self._run("stop")
            shutil.rmtree(self.dir)

    def _run(self, verb, *more):
        command = [paths.SCRIPTS / self.script, verb, "--dir", self.dir, "--port", str(self.port), *self.options, *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{self.script} {verb}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        self._run("start")
        return self

    def stop(self):
        self._run("stop")

    def kill(self):
        self._run("kill")

    def pause(self):
        self._run("pause")

    def resume(self):
        self._run("resume")

    def wipe(self):
        self._run("wipe")


class Kafka(Server):
    script = "kafka"

    def __init__(self, name, *options, proxied=False):
        port = free_port(6)
        # Dead members of a group are given up after a second if the client says so: tests kill engines.
        settings = ["group.min.session.timeout.ms=500", "log.retention.check.interval.ms=10000"]
        self.proxy = None
        if proxied:
            # Whoever comes by spoilt_brokers stays on that way: the broker tells him no other address.
            self.proxy = Proxy(port + 2)
            self.spoilt_brokers = here = f"127.0.0.1:{self.proxy.port}"
            clear, inner, controller = (f"127.0.0.1:{port + n}" for n in (0, 2, 1))
            settings += [
                f"listeners=PLAINTEXT://{clear},SPOILT://{inner},CONTROLLER://{controller}",
                f"advertised.listeners=PLAINTEXT://{clear},SPOILT://{here}",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SPOILT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            ]
        properties = [word for setting in settings for word in ("--property", setting)]
        super().__init__(name, port, *properties, *options)
        self.brokers = f"127.0.0.1:{port}"
        self._admin, self._lock = None, threading.Lock()

    @property
    def admin(self):
        with self._lock:
            if self._admin is None:
                self._admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
            return self._admin

    def give_way(self, nice):
        """Its threads, and those that they make, run behind what is less nice."""
        os.setpriority(os.PRIO_PGRP, int((self.dir / "node-1" / "pid").read_text()), nice)

    def kill_one(self, number):
        """Of several brokers."""
        self._run("kill", "--broker", str(number))

    def start_one(self, number):
        self._run("start", "--broker", str(number))

    def wipe(self):
        super().wipe()
        if self.proxy is not None:
            self.proxy.close()


class Redis(Server):
    script = "redis"

    def __init__(self, name, *options):
        super().__init__(name, free_port(), *options)
        self.url = f"redis://127.0.0.1:{self.port}"
        self.socket = self.dir / "redis.sock"
